"""`latente nearest`: samples beside the training images nearest to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latente import words
from latente.checks import Whole
from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import evidence_of, few_of, images_for, refuse_choice_among_none, refuse_tables
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    ForceFlag,
    FramesOption,
    JsonFlag,
    PictureOption,
    RunArgument,
    SeedOption,
    SplitOption,
)
from latente.cli.shared.pictures import refuse_picture, save_figures
from latente.cli.shared.readers import checked

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from latente.estimators import BaseAutoencoder
    from latente.evidence import Evidence, Selection
    from latente.images import Images
    from latente.latents import Nearest

__all__ = ["verb"]

verb = typer.Typer()

NEIGHBOURS = 3  # training images below each sample
PER_LINE = 12
NAMED = 3  # of the nearest ones
YARDSTICKS = 256  # held-out images whose distances say what new images are like
VALUES_AT_ONCE = 100_000_000  # of the training images, among which is searched
NEAR = 0.05  # the share of held-out images that are nearer than an image that looks copied

NumberOption = Annotated[int, typer.Option("-n", parser=checked(Whole()), metavar="N", help="How many samples.")]
QueriesOption = Annotated[
    str | None, typer.Option("--images", metavar="IMAGES", help="Look up these images instead of samples.")
]


@verb.command(
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente nearest runs/digits --seed 0 --out nearest.png",
        "latente nearest runs/digits --images digits -n 6 --out known.png",
    ),
)
def nearest(
    run: RunArgument,
    n: NumberOption = 12,
    seed: SeedOption = None,
    images: QueriesOption = None,
    out: PictureOption = Path("nearest.png"),
    split: SplitOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Show samples with the training images nearest to them.

    Where samples lie much nearer to them than images that training never saw, the model knows them by heart.
    """
    import numpy as np

    refuse_picture(out, force)
    refuse_choice_among_none(images, "--images", split=split, frames=frames, budget=budget)
    model = model_for("nearest", run)
    refuse_tables(model)
    named = None if images is None else images_for(model, images, split=split, frames=frames, budget=budget)
    evidence = evidence_of(run, model, others=named)
    queries, files = _queries(model, named, n, seed)
    with show.console(as_json).status("searching the training images"):
        result = _search(model, evidence, queries, NEIGHBOURS)
        yardstick = _yardstick(model, evidence)
    order = np.argsort(result.distances[:, 0], kind="stable")
    known = model.scaling_.to_range(_targets(evidence.learned)[result.indices[order].reshape(-1)])
    neighbours = known.reshape(len(order), -1, *known.shape[1:])
    what = "sample" if images is None else "image"
    distances = result.distances[order, 0]
    save_figures(out, *_figures(queries[order], neighbours, distances, what))
    near = None if yardstick is None else float(np.quantile(yardstick, NEAR))
    nearer = None if near is None else int((distances < near).sum())
    if as_json:
        lines = [
            {
                what: int(row),
                **({"file": files[row]} if files else {}),
                "distance": float(distance),
                **_known(evidence, index),
            }
            for row, distance, index in zip(order, distances, result.indices[order, 0], strict=True)
        ]
        held_out = None if yardstick is None else {"count": len(yardstick), "median": float(np.median(yardstick))}
        figures = {"distances": lines, "median": float(np.median(distances)), "held_out": held_out}
        show.print_json({"run": run, "images": images, **figures, "near": near, "nearer": nearer, "picture": out})
        return
    median = words.figure(float(np.median(distances)))
    rows = [(f"{what}s", f"{len(order):,}, median distance {median} to the nearest training image")]
    rows += [("nearest", text) for text in _nearest_by_name(evidence, what, files, order, result.indices[order, 0])]
    if yardstick is not None:
        usual = words.figure(float(np.median(yardstick)))
        rows += [
            ("yardstick", f"{len(yardstick):,} images that training never saw: median distance {usual}"),
            ("copied", f"{nearer} of {len(order)} lie nearer than all but {words.percent(NEAR)} of those do"),
        ]
    show.console().print(show.pairs([*rows, ("wrote", str(out))]))


def _known(evidence: Evidence, row: int) -> dict[str, int | str]:
    """Return the number of a training image, and its file where it has one."""
    assert evidence.learned is not None
    files = evidence.learned.images.files
    return {"training_image": int(row), **({"training_file": files[row]} if files else {})}


def _nearest_by_name(
    evidence: Evidence, what: str, files: Sequence[str], order: np.ndarray, indices: np.ndarray
) -> list[str]:
    """Say of the first few which training image is nearest to them, where that one has a file."""
    assert evidence.learned is not None
    images = evidence.learned.images
    pairs = list(zip(order.tolist(), indices.tolist(), strict=True))[: NAMED if images.files else 0]
    return [f"{words.brief(files[a]) if files else f'{what} {a}'} to {images.name_of(b)}" for a, b in pairs]


def _queries(
    model: BaseAutoencoder, images: Images | None, n: int, seed: int | None
) -> tuple[np.ndarray, Sequence[str]]:
    """Return what is looked up, in the network's range, with its files: samples, or some of the images if given."""
    from latente.evidence import as_pictures

    if images is None:
        return as_pictures(model, model.sample(n, random_state=seed)), ()
    few, _ = few_of(images, n)
    return model.scaling_.to_range(few.pixels), few.files


def _search(model: BaseAutoencoder, evidence: Evidence, queries: np.ndarray, k: int) -> Nearest:
    """Return the nearest training images of scaled `queries`, by their rows in the run's set."""
    import numpy as np

    from latente.latents import Nearest
    from latente.latents import nearest as nearest_of

    known = _targets(evidence.learned)
    assert evidence.learned is not None
    rows = evidence.learned.rows
    assert rows is not None
    size = max(1, VALUES_AT_ONCE // queries[0].size)  # a part of a memory map at a time
    parts = np.array_split(rows, -(-len(rows) // size))
    results = [nearest_of(queries, model.scaling_.to_range(known[part]), k=min(k, len(part))) for part in parts]
    indices = np.hstack([part[result.indices] for part, result in zip(parts, results, strict=True)])
    distances = np.hstack([result.distances for result in results])
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Nearest(np.take_along_axis(indices, order, 1), np.take_along_axis(distances, order, 1))


def _targets(selection: Selection | None) -> np.ndarray:
    """Return the pixels of what the model learned to make, of the whole set: the targets, where it has some."""
    assert selection is not None
    return selection.images.columns.get("target", selection.images.pixels)


def _yardstick(model: BaseAutoencoder, evidence: Evidence) -> np.ndarray | None:
    """Return the distances (N,) of images that training never saw; None where there are none."""
    if not evidence.is_unseen or evidence.judged is None:
        return None
    few = evidence.judged.drawn(YARDSTICKS, seed=0)
    return _search(model, evidence, model.scaling_.to_range(few.targets), 1).distances[:, 0]


def _figures(queries: np.ndarray, neighbours: np.ndarray, distances: np.ndarray, what: str) -> Iterator[Figure]:
    """Yield each query with its neighbours below it, a line of them after the other."""
    import numpy as np

    from latente import figures

    names = [what, *["nearest", "second", "third"][: neighbours.shape[1]]]
    columns = np.concatenate([queries[:, None], neighbours], axis=1).clip(0, 1)
    for part in np.array_split(np.arange(len(columns)), -(-len(columns) // PER_LINE)):
        titles = [f"{distance:.3f}" for distance in distances[part]]
        yield figures.strips(columns[part].swapaxes(0, 1), names, titles)
