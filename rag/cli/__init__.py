"""The command line: arguments in, one call of the library, text or JSON out. One file for each kind of command.

Exit codes: 0 done (no answer is an answer); 1 something failed, and the message says what; 2 the command was not
understood; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from io import TextIOWrapper

import typer
from rich.text import Text

from rag.cli.console import err, say_interrupted
from rag.errors import InvalidSetting, RagError

# Where each command is, in the order in which --help lists them. A command is imported when it is used: those that
# answer need not wait for what others are made of.
COMMANDS = {
    "ingest": "document_commands",
    "sync": "source_commands",
    "watch": "source_commands",
    "fetch": "source_commands",
    "sources": "named_sources",
    "ask": "ask_commands",
    "chat": "ask_commands",
    "search": "ask_commands",
    "documents": "document_commands",
    "remove": "document_commands",
    "serve": "serve_command",
    "maintain": "maintain_command",
    "mcp": "mcp_command",
    "verify": "maintenance_commands",
    "rebuild": "maintenance_commands",
    "backup": "maintenance_commands",
    "restore": "maintenance_commands",
    "drill": "drill_command",
    "migrate-store": "migrate_command",
    "evaluate": "evaluate_commands",
    "calibrate": "evaluate_commands",
    "glossary": "glossary_command",
    "export-model": "maintenance_commands",
    "access": "access_commands",
    "audit": "audit_commands",
    "privacy": "privacy_commands",
    "people": "people_commands",
    "tokens": "token_commands",
}

_INTERRUPTED = 130


def make_app(names: Iterable[str]) -> typer.Typer:
    """The command line with these commands of COMMANDS."""
    app = typer.Typer(
        name="rag",
        help="Answers from your own documents, word for word, each with a citation anyone can check.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_as_one_of_many)
    for name in names:
        command = getattr(import_module(f"rag.cli.{COMMANDS[name]}"), name.replace("-", "_"))
        if isinstance(command, typer.Typer):  # several commands under one name
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _as_one_of_many() -> None:
    """Makes a command keep its name where it is the only one that was imported."""


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
        given = sys.argv[1:] if arguments is None else list(arguments)
        make_app(given[:1] if given and given[0] in COMMANDS else COMMANDS)(given)
    except SystemExit as left:
        if left.code == _INTERRUPTED:  # Typer makes this of Ctrl-C, without a word
            say_interrupted("Interrupted.")
        raise
    finally:
        sys.stdout.flush()
