"""`latente studio`: training on one's own pictures in the browser."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import TRAIN, examples
from latente.cli.shared.options import language_option
from latente.cli.shared.readers import option_parser

__all__ = ["verb"]

verb = typer.Typer()

_PORT = Whole(least=0, most=65535)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder for pictures and trainings [dim](default: Latente, in your home folder)[/dim]",
        show_default=False,
    ),
]
PicturesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--pictures",
        metavar="DIR",
        help="A folder of this machine whose pictures can be taken without sending them; again for another.",
    ),
]
PainterOption = Annotated[
    Path | None,
    typer.Option(
        "--painter", metavar="RUN", help="Paint at once, too, by a run of `latente fit PHOTOS --model style`."
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        parser=option_parser(_PORT.read),
        metavar="N",
        help="Port of the page; 0 takes a free one [dim](default: 8421, or where that is taken any free one)[/dim]",
        show_default=False,
    ),
]
LanguageOption = Annotated[str | None, language_option("your browser's")]
HostOption = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Address of this machine to listen at; 0.0.0.0 is every one, and needs --name",
        show_default=True,
    ),
]
NameOption = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="What other machines call this one; NAME:443 where a server before it speaks TLS. May be repeated.",
        show_default=False,
    ),
]
NoBrowserFlag = Annotated[bool, typer.Option("--no-browser", help="Print the address only.")]


@verb.command(
    rich_help_panel=TRAIN, epilog=examples("latente studio", "latente studio --workspace mine --lang es --port 0")
)
def studio(
    workspace: WorkspaceOption = None,
    pictures: PicturesOption = None,
    painter: PainterOption = None,
    port: PortOption = None,
    lang: LanguageOption = None,
    host: HostOption = "127.0.0.1",
    name: NameOption = None,
    no_browser: NoBrowserFlag = False,
) -> None:
    """Train on your own pictures in the browser, without a line of code.

    Served to this machine alone, unless --host and --name say otherwise, until Ctrl-C; trainings go on after it, and
    are there again with the next start.
    """
    from latente.studio import bound, check_names, serve

    names = tuple(name or ())
    check_names(host, names)
    if port is not None:
        _PORT.check("--port", port)
    place = Path.home() / "Latente" if workspace is None else workspace

    def welcome(address: str) -> None:
        lines = [("studio", address), ("leave", "Ctrl-C")]
        if names and not address.startswith("https://"):
            lines.append(("warning", "what goes over the network is not encrypted: whoever listens can read the token"))
        show.console().print(show.pairs(lines), soft_wrap=True)
        if not no_browser:
            typer.launch(address)

    with contextlib.closing(bound(port, host)) as listener:
        serve(place, listener, lang, welcome, names, pictures or (), painter)
