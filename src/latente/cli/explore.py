"""`latente explore`: one page with the map of the codes and the decoder in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latente.cli import console as show
from latente.cli.inputs import images_for, model_of
from latente.cli.options import Force, Run, Split, examples, whole
from latente.cli.outputs import refuse_used

__all__ = ["verbs"]

verbs = typer.Typer()

Shown = Annotated[
    str | None, typer.Argument(metavar="[IMAGES]", help="Images on the map, if not those that training held out.")
]
Page = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The page [dim](default: RUN/explorer.html)[/dim]")
]
Most = Annotated[
    int | None, typer.Option("--count", parser=whole, metavar="N", help="At most this many images, evenly drawn.")
]
Beforehand = Annotated[
    bool, typer.Option("--atlas", help="Decode beforehand, in steps, in place of a decoder that runs in the page.")
]


@verbs.command(
    epilog=examples(
        "latente explore runs/digits",
        "latente explore runs/digits digits --split train --count 500 --out digits.html",
    )
)
def explore(
    run: Run,
    images: Shown = None,
    out: Page = None,
    split: Split = None,
    count: Most = None,
    atlas: Beforehand = False,
    force: Force = False,
) -> None:
    """Write a page to explore a run in.

    One HTML file that opens from disk: the latent map, the images behind its points, and the decoder, which follows the
    pointer and the sliders.
    """
    from latente.errors import InputError
    from latente.explorer import write_explorer

    if out is not None:
        refuse_used(out, force)
    if split is not None and images is None:
        raise InputError(f"--split {split} says which part of IMAGES; name them too")
    found = None if images is None else images_for(model_of(run), images, split)
    with show.progress() as step:
        page = write_explorer(run, found, out, count=count, atlas=atlas, progress=step)
    rows = [("explorer", str(page.path)), ("images", f"{page.images:,}"), ("size", f"{page.size / 1e6:.1f} MB")]
    rows += [("note", notice.replace("`", "")) for notice in page.notices]
    show.console().print(show.pairs(rows))
