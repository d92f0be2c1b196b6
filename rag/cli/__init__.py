"""The command line: arguments in, one pipeline call, text or JSON out. One file for each kind of command.

Exit codes: 0 done (no answer is an answer); 1 something failed, and the message says what; 2 the command was not
understood; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

import typer
from rich.text import Text

from rag.cli.asking import ask, chat, search, serve
from rag.cli.care import backup, rebuild, restore, verify
from rag.cli.console import err
from rag.cli.documents import documents, ingest, remove
from rag.cli.measuring import calibrate, evaluate
from rag.cli.sources import fetch, sync, watch
from rag.errors import InvalidSetting, RagError

app = typer.Typer(
    name="rag",
    help="Answers from your own documents, word for word, each with a citation anyone can check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# In the order in which --help lists them.
_COMMANDS: tuple[Callable[..., None], ...] = (
    ingest,
    sync,
    watch,
    fetch,
    ask,
    chat,
    search,
    documents,
    remove,
    serve,
    verify,
    rebuild,
    backup,
    restore,
    evaluate,
    calibrate,
)
for command in _COMMANDS:
    app.command()(command)

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code. A RagError becomes one line, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a letter that the terminal cannot show must not end the program
            stream.reconfigure(errors="backslashreplace")
    try:
        _run(arguments)
    except RagError as error:
        err.print(Text(f"Error: {error}", style="red"))
        sys.exit(2 if isinstance(error, InvalidSetting) else 1)
    except BrokenPipeError:  # the reader of our output went away, as in "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(arguments: Sequence[str] | None) -> None:
    """Run one command and write out what is buffered. Raises SystemExit with its code, RagError or BrokenPipeError."""
    try:
        app(arguments)
    except SystemExit as left:
        if left.code == _INTERRUPTED:  # Typer makes this of Ctrl-C, without a word
            err.print("Interrupted.")
        raise
    finally:
        sys.stdout.flush()
