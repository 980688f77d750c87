"""`latente interpolate`: what lies between two images or classes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latente import words
from latente.checks import Choice, Whole
from latente.cli.shared.attributes import values_of
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import images_for, refuse_tables
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ForceFlag,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    PictureOption,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.pictures import print_lines, refuse_picture, save_figures
from latente.cli.shared.readers import checked, option_parser
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from latente.estimators.encoding import Encoder
    from latente.images import Images

__all__ = ["verb"]

verb = typer.Typer()

ROWS = 8  # pairs of images in one picture, unless told otherwise

WayOption = Annotated[
    str,
    typer.Option(
        parser=option_parser(Choice(("linear", "spherical"), kind="way").read),
        metavar="NAME",
        help="linear or spherical.",
    ),
]
StepsOption = Annotated[int, typer.Option(parser=checked(Whole(least=2)), metavar="N", help="Pictures in a row.")]
_END = "number or file of an image, or a class (class:3 where its name is a number)."
FromOption = Annotated[str | None, typer.Option("--from", metavar="END", help=f"Where to start: {_END}")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="END", help="Where to end, likewise.")]


@dataclasses.dataclass(frozen=True)
class _End:
    """Where a walk starts or ends: an image, or the mean of a class, which is no picture."""

    name: str
    code: np.ndarray
    picture: np.ndarray | None


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente interpolate runs/digits digits --out between.png",
        "latente interpolate runs/digits digits --from 0 --to class:7 --how spherical --out to-seven.png",
    ),
)
def interpolate(
    run: RunArgument,
    images: ImagesArgument,
    start: FromOption = None,
    end: ToOption = None,
    how: WayOption = "linear",
    steps: StepsOption = 8,
    out: PictureOption = Path("interpolate.png"),
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Show what lies between two images or classes.

    Without --from and --to between a few pairs of images. A class stands for the mean of its codes.
    """
    import numpy as np

    from latente import figures
    from latente.evidence import as_pictures
    from latente.latents import interpolate_codes

    refuse_picture(out, force)
    model = model_for("interpolate", run)
    refuse_tables(model)
    source = images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    starts, ends = _ends(model, source, start, end)
    first, last = (np.stack([place.code for place in places]) for places in (starts, ends))
    path = interpolate_codes(first, last, steps, how)
    rows = as_pictures(model, model.decode(path.reshape(-1, path.shape[-1])))
    rows = rows.reshape(len(starts), steps, *rows.shape[1:])
    lines = [
        {
            "from": one.name,
            "to": other.name,
            "codes_apart": float(np.linalg.norm(one.code - other.code)),
            "change": float(np.sqrt(((row[-1] - row[0]) ** 2).mean())),
        }
        for one, other, row in zip(starts, ends, rows, strict=True)
    ]
    titles = [f"{t:.2g}" for t in np.linspace(0, 1, steps)]
    for places, position, title in ((starts, 0, "from"), (ends, len(titles) + 1, "to")):
        pictures = [place.picture for place in places if place.picture is not None]
        if len(pictures) == len(places):
            rows = np.insert(rows, min(position, rows.shape[1]), np.stack(pictures), axis=1)
            titles.insert(position, title)
    names = [f"{line['from']} to {line['to']}" for line in lines]
    save_figures(out, figures.strips(rows.clip(0, 1), names, titles))
    print_lines({"run": run, "images": source.name, "how": how, "steps": steps}, "pairs", lines, out, as_json)


def _ends(model: Encoder, images: Images, start: str | None, end: str | None) -> tuple[list[_End], list[_End]]:
    """Return where the walks start and end; an end without a name is a different image for each of a few walks."""
    import numpy as np

    if start is not None and end is not None:
        return [_end(model, images, "--from", start)], [_end(model, images, "--to", end)]
    count = min(ROWS, len(images) // 2)
    if not count:
        raise InputError(f"{images.name} holds 1 image; give two, between which there is something")
    rows = np.linspace(0, len(images) - 1, 2 * count).astype(int)
    starts, ends = (_images_as_ends(model, images, part) for part in (rows[::2], rows[1::2]))
    if start is not None:
        starts = [_end(model, images, "--from", start)] * count
    if end is not None:
        ends = [_end(model, images, "--to", end)] * count
    return starts, ends


def _images_as_ends(model: Encoder, images: Images, rows: np.ndarray) -> list[_End]:

    few = images.take(rows)
    pictures = model.scaling_.to_range(few.pixels)
    names = [words.brief(Path(file).name) for file in few.files] or [str(row) for row in rows]
    return [_End(*parts) for parts in zip(names, model.transform(few), pictures, strict=True)]


def _end(model: Encoder, images: Images, option: str, text: str) -> _End:
    """Return the image or the class that `text` names; raises InputError where there is none."""
    import numpy as np

    prefix, _, title = text.partition(":")
    is_class = prefix == "class" and bool(title)
    row = None
    if not is_class:
        files = [i for i, file in enumerate(images.files) if text in (file, Path(file).name)]
        row = int(text) if text.isdecimal() else files[0] if files else None
    if row is not None:
        if row >= len(images):
            raise InputError(f"{option} {text}: {images.name} holds the images 0 to {len(images) - 1}")
        return _images_as_ends(model, images, np.array([row]))[0]
    try:
        name, values = values_of(images, title if is_class else text)
    except InputError as error:
        raise InputError(f"{option} {text} is no image of {images.name}, and: {error}") from error
    members = np.flatnonzero(values > 0)
    if not len(members):
        raise InputError(f"{option} {text}: none of the {len(images)} images is of that kind")
    return _End(name, model.transform(images.take(members)).mean(axis=0), None)
