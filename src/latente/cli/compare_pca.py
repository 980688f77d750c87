"""`latente compare-pca`: a model beside PCA with as many numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import evidence_of, judged_images_for, refuse_choice_among_none
from latente.cli.shared.models import model_for
from latente.cli.shared.options import (
    BudgetOption,
    CountOption,
    ForceFlag,
    FramesOption,
    JsonFlag,
    OptionalImagesArgument,
    PictureOption,
    RunArgument,
    SplitOption,
)
from latente.cli.shared.pictures import refuse_picture, save_figures
from latente.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente.comparison import Comparison
    from latente.estimators.base import Estimator
    from latente.evidence import Evidence

__all__ = ["verb"]

verb = typer.Typer()

BETTER = {"mse": "lower", "psnr": "higher", "knn_accuracy": "higher", "trustworthiness": "higher"}

EqualDecoderFlag = Annotated[
    bool, typer.Option("--equal-decoder", help="Also train a decoder of the model's shape on PCA's codes.")
]


@verb.command(
    "compare-pca",
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente compare-pca runs/digits --out pca.png",
        "latente compare-pca runs/digits digits --split test --equal-decoder --json",
    ),
)
def compare_pca(
    run: RunArgument,
    images: OptionalImagesArgument = None,
    equal_decoder: EqualDecoderFlag = False,
    out: PictureOption = Path("compare-pca.png"),
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Compare a model with PCA of as many dimensions.

    Both learn from the training images; judged are those of the test part, where --split names no other.
    """
    from latente.comparison import compare_with_pca
    from latente.metrics import protocols_of

    refuse_picture(out, force)
    refuse_choice_among_none(images, split=split, count=count, frames=frames, budget=budget)
    model = model_for("compare-pca", run)
    evidence = _evidence(run, model, images, split=split, count=count, frames=frames, budget=budget)
    if evidence.learned is None:
        raise InputError(
            f"{run} was trained on an array in memory, from which PCA has to learn too; save it as a .npy file and "
            "give that as IMAGES"
        )
    judged = evidence.judged
    assert judged is not None
    test = judged.images.take(judged.rows) if len(judged) < len(judged.images) else judged.images
    with show.progress() as step:
        comparison = compare_with_pca(model, evidence.learned.images, test, equal_decoder=equal_decoder, progress=step)
    save_figures(out, *_figures(comparison))
    protocols = {
        **protocols_of(("mse", "psnr"), model.scaling_.range_in_words),
        "knn_accuracy": f"share of images whose class their {comparison.k} nearest training codes vote for",
        "trustworthiness": f"of the codes' {comparison.k} nearest neighbours towards those of the images",
    }
    if model.scaling_.bounded:
        protocols["mse"] += "; what PCA draws beyond that range counts as it is, while the report cuts it off"
    if as_json:
        facts = {"run": run, "images": test.name, "judged": judged.name, **comparison.to_json()}
        show.print_json(facts | {"protocols": protocols, "picture": out})
        return
    screen = show.console()
    learned = words.count(comparison.train_count, "training image")
    rows = [
        ("images", f"{test.name}: {len(test):,} {judged.name}, {learned}"),
        ("code", words.count(comparison.dimensions, "number")),
    ]
    screen.print(show.pairs(rows), "")
    names = list(comparison.contestants)
    lines = show.table("metric", *names, "protocol", right=names)
    for metric, protocol in protocols.items():
        values = [contestant.figures[metric] for contestant in comparison.contestants.values()]
        if any(value is not None for value in values):
            lines.add_row(metric, *("" if value is None else words.figure(value) for value in values), protocol)
    screen.print(lines, "", show.pairs([("wrote", str(out))]))


def _evidence(run: Path, model: Estimator, images: str | None, **door: Any) -> Evidence:
    """Return what the run learned from and the images to judge by: of those named the test part, where there is one."""
    import numpy as np

    from latente.evidence import Selection

    if images is None:
        return evidence_of(run, model)
    source, part = judged_images_for(model, images, **door)
    if part is None:
        return evidence_of(run, model, source)
    judged = Selection(source, np.arange(len(source)), f"{part} images")
    return dataclasses.replace(evidence_of(run, model), judged=judged)


def _figures(comparison: Comparison) -> Iterator[Figure]:
    """Yield reconstructions below each other, maps beside each other, and the figures as bars."""
    import numpy as np

    from latente import figures
    from latente.latents import to_two_dimensions

    contestants = comparison.contestants
    if comparison.originals.ndim == 4:
        names = ["original", *contestants]
        pictures = np.stack([comparison.originals, *(each.reconstructions for each in contestants.values())])
        titles = []
        if comparison.labels is not None and comparison.label_names:
            titles = [comparison.label_names[label] for label in comparison.labels[comparison.rows]]
        yield figures.strips(np.clip(pictures, 0, 1), names, titles)
    spaces = [(name, to_two_dimensions(each.codes)) for name, each in list(contestants.items())[:2]]
    yield figures.maps(spaces, comparison.labels, comparison.label_names)
    rows = {
        name: {metric: value for metric, value in each.figures.items() if value is not None}
        for name, each in contestants.items()
    }
    yield figures.comparison(rows, better=BETTER)
