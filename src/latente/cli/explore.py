"""`latente explore`: one page with the map of the codes and the decoder in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from latente.checks import Choice, Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import images_for, refuse_choice_among_none, say_left_out_by
from latente.cli.shared.models import model_for, refuse_kind
from latente.cli.shared.options import (
    BudgetOption,
    ForceFlag,
    FramesOption,
    LanguageOption,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.outputs import refuse_used
from latente.cli.shared.readers import checked, option_parser
from latente.words import memory

__all__ = ["verb"]

verb = typer.Typer()

MappedArgument = Annotated[
    str | None, typer.Argument(metavar="IMAGES", help="Images on the map, if not all of the run's set.")
]
PageOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The page [dim](default: RUN/explorer.html)[/dim]")
]
MostOption = Annotated[
    int | None,
    typer.Option("--count", parser=checked(Whole()), metavar="N", help="At most this many images, evenly drawn."),
]
AtlasFlag = Annotated[
    bool, typer.Option("--atlas", help="Decode beforehand, in steps, in place of a decoder that runs in the page.")
]
_METHOD = Choice(("pca", "tsne", "umap"), kind="map")
MapsOption = Annotated[
    Any,
    typer.Option(
        "--maps",
        parser=option_parser(lambda text: tuple(_METHOD.read(name.strip()) for name in text.split(","))),
        metavar="NAME,NAME",
        help="Maps side by side: pca, tsne, umap; the last two of at most 5,000 images.",
    ),
]


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente explore runs/digits",
        "latente explore runs/digits digits --split train --count 500 --out digits.html",
        "latente explore runs/digits --lang es --count 500 --out explorador.html",
        "latente explore runs/digits --maps pca,tsne --count 500 --out maps.html",
    ),
)
def explore(
    run: RunArgument,
    images: MappedArgument = None,
    out: PageOption = None,
    lang: LanguageOption = None,
    split: SplitOption = None,
    count: MostOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    atlas: AtlasFlag = False,
    maps: MapsOption = None,
    force: ForceFlag = False,
) -> None:
    """Write a page to explore a run in.

    One HTML file that opens from disk: the latent map, the images behind its points, and the decoder, which follows the
    pointer and the sliders.
    """
    from latente.explorer import write_explorer

    if out is not None:
        refuse_used(out, force)
    refuse_choice_among_none(images, split=split, frames=frames, budget=budget)
    refuse_kind("explore", run)
    source = None
    if images is not None:
        source = images_for(model_for("explore", run), images, split=split, frames=frames, budget=budget)
    if images is None:
        say_left_out_by(run)
    with show.progress() as step:
        options: dict[str, Any] = {"count": count, "atlas": atlas, "maps": maps or (), "language": lang}
        page = write_explorer(run, source, out, **options, progress=step)
    rows = [("explorer", str(page.path)), ("images", f"{page.images:,}"), ("size", memory(page.size))]
    rows += [("note", notice.replace("`", "")) for notice in page.notices]
    show.console().print(show.pairs(rows))
