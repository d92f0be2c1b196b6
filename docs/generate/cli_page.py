"""The commands of `rag`, made of the Typer application: what each does, its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer.main

from docs.generate.markdown import table
from rag.cli import COMMANDS, make_app

_VALUES = {Path: "PATH", str: "TEXT", int: "INTEGER", float: "NUMBER"}


def cli_lines() -> Iterator[str]:
    """A section for each command, in the order of `rag --help`."""
    for name, command in _commands(typer.main.get_command(make_app(COMMANDS))):
        yield f"## rag {name}"
        yield ""
        yield command.help
        yield ""
        arguments = [param for param in command.params if param.param_type_name == "argument"]
        options = [param for param in command.params if param.param_type_name == "option"]
        yield f"    rag {name} {' '.join([*map(_argument_name, arguments), '[OPTIONS]'])}"
        yield ""
        rows = [[f"`{_argument_name(param)}`", _without_default(param.help), ""] for param in arguments]
        rows += [[_option_names(param), _without_default(param.help), _default_of(param)] for param in options]
        yield from table(["", "what it is for", "default"], rows)
        yield ""


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Each command by its name, "audit verify" for one of several under a name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _argument_name(param: Any) -> str:
    name = param.metavar or param.name.upper() + ("..." if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _option_names(param: Any) -> str:
    """`-k`, or `--include TEXT`: every name of it, and what it takes."""
    value = "" if param.is_flag else f" {param.metavar or _value_of(param.type_descriptor.annotation)}"
    return ", ".join(f"`{name}{value}`" for name in [*param.opts, *param.secondary_opts])


def _value_of(annotation: Any) -> str:
    """What stands for a value of this type; of a list, for one of it."""
    return _VALUES[next(iter(get_args(annotation)), annotation)]


def _without_default(help: str) -> str:  # noqa: A002 - the name that Typer gives it
    return help.partition(" Default: ")[0]


def _default_of(param: Any) -> str:
    """The default: the program's, or where the environment decides, what the help says of it."""
    told = param.help.partition(" Default: ")[2]
    if told or param.default is None or param.is_flag:
        return str(told)
    return f"`{param.default}`"
