"""`latente map`, `compare-pca` and `nearest`: what a model's latent space looks like, and how good and new it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli import console as show
from latente.cli.attributes import values_of
from latente.cli.inputs import images_for, model_of
from latente.cli.options import Count, Force, Json, Run, Source, Split, choice, examples, whole
from latente.cli.options import seed as seed_of
from latente.cli.pictures import NO_IMAGES, Out, OwnSource, check_out, evidence_of, few_of, refuse_tables, save_figures
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from latente.comparison import Comparison
    from latente.evidence import Evidence, Selection
    from latente.images import Images
    from latente.latents import LatentMap, Nearest

__all__ = ["verbs"]

verbs = typer.Typer()

MOST_MAPPED = 10_000
NEIGHBOURS = 3  # training images shown below each sample
PER_LINE = 12
YARDSTICKS = 256  # held-out images whose distances say what new images are like
VALUES_AT_ONCE = 100_000_000  # of the training images, among which is searched
NEAR = 0.05  # the share of held-out images that are nearer than an image that looks copied

Method = Annotated[
    str,
    typer.Option(
        parser=choice("method", ("auto", "pca", "tsne", "umap")),
        metavar="NAME",
        help="auto (codes of two numbers as they are, longer ones by PCA), pca, tsne or umap.",
    ),
]
ColouredBy = Annotated[
    str | None, typer.Option("--attribute", metavar="NAME", help="Colour by this attribute instead of the classes.")
]
EqualDecoder = Annotated[
    bool, typer.Option("--equal-decoder", help="Also train a decoder of the model's shape on PCA's codes.")
]
Number = Annotated[int, typer.Option("-n", parser=whole, metavar="N", help="How many samples.")]
Seed = Annotated[
    int | None, typer.Option(parser=seed_of, metavar="N", help="Seed of the draw: same seed, same samples.")
]
Instead = Annotated[
    str | None, typer.Option("--images", metavar="IMAGES", help="Look up these images instead of samples.")
]


@verbs.command(
    "map",
    epilog=examples(
        "latente map runs/digits digits --out map.png",
        "latente map runs/digits digits --count 200 --method tsne --out tsne.png",
    ),
)
def map_(
    run: Run,
    images: Source,
    method: Method = "auto",
    attribute: ColouredBy = None,
    out: Out = Path("map.png"),
    split: Split = None,
    count: Count = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Draw the codes of images as a map.

    At most 10,000 of them, unless --count says otherwise.
    """
    from latente.latents import map_codes

    check_out(out, force)
    model = model_of(run)
    found = images_for(model, images, split, count)
    if count is None:
        found, _ = few_of(found, MOST_MAPPED)
    labels = None if found.labels is None or (found.labels >= 0).sum() < 2 else found.labels
    colouring = None if attribute is None else values_of(found, attribute)
    with show.console(as_json).status(f"mapping {len(found):,} images"):
        codes = model.transform(found)
        mapped = map_codes(codes, labels, method=method)
        save_figures(out, _map_figure(mapped, found, colouring))
    numbers = {name: getattr(mapped, name) for name in ("method", "trustworthiness", "knn_accuracy", "share")}
    what = {"run": run, "images": found.name, "count": len(found), "dimensions": codes.shape[1]}
    if as_json:
        show.print_json(what | numbers | {"picture": out})
        return
    told = {
        "trustworthiness": "of the map's neighbours, 1 is entirely",
        "knn_accuracy": "of 15 nearest neighbours on the map",
        "share": "of the codes' variance",
    }
    rows = [("map", f"{len(found):,} images of {found.name}, {what['dimensions']:,} dimensions by {mapped.method}")]
    rows += [(name, f"{show.figure(numbers[name])} {text}") for name, text in told.items() if numbers[name] is not None]
    show.console().print(show.pairs([*rows, ("wrote", str(out))]))


def _map_figure(mapped: LatentMap, images: Images, colouring: tuple[str, np.ndarray] | None) -> Figure:
    """Draw the map, coloured by the classes, or by the name and the values (NaN: unknown) of an attribute."""
    import numpy as np

    from latente import figures

    axes = ("component 1", "component 2") if mapped.method == "pca" else ("dimension 1", "dimension 2")
    if colouring is None:
        return figures.latent_map(mapped.points, images.labels, images.label_names, axes)
    name, values = colouring
    known = np.isfinite(values)
    if len(np.unique(values[known])) > 2:
        return figures.latent_map(mapped.points, axis_names=axes, values=values, value_name=name)
    labels = np.where(known, values > 0, -1).astype(int)
    return figures.latent_map(mapped.points, labels, (f"not {name}", name), axes)


@verbs.command(
    "compare-pca",
    epilog=examples(
        "latente compare-pca runs/digits --out pca.png",
        "latente compare-pca runs/digits digits --split test --equal-decoder --json",
    ),
)
def compare_pca(
    run: Run,
    images: OwnSource = None,
    equal_decoder: EqualDecoder = False,
    out: Out = Path("compare-pca.png"),
    split: Split = None,
    count: Count = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Compare a model with PCA of as many dimensions.

    Both learn from the training images; judged are those of the test part, where --split names no other.
    """
    from latente.comparison import compare_with_pca
    from latente.metrics import PROTOCOLS

    check_out(out, force)
    model = model_of(run)
    evidence = _judged_by(run, model, images, split, count)
    if evidence.learned is None:
        raise InputError(
            f"{run} was trained on an array in memory, from which PCA has to learn too; save it as a .npy file and "
            "give that as IMAGES"
        )
    judged = evidence.judged
    assert judged is not None
    test = judged.images.take(judged.rows) if len(judged) < len(judged.images) else judged.images
    with show.progress() as step:
        compared = compare_with_pca(model, evidence.learned.images, test, equal_decoder=equal_decoder, progress=step)
    save_figures(out, *_comparison_figures(compared))
    protocols = {
        **{name: PROTOCOLS[name] for name in ("mse", "psnr")},
        "knn_accuracy": f"share of images whose class their {compared.k} nearest training codes vote for",
        "trustworthiness": f"of the codes' {compared.k} nearest neighbours towards those of the images",
    }
    if as_json:
        show.print_json(
            {"run": run, "images": test.name, "judged": judged.name, **compared.to_json()}
            | {"protocols": protocols, "picture": out}
        )
        return
    screen = show.console()
    learned = f"{compared.train_count:,} training images"
    rows = [("images", f"{test.name}: {len(test):,} {judged.name}, {learned}")]
    screen.print(show.pairs([*rows, ("code", f"{compared.dimensions:,} numbers")]), "")
    names = list(compared.contestants)
    lines = show.table("metric", *names, "protocol", right=names)
    for metric, protocol in protocols.items():
        values = [found.figures[metric] for found in compared.contestants.values()]
        if any(value is not None for value in values):
            lines.add_row(metric, *("" if value is None else show.figure(value) for value in values), protocol)
    screen.print(lines, "", show.pairs([("wrote", str(out))]))


def _judged_by(run: Path, model: Any, images: str | None, split: str | None, count: int | None) -> Evidence:
    """What the run learned from, and the images to judge by: of those named the test part, where there is one."""
    import numpy as np

    from latente.evidence import Selection

    if images is None:
        if split is not None or count is not None:
            raise InputError(NO_IMAGES)
        return evidence_of(run, model)
    found = images_for(model, images, split, count)
    if split is None and "test" in found.parts:
        split = "test"
        found = images_for(model, images, split, count)
    if split is None:
        return evidence_of(run, model, found)
    judged = Selection(found, np.arange(len(found)), f"{split} images")
    return dataclasses.replace(evidence_of(run, model), judged=judged)


def _comparison_figures(compared: Comparison) -> Iterator[Figure]:
    """Reconstructions below each other, maps beside each other, and the figures as bars."""
    import numpy as np

    from latente import figures
    from latente.latents import to_two_dimensions

    contestants = compared.contestants
    if compared.originals.ndim == 4:
        names = ["original", *contestants]
        pictures = np.stack([compared.originals, *(found.reconstructions for found in contestants.values())])
        titles = []
        if compared.labels is not None and compared.label_names:
            titles = [compared.label_names[label] for label in compared.labels[compared.rows]]
        yield figures.strips(np.clip(pictures, 0, 1), names, titles)
    spaces = [(name, to_two_dimensions(found.codes)) for name, found in list(contestants.items())[:2]]
    yield figures.maps(spaces, compared.labels, compared.label_names)
    better = {"mse": "lower", "psnr": "higher", "knn_accuracy": "higher", "trustworthiness": "higher"}
    rows = {
        name: {metric: value for metric, value in found.figures.items() if value is not None}
        for name, found in contestants.items()
    }
    yield figures.comparison(rows, better=better)


@verbs.command(
    epilog=examples(
        "latente nearest runs/digits --seed 0 --out nearest.png",
        "latente nearest runs/digits --images digits -n 6 --out known.png",
    )
)
def nearest(
    run: Run,
    n: Number = 12,
    seed: Seed = None,
    images: Instead = None,
    out: Out = Path("nearest.png"),
    split: Split = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Show samples with the training images nearest to them.

    Where samples lie much nearer to them than images that training never saw, the model knows them by heart.
    """
    import numpy as np

    from latente.evidence import as_pictures, scaled

    check_out(out, force)
    if images is None and split is not None:
        raise InputError("--split chooses among --images, which are not given; leave it out")
    if n < 1:
        raise InputError(f"-n {n} is too few; give 1 or more")
    model = model_of(run)
    refuse_tables(model)
    evidence = evidence_of(run, model)
    if images is None:
        queries = as_pictures(model, model.sample(n, random_state=seed))
    else:
        few, _ = few_of(images_for(model, images, split), n)
        queries = scaled(few.pixels, model.scaling_)
    with show.console(as_json).status("searching the training images"):
        found = _search(model, evidence, queries, NEIGHBOURS)
        yardstick = _yardstick(model, evidence)
    order = np.argsort(found.distances[:, 0], kind="stable")
    known = scaled(_targets(evidence.learned)[found.indices[order].reshape(-1)], model.scaling_)
    neighbours = known.reshape(len(order), -1, *known.shape[1:])
    what = "sample" if images is None else "image"
    distances = found.distances[order]
    save_figures(out, *_nearest_figures(queries[order], neighbours, distances[:, 0], what))
    near = None if yardstick is None else float(np.quantile(yardstick, NEAR))
    numbers = {
        "distances": [
            {what: int(row), "distance": float(distance), "training_image": int(index)}
            for row, distance, index in zip(order, distances[:, 0], found.indices[order, 0], strict=True)
        ],
        "median": float(np.median(distances[:, 0])),
        "held_out": None if yardstick is None else {"count": len(yardstick), "median": float(np.median(yardstick))},
        "near": near,
        "nearer": None if near is None else int((distances[:, 0] < near).sum()),
    }
    if as_json:
        show.print_json({"run": run, "images": images, **numbers, "picture": out})
        return
    rows = [(f"{what}s", f"{len(order):,}, median distance {numbers['median']:.4f} to the nearest training image")]
    if yardstick is not None:
        told = f"{len(yardstick):,} images that training never saw: median distance {np.median(yardstick):.4f}"
        copied = f"{numbers['nearer']} of {len(order)} lie nearer than all but {NEAR:.0%} of those do"
        rows += [("yardstick", told), ("copied", copied)]
    show.console().print(show.pairs([*rows, ("wrote", str(out))]))


def _search(model: Any, evidence: Evidence, queries: np.ndarray, k: int) -> Nearest:
    """Return the nearest training images of scaled `queries`, by their rows in the run's set."""
    import numpy as np

    from latente.evidence import scaled
    from latente.latents import Nearest
    from latente.latents import nearest as nearest_of

    known = _targets(evidence.learned)
    assert evidence.learned is not None
    rows = evidence.learned.rows
    size = max(1, VALUES_AT_ONCE // queries[0].size)  # a part of a memory map at a time
    parts = np.array_split(rows, -(-len(rows) // size))
    found = [nearest_of(queries, scaled(known[part], model.scaling_), k=min(k, len(part))) for part in parts]
    indices = np.hstack([part[one.indices] for part, one in zip(parts, found, strict=True)])
    distances = np.hstack([one.distances for one in found])
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Nearest(np.take_along_axis(indices, order, 1), np.take_along_axis(distances, order, 1))


def _targets(selection: Selection | None) -> np.ndarray:
    """The pixels of what the model learned to make, of the whole set: the targets, where it has some."""
    assert selection is not None
    return selection.images.columns.get("target", selection.images.pixels)


def _yardstick(model: Any, evidence: Evidence) -> np.ndarray | None:
    """The distances (N,) of images that training never saw; None where there are none."""
    from latente.evidence import scaled

    if not evidence.is_unseen or evidence.judged is None:
        return None
    few = evidence.judged.drawn(YARDSTICKS, seed=0)
    return _search(model, evidence, scaled(few.targets, model.scaling_), 1).distances[:, 0]


def _nearest_figures(queries: np.ndarray, neighbours: np.ndarray, distances: np.ndarray, what: str) -> Iterator[Figure]:
    """Each query with its neighbours below it, a line of them after the other."""
    import numpy as np

    from latente import figures

    names = [what, *["nearest", "second", "third"][: neighbours.shape[1]]]
    columns = np.concatenate([queries[:, None], neighbours], axis=1).clip(0, 1)
    for part in np.array_split(np.arange(len(columns)), -(-len(columns) // PER_LINE)):
        titles = [f"{distance:.3f}" for distance in distances[part]]
        yield figures.strips(columns[part].swapaxes(0, 1), names, titles)
