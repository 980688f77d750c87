"""`latente explore`: one page with the map of the codes and the decoder in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import images_for, refuse_choice_among_none, say_left_out_by
from latente.cli.shared.models import model_for, refuse_kind
from latente.cli.shared.options import BudgetOption, ForceFlag, FramesOption, RunArgument, SplitOption
from latente.cli.shared.outputs import refuse_used
from latente.cli.shared.readers import option_parser, whole
from latente.words import memory

__all__ = ["verb"]

verb = typer.Typer()

MappedArgument = Annotated[
    str | None, typer.Argument(metavar="[IMAGES]", help="Images on the map, if not those that training held out.")
]
PageOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The page [dim](default: RUN/explorer.html)[/dim]")
]
MostOption = Annotated[
    int | None,
    typer.Option("--count", parser=option_parser(whole), metavar="N", help="At most this many images, evenly drawn."),
]
AtlasFlag = Annotated[
    bool, typer.Option("--atlas", help="Decode beforehand, in steps, in place of a decoder that runs in the page.")
]


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente explore runs/digits",
        "latente explore runs/digits digits --split train --count 500 --out digits.html",
    ),
)
def explore(
    run: RunArgument,
    images: MappedArgument = None,
    out: PageOption = None,
    split: SplitOption = None,
    count: MostOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    atlas: AtlasFlag = False,
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
        page = write_explorer(run, source, out, count=count, atlas=atlas, progress=step)
    rows = [("explorer", str(page.path)), ("images", f"{page.images:,}"), ("size", memory(page.size))]
    rows += [("note", notice.replace("`", "")) for notice in page.notices]
    show.console().print(show.pairs(rows))
