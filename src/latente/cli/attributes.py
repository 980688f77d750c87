"""`latente direction` and `latente edit`: attributes of images as directions among their codes."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli import console as show
from latente.cli.inputs import images_for, model_of
from latente.cli.options import Count, Force, Json, Labels, Run, Source, Split, choice, examples, given, number, whole
from latente.cli.pictures import Out, check_out, few_of, refuse_tables, save_figures, tell
from latente.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from latente.images import Images
    from latente.latents import Direction

__all__ = ["direction_of", "strengths", "values_of", "verbs"]

verbs = typer.Typer()
direction = typer.Typer(
    name="direction",
    help="Learn in which direction codes gain an attribute.",
    invoke_without_command=True,
    epilog=examples("latente direction learn runs/digits digits --attribute 3", "latente direction list runs/digits"),
)
verbs.add_typer(direction)

ROWS = 8  # images in one picture, unless told otherwise


def strengths(text: str) -> tuple[float, ...]:
    """Read strengths: -1:2:7 for 7 of them evenly from -1 to 2, or numbers with commas between them."""
    ends = text.split(":")
    if len(ends) == 3 and (count := whole(ends[2])) >= 2:
        first, last = number(ends[0]), number(ends[1])
        found = tuple(round(first + (last - first) * i / (count - 1), 12) for i in range(count))
    elif len(ends) == 1:
        found = tuple(number(part) for part in text.split(","))
    else:
        raise typer.BadParameter(f"{text!r} is neither start:stop:count, such as -1:2:7, nor numbers such as -1,0,2")
    if not all(map(math.isfinite, found)):
        raise typer.BadParameter(f"{text!r} holds a number that is not finite")
    return found


AttributeName = Annotated[str, typer.Option("--attribute", metavar="NAME", help="An attribute or class of the images.")]
Method = Annotated[
    str,
    typer.Option(
        parser=choice("method", ("means", "logistic")),
        metavar="NAME",
        help="means (difference of the classes' mean codes) or logistic (regression).",
    ),
]
Against = Annotated[
    str | None,
    typer.Option(metavar="NAME,NAME", help="Attributes that the direction shall not change."),
]
Strengths = Annotated[
    Any,
    typer.Option("--strength", parser=strengths, metavar="A:B:N", help="start:stop:count, or numbers such as -1,0,2."),
]

KeepDetail = Annotated[
    bool, typer.Option("--keep-detail", help="Change the image itself, not its reconstruction: fine lines stay.")
]


@direction.callback()
def _direction(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        context.get_help()  # typer prints it


@direction.command(
    epilog=examples(
        "latente direction learn runs/digits digits --attribute 3",
        "latente direction learn runs/digits digits --attribute 8 --method logistic --against 3",
    )
)
def learn(
    run: Run,
    images: Source,
    attribute: AttributeName,
    method: Method = "means",
    against: Against = None,
    labels: Labels = None,
    split: Split = None,
    count: Count = None,
    as_json: Json = False,
) -> None:
    """Find the direction of an attribute among the codes of images, and keep it in the run's folder.

    A class counts as an attribute that its images have and all others lack.
    """
    import numpy as np

    from latente.latents import learn_direction, save_direction

    model = model_of(run)
    with show.progress() as step:
        found = model.open(images, progress=step, **given({"split": split, "count": count, "labels": labels}))
    name, values = values_of(found, attribute)
    others = dict(values_of(found, other.strip()) for other in against.split(",")) if against else {}
    known = np.flatnonzero(np.isfinite([values, *others.values()]).all(axis=0))
    with show.console(as_json).status(f"encoding {len(known):,} images"):
        codes = model.transform(found if len(known) == len(found) else found.take(known))
        others = {title: other[known] for title, other in others.items()}
        learned = learn_direction(codes, values[known], attribute=name, method=method, against=others or None)
    path = save_direction(run, learned)
    if as_json:
        show.print_json({"run": run, "images": found.name, **_row(learned), "file": path})
        return
    without, having = learned.counts
    beside = f", against {', '.join(learned.against)}" if learned.against else ""
    example = shlex.join(["latente", "edit", str(run), images, "--attribute", name, "--strength", "-1:2:7"])
    rows = [
        ("direction", f"{name}, by {learned.method}{beside}: {having:,} images with it, {without:,} without"),
        ("accuracy", f"{learned.accuracy:.3f} on held-out images, balanced (0.5 is chance)"),
        ("wrote", str(path)),
        ("next", f"{example} --out edited.png"),
    ]
    show.console().print(show.pairs(rows))


@direction.command("list", epilog=examples("latente direction list runs/digits"))
def list_(run: Run, as_json: Json = False) -> None:
    """List the directions that were learned for a run."""
    from latente.latents import saved_directions
    from latente.training import Run as RunFolder

    rows = [_row(found) for found in saved_directions(RunFolder.open(run).path)]
    if as_json:
        show.print_json(rows)
        return
    lines = show.table("attribute", "method", "against", "with", "without", "accuracy", right=["with", "without"])
    for row in rows:
        against = ", ".join(row["against"])
        lines.add_row(
            row["attribute"],
            row["method"],
            against,
            f"{row['with']:,}",
            f"{row['without']:,}",
            f"{row['accuracy']:.3f}",
        )
    show.console().print(lines if rows else f"none yet: `latente direction learn {run} IMAGES --attribute NAME`")


def _row(found: Direction) -> dict[str, Any]:
    without, having = found.counts
    told = {name: getattr(found, name) for name in ("attribute", "method", "against", "accuracy")}
    return told | {"with": having, "without": without}


@verbs.command(
    epilog=examples(
        "latente direction learn runs/digits digits --attribute 3",
        "latente edit runs/digits digits --attribute 3 --strength -1:2:7 --out edited.png",
        "latente edit runs/digits digits --attribute 3 --strength 0,1,2 --keep-detail --out kept.png",
    )
)
def edit(
    run: Run,
    images: Source,
    attribute: AttributeName,
    strength: Strengths = "-1:2:7",
    keep_detail: KeepDetail = False,
    out: Out = Path("edit.png"),
    split: Split = None,
    count: Count = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Give images more or less of an attribute.

    Strength 1 is the gap between images with it and those without, on the average; 0 is the reconstruction, or with
    --keep-detail the image itself.
    """
    import numpy as np

    from latente import figures
    from latente.evidence import as_pictures, scaled
    from latente.images import to_layout
    from latente.latents import edit as move

    check_out(out, force)
    model = model_of(run)
    refuse_tables(model)
    chosen = direction_of(run, attribute)
    found, numbers = few_of(images_for(model, images, split, count), count or ROWS)
    given_pixels = to_layout(found.pixels, model.layout_)
    moved = move(model, given_pixels, chosen, strength, keep_detail=keep_detail)
    seen = [float(chosen.strength_of(model.transform(moved[:, i])).mean()) for i in range(len(strength))]
    pictures, originals = as_pictures(model, moved), scaled(found.pixels, model.scaling_)
    plain = originals if keep_detail else as_pictures(model, model.decode(model.transform(found)))
    change = np.sqrt(((pictures - plain[:, None]) ** 2).mean(axis=(2, 3, 4))).mean(axis=0)
    lines = [
        {"strength": float(asked), "seen": told, "change": float(moves)}
        for asked, told, moves in zip(strength, seen, change, strict=True)
    ]
    names = [Path(file).name for file in found.files] or [str(i) for i in numbers]
    rows = np.concatenate([originals[:, None], pictures], axis=1)
    titles = ["original", *(f"{asked:+.2g}" if asked else "0" for asked in strength)]
    save_figures(out, figures.strips(rows.clip(0, 1), names, titles))
    what = {"run": run, "images": found.name, "count": len(found), **_row(chosen)}
    tell(what, "strengths", lines, out, as_json)


def values_of(images: Images, name: str) -> tuple[str, np.ndarray]:
    """Return the attribute's name as the set spells it, and its value for each image (N,), NaN where unknown.

    Attributes are -1 or 1, conditions are continuous, and a class is an attribute too: 1 for its own images, 0 for all
    others. Case does not matter where only one name fits. Raises InputError, with the nearest name, for an unknown one.
    """
    import numpy as np

    columns: dict[str, np.ndarray] = {}
    if images.labels is not None and (labels := np.asarray(images.labels)).size:
        for label, title in enumerate(images.label_names or map(str, range(labels.max() + 1))):
            columns[title] = np.where(labels < 0, np.nan, labels == label)
    for key, names in (("condition", images.condition_names), ("attributes", images.attribute_names)):
        if key in images.columns:
            columns |= dict(zip(names, np.asarray(images.columns[key], dtype=np.float64).T, strict=False))
    if not columns:
        raise InputError(f"{images.name} has neither attributes nor classes; add them with --labels CSV")
    fitting = [known for known in columns if known.lower() == name.lower()]
    found = name if name in columns else fitting[0] if len(fitting) == 1 else None
    if found is None:
        raise did_you_mean(f"attribute of {images.name}", name, columns)
    return found, columns[found]


def direction_of(run: Path, name: str) -> Direction:
    """Return the run's direction of an attribute; raises InputError, with the command that learns it, without one."""
    from latente.latents import saved_directions

    found = saved_directions(run)
    for fits in (lambda own: own == name, lambda own: own.lower() == name.lower()):
        for direction in found:
            if fits(direction.attribute):
                return direction
    known = f" (learned so far: {', '.join(direction.attribute for direction in found)})" if found else ""
    raise InputError(
        f"{run} has no direction of {name!r} yet{known}; learn it by "
        f"`latente direction learn {run} IMAGES --attribute {name}`"
    )
