"""`latente map`: what a model's latent space looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latente import words
from latente.checks import Choice
from latente.cli.shared import console as show
from latente.cli.shared.attributes import values_of
from latente.cli.shared.help import INSIDE, examples
from latente.cli.shared.images import few_of, images_for
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
from latente.cli.shared.outputs import refuse_used
from latente.cli.shared.pictures import refuse_picture, save_figures
from latente.cli.shared.readers import option_parser

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from latente.images import Images, Scaling
    from latente.latents import LatentMap

__all__ = ["verb"]

verb = typer.Typer()

MOST_MAPPED = 10_000
FIGURES = {
    "trustworthiness": "of the map's neighbours, 1 is entirely",
    "knn_accuracy": "of 15 nearest neighbours on the map",
    "share": "of the codes' variance",
}

MethodOption = Annotated[
    str,
    typer.Option(
        parser=option_parser(Choice(("auto", "pca", "tsne", "umap"), kind="method").read),
        metavar="NAME",
        help="auto (codes of two numbers as they are, longer ones by PCA), pca, tsne or umap.",
    ),
]
ColourOption = Annotated[
    str | None, typer.Option("--attribute", metavar="NAME", help="Colour by this attribute instead of the classes.")
]
CsvOption = Annotated[
    Path | None,
    typer.Option(
        "--csv", metavar="FILE", help="A table of the map as well: file, label, and where on it each image is."
    ),
]


@verb.command(
    "map",
    rich_help_panel=INSIDE,
    epilog=examples(
        "latente map runs/digits digits --out map.png",
        "latente map runs/digits digits --count 200 --method tsne --out tsne.png",
        "latente map runs/digits digits --out map.png --csv map.csv --force",
    ),
)
def map_(
    run: RunArgument,
    images: ImagesArgument,
    method: MethodOption = "auto",
    attribute: ColourOption = None,
    out: PictureOption = Path("map.png"),
    csv: CsvOption = None,
    split: SplitOption = None,
    count: CountOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Draw the codes of images as a map.

    At most 10,000 of them, and 500 where each code is searched for (gan), unless --count says otherwise.
    """
    from latente.latents import map_codes

    refuse_picture(out, force)
    if csv is not None:
        refuse_used(csv, force, "--csv")
    model = model_for("map", run)
    source = images_for(model, images, split=split, count=count, frames=frames, budget=budget)
    if count is None:
        source, _ = few_of(source, model.usual_count or MOST_MAPPED)
    labels = None if source.labels is None or (source.labels >= 0).sum() < 2 else source.labels
    colouring = None if attribute is None else values_of(source, attribute)
    with show.console(as_json).status(f"mapping {len(source):,} images"):
        codes = model.transform(source)
        plane = map_codes(codes, labels, method=method)
        save_figures(out, _map_figure(plane, source, colouring, model.scaling_))
        if csv is not None:
            _save_table(csv, plane, source)
    dimensions = codes.shape[1]
    if as_json:
        facts = {"run": run, "images": source.name, "count": len(source), "dimensions": dimensions}
        figures = {name: getattr(plane, name) for name in ("method", *FIGURES)}
        show.print_json(facts | figures | {"picture": out, "table": csv})
        return
    size = f"{words.count(len(source), 'image')} of {source.name}, {words.count(dimensions, 'dimension')}"
    rows = [("map", f"{size} by {plane.method}")]
    for name, text in FIGURES.items():
        if (value := getattr(plane, name)) is not None:
            rows.append((name, f"{words.figure(value)} {text}"))
    rows += [("wrote", str(path)) for path in (out, csv) if path is not None]
    show.console().print(show.pairs(rows))


def _save_table(path: Path, plane: LatentMap, images: Images) -> None:
    """Write a row for each image: its file's own name or its number, its class, and its place on the map."""
    import csv

    from latente.files import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    labels = [""] * len(images)
    if images.labels is not None:
        named = dict(enumerate(images.label_names)) | {-1: ""}
        labels = [named.get(label, str(label)) for label in images.labels.tolist()]
    # names that are no text keep their bytes
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        table = csv.writer(file)
        table.writerow(["file", "label", "x", "y"])
        names = images.files or range(len(images))
        for name, label, (x, y) in zip(names, labels, plane.points.tolist(), strict=True):
            table.writerow([name, label, f"{x:.7g}", f"{y:.7g}"])


def _map_figure(plane: LatentMap, images: Images, colouring: tuple[str, np.ndarray] | None, scaling: Scaling) -> Figure:
    """Draw the map, coloured by the classes, or by the name and the values (NaN: unknown) of an attribute.

    Pictures of which no class is known are drawn themselves, as many as fit.
    """
    import numpy as np

    from latente import figures
    from latente.pages import embedding
    from latente.sheets import to_uint8

    kind = {"pca": "component", "identity": "dimension"}.get(plane.method, "coordinate")
    axes = (f"first {kind}", f"second {kind}")
    if colouring is None:
        if images.is_table or (images.labels is not None and (images.labels >= 0).any()):
            return figures.latent_map(plane.points, images.labels, images.label_names, axes)

        def thumbnails(rows: np.ndarray) -> np.ndarray:
            scaled = scaling.to_range(images.take(rows).pixels)
            return to_uint8(scaled, *embedding.window(scaled))

        return figures.latent_map(plane.points, axis_names=axes, thumbnails=thumbnails)
    name, values = colouring
    known = np.isfinite(values)
    if len(np.unique(values[known])) > 2:
        return figures.latent_map(plane.points, axis_names=axes, values=values, value_name=name)
    labels = np.where(known, values > 0, -1).astype(int)
    return figures.latent_map(plane.points, labels, (f"not {name}", name), axes)
