"""`latente traverse` and `interpolate`: walks through a latent space, and the pictures on the way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli import console as show
from latente.cli.attributes import values_of
from latente.cli.inputs import images_for, model_of
from latente.cli.options import Count, Force, Json, Run, Source, Split, choice, examples, number, whole
from latente.cli.options import widths as numbers_of
from latente.cli.pictures import NO_IMAGES, Out, OwnSource, check_out, evidence_of, refuse_tables, save_figures, tell
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from latente.images import Images

__all__ = ["verbs"]

verbs = typer.Typer()

MOST_TRIED = 256  # dimensions, those with the largest spread, of which the ones that matter most are shown
ROWS = 8  # dimensions or pairs of images in one picture, unless told otherwise

Dimensions = Annotated[
    Any,
    typer.Option(
        parser=numbers_of,
        metavar="N,N",
        help="Which dimensions [dim](default: the 8 that change the image most)[/dim]",
    ),
]
Span = Annotated[float, typer.Option(parser=number, metavar="X", help="Standard deviations to either side.")]
Steps = Annotated[int, typer.Option(parser=whole, metavar="N", help="Pictures in a row.")]
How = Annotated[
    str, typer.Option(parser=choice("way", ("linear", "spherical")), metavar="NAME", help="linear or spherical.")
]
_END = "number or file of an image, or a class (class:3 where its name is a number)."
From = Annotated[str | None, typer.Option("--from", metavar="END", help=f"Where to start: {_END}")]
To = Annotated[str | None, typer.Option("--to", metavar="END", help="Where to end, likewise.")]


@verbs.command(
    epilog=examples(
        "latente traverse runs/digits --out traversal.png",
        "latente traverse runs/digits digits --dimensions 0,1 --span 2 --steps 9 --out two.png",
    )
)
def traverse(
    run: Run,
    images: OwnSource = None,
    dimensions: Dimensions = None,
    span: Span = 3.0,
    steps: Steps = 7,
    out: Out = Path("traverse.png"),
    split: Split = None,
    count: Count = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Show what each latent dimension does.

    Each one moves alone, around the mean code of the images and by their standard deviations.
    """
    import numpy as np

    from latente import figures
    from latente.evidence import as_pictures
    from latente.latents import traverse as walk

    check_out(out, force)
    if images is None and (split is not None or count is not None):
        raise InputError(NO_IMAGES)
    model = model_of(run)
    refuse_tables(model)
    found = _training_images(run, model) if images is None else images_for(model, images, split, count)
    with show.console(as_json).status(f"encoding {len(found):,} images"):
        codes = model.transform(found)
        widest = np.argsort(-codes.std(axis=0), kind="stable")[:MOST_TRIED]
        wanted = widest if dimensions is None else np.array(dimensions)
        ends = as_pictures(model, walk(model, codes, steps=2, span=1.0, dimensions=wanted.tolist()))
        change = np.sqrt(((ends[:, 1] - ends[:, 0]) ** 2).mean(axis=(1, 2, 3)))
        if dimensions is None:
            order = np.argsort(-change, kind="stable")[:ROWS]
            wanted, change = wanted[order], change[order]
        rows = as_pictures(model, walk(model, codes, steps=steps, span=span, dimensions=wanted.tolist()))
    names = [f"dimension {dimension}" for dimension in wanted]
    titles = [f"{place:+.3g} σ" if place else "mean" for place in np.linspace(-span, span, steps).round(12)]
    save_figures(out, figures.strips(rows.clip(0, 1), names, titles))
    lines = [
        {"dimension": int(d), "mean": float(codes[:, d].mean()), "spread": float(codes[:, d].std()), "change": float(c)}
        for d, c in zip(wanted, change, strict=True)
    ]
    what = {"run": run, "images": found.name, "count": len(found), "span": span, "steps": steps}
    tell(what, "dimensions", lines, out, as_json)


def _training_images(run: Path, model: Any) -> Images:
    """The images that the run learned from."""
    learned = evidence_of(run, model).learned
    assert learned is not None
    return learned.images.take(learned.rows)


@dataclasses.dataclass(frozen=True)
class _End:
    """Where a walk starts or ends: an image, or the mean of a class, which is no picture."""

    name: str
    code: np.ndarray
    picture: np.ndarray | None


@verbs.command(
    epilog=examples(
        "latente interpolate runs/digits digits --out between.png",
        "latente interpolate runs/digits digits --from 0 --to class:7 --how spherical --out to-seven.png",
    )
)
def interpolate(
    run: Run,
    images: Source,
    start: From = None,
    end: To = None,
    how: How = "linear",
    steps: Steps = 8,
    out: Out = Path("interpolate.png"),
    split: Split = None,
    count: Count = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Show what lies between two images or classes.

    Without --from and --to between a few pairs of images. A class stands for the mean of its codes.
    """
    import numpy as np

    from latente import figures
    from latente.evidence import as_pictures
    from latente.latents import interpolate_codes

    check_out(out, force)
    model = model_of(run)
    refuse_tables(model)
    found = images_for(model, images, split, count)
    starts, ends = _ends(model, found, start, end)
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
    tell({"run": run, "images": found.name, "how": how, "steps": steps}, "pairs", lines, out, as_json)


def _ends(model: Any, images: Images, start: str | None, end: str | None) -> tuple[list[_End], list[_End]]:
    """Where the walks start and end; an end that is not named is a different image for each of a few walks."""
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


def _images_as_ends(model: Any, images: Images, rows: np.ndarray) -> list[_End]:
    from latente.evidence import scaled

    few = images.take(rows)
    pictures = scaled(few.pixels, model.scaling_)
    names = [Path(file).name for file in few.files] or [str(row) for row in rows]
    return [_End(*found) for found in zip(names, model.transform(few), pictures, strict=True)]


def _end(model: Any, images: Images, option: str, text: str) -> _End:
    """Find the image or the class that `text` names. Raises InputError where there is none."""
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
    own = np.flatnonzero(values > 0)
    if not len(own):
        raise InputError(f"{option} {text}: none of the {len(images)} images is of that kind")
    return _End(name, model.transform(images.take(own)).mean(axis=0), None)
