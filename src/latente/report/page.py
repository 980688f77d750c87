"""A run folder becomes one HTML file that needs nothing else: no network, no script, no files beside it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from latente import estimators
from latente.errors import LatenteError
from latente.files import replacing
from latente.images import Images
from latente.report import charts, embedding, galleries, sections
from latente.report.evidence import open_evidence
from latente.report.inspection import Inspection, Layer, inspect, layers_of
from latente.report.latent_space import LatentSpace, explore_latents
from latente.report.verdict import how_many, judge, newness, summarise
from latente.training import Run

__all__ = ["MODELS", "write_page", "write_report"]

MODELS = {"autoencoder": "Autoencoder", "vae": "Variational autoencoder"}


def write_report(
    run: str | os.PathLike[str], images: Images | None = None, out: str | os.PathLike[str] | None = None
) -> Path:
    """Write the report of the run folder `run` to `out` (default: RUN/report.html) and return its path.

    images: those to judge the model by; by default the test part of the set it was trained on, else that set
    itself. The very images of the training (their fingerprint tells) stand for that set, which is then not opened
    again. At most 5,000 images are measured; what is measured on fewer, the page says. What cannot be shown,
    because the images or the model are missing, is named in the report. Raises InputError where `run` is no run
    folder.
    """
    folder = Run.open(run)
    options, lines = folder.options(), folder.lines()
    page = _page(folder, options, lines, *_look(folder.path, options, images))
    return write_page("report.html.j2", page, Path(out) if out is not None else folder.path / "report.html")


def write_page(template: str, page: Mapping[str, Any], path: Path) -> Path:
    """Lay `page` out by the template of this name, and write it to `path`, whole or not at all."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template(template).render(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _look(
    path: Path, options: Mapping[str, Any], images: Images | None
) -> tuple[tuple[Inspection, LatentSpace] | None, list[Layer], str | None]:
    """Load the model, open the images and measure; where that cannot be done, say why."""
    try:
        model = estimators.load(path)
        evidence = open_evidence(options, images)
        seen = inspect(model, evidence)
        return (seen, explore_latents(model, seen)), layers_of(model, evidence.judged), None
    except LatenteError as error:
        return None, [], str(error)


def _page(
    folder: Run,
    options: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    looked: tuple[Inspection, LatentSpace] | None,
    layers: list[Layer],
    missing: str | None,
) -> dict[str, Any]:
    """All that the template lays out."""
    data, training = options.get("data", {}), summarise(lines)
    run, model = shlex.quote(str(folder.path)), str(options.get("model", "model"))
    seen = None if looked is None else looked[0]
    return {
        "model": MODELS.get(model, model),
        "set_name": data.get("name", "images"),
        "facts": sections.facts(options, training),
        "command": options.get("command"),
        "missing": missing,
        "verdict": judge(seen, training, run),
        "tiles": sections.tiles(seen, training, options),
        "bars": sections.bars(seen),
        "seen": None if looked is None else _seen(*looked),
        "curves": charts.curves(lines, training),
        "film": embedding.gif(folder.path / "progress.gif"),
        "data_rows": sections.data_rows(data),
        "model_rows": sections.option_rows(options.get("options", {}), training=False),
        "training_rows": sections.option_rows(options.get("options", {}), training=True),
        "versions": options.get("versions", {}),
        "layers": layers,
        "usage": sections.usage(str(folder.path), options, training),
    }


def _seen(seen: Inspection, space: LatentSpace) -> dict[str, Any]:
    """What the template lays out of the images and the latent space."""
    groups, peak = galleries.cases(seen)
    return {
        "case_groups": groups,
        "error_peak": peak,
        "is_worsened": seen.inputs is not None,
        "is_reduced": not seen.is_table and max(seen.originals.shape[2:]) > embedding.LONGEST_SIDE,
        "window": embedding.window(seen.originals),
        "histograms": charts.histograms(seen),
        "peak_note": charts.peak_note(seen.psnr),
        "samples": galleries.samples(seen, space),
        "newness": None if space.novelty is None else newness(space.novelty),
        "has_prior": seen.kl is not None,
        "maps": charts.maps(seen, space),
        "map_scores": charts.map_scores(seen, space),
        "scores_note": charts.scores_note(space),
        "kl": charts.kl(seen),
        "traversal": galleries.traversal(seen, space),
        "edits": galleries.edits(seen, space),
        "edits_note": galleries.edits_note(),
        "judged": how_many(seen),
        "metrics": sections.metric_rows(seen),
    }
