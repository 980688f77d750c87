"""`latente watch`: a run's page in the browser, while it trains or afterwards."""

from __future__ import annotations

import contextlib
import threading
from typing import Annotated

import typer

from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import TRAIN, examples
from latente.cli.shared.options import LanguageOption, RunArgument
from latente.cli.shared.readers import option_parser

__all__ = ["verb", "wait"]

verb = typer.Typer()

_PORT = Whole(least=1024, most=65535)

PortOption = Annotated[
    int | None,
    typer.Option(
        parser=option_parser(_PORT.read),
        metavar="N",
        help="Port of the page [dim](default: 8321, or where that is taken any free one)[/dim]",
    ),
]
OpenFlag = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]


@verb.command(rich_help_panel=TRAIN, epilog=examples("latente watch runs/digits", "latente watch runs/digits --open"))
def watch(run: RunArgument, port: PortOption = None, lang: LanguageOption = None, open_page: OpenFlag = False) -> None:
    """Serve the page of a run, which follows its training.

    Curves, newest pictures, time left; to this machine alone, for reading alone, until Ctrl-C.
    """
    from latente.training import Run
    from latente.watching import served

    if port is not None:
        _PORT.check("--port", port)
    with served(Run.open(run), port, lang) as address, contextlib.suppress(KeyboardInterrupt):
        show.console().print(show.pairs([("page", address), ("leave", "Ctrl-C")]))
        if open_page:
            typer.launch(address)
        wait()


def wait() -> None:
    """Wait for Ctrl-C."""
    threading.Event().wait()
