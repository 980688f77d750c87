"""What the help of the verbs is made of: the panels in which the verbs stand, and the examples at the end."""

from __future__ import annotations

import inspect
import re
from typing import Any

import typer

__all__ = ["AROUND", "INSIDE", "TRAIN", "USE", "examples", "file", "tidied"]

TRAIN = "Train"
USE = "Use a trained model"
INSIDE = "Judge it and look inside"
AROUND = "Data and machine"


def examples(*lines: str) -> str:
    """Return the panel at the end of a verb's help; the tests run every line of it."""
    return "\n".join(["[bold]Examples[/bold]", *(f"  [cyan]{line}[/cyan]" for line in lines)])


def file(name: str, *lines: str) -> str:
    """Return a panel that shows what a file may hold; the tests run those of the help."""
    escaped = (line.replace("[", r"\[") for line in lines)
    return f"\n\n[bold]{name}[/bold]\n" + "\n".join(f"  [cyan]{line}[/cyan]" for line in escaped)


def tidied(command: Any) -> Any:
    """Return a command, and all below it, whose help flows in narrow terminals and asks for no value of a flag.

    typer keeps the line ends of a docstring, and shows "<bool>" behind what is only named.
    """
    command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(command.help or ""))
    for param in (*command.params, command.get_help_option(typer.Context(command))):
        if param is not None and getattr(param, "is_flag", False):
            param.metavar = ""
    for below in getattr(command, "commands", {}).values():
        tidied(below)
    return command
