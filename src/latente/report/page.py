"""A run folder becomes one HTML file that needs nothing else: no network, no script, no files beside it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from latente import estimators, figures
from latente.errors import LatenteError
from latente.files import replacing
from latente.images import Images
from latente.report import embedding, sections
from latente.report.inspection import Inspection, Layer, inspect, layers_of, open_evidence
from latente.report.verdict import how_many, judge, summarise
from latente.training import Run

__all__ = ["write_report"]

MODELS = {"autoencoder": "Autoencoder", "vae": "Variational autoencoder"}


def write_report(
    run: str | os.PathLike[str], images: Images | None = None, out: str | os.PathLike[str] | None = None
) -> Path:
    """Write the report of the run folder `run` to `out` (default: RUN/report.html) and return its path.

    images: those to judge the model by; by default the test part of the set it was trained on, else that set
    itself. At most 5,000 of them are measured. What cannot be shown, because the images or the model are
    missing, is named in the report. Raises InputError where `run` is no run folder.
    """
    folder = Run.open(run)
    options, lines = folder.options(), folder.lines()
    page = _page(folder, options, lines, *_look(folder.path, options, images))
    path = Path(out) if out is not None else folder.path / "report.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(_render(page), encoding="utf-8")
    return path


def _look(
    path: Path, options: Mapping[str, Any], images: Images | None
) -> tuple[Inspection | None, list[Layer], str | None]:
    """Load the model, open the images and measure; where that cannot be done, say why."""
    try:
        model = estimators.load(path)
        evidence = open_evidence(options, images)
        return inspect(model, evidence), layers_of(model, evidence.judged), None
    except LatenteError as error:
        return None, [], str(error)


def _page(
    folder: Run,
    options: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    seen: Inspection | None,
    layers: list[Layer],
    missing: str | None,
) -> dict[str, Any]:
    """All that the template lays out."""
    data, training = options.get("data", {}), summarise(lines)
    run, model = shlex.quote(str(folder.path)), str(options.get("model", "model"))
    curves = [
        embedding.svg(figures.curves(lines, [term], training.best_epoch), f"curve-{i}")
        for i, term in enumerate(figures.terms_of(lines))
    ]
    groups, peak = sections.cases(seen)
    return {
        "model": MODELS.get(model, model),
        "set_name": data.get("name", "images"),
        "facts": sections.facts(options, training),
        "command": options.get("command"),
        "missing": missing,
        "verdict": judge(seen, training, run),
        "tiles": sections.tiles(seen, training, options),
        "bars": sections.bars(seen),
        "curves": curves,
        "case_groups": groups,
        "error_peak": peak,
        "shown_reduced": bool(groups) and seen is not None and max(seen.originals.shape[2:]) > embedding.LONGEST_SIDE,
        "window": embedding.window(seen.originals) if seen is not None and groups else (0.0, 1.0),
        "samples": sections.samples(seen),
        "map": sections.latent_map(seen),
        "kl": sections.kl(seen),
        "film": embedding.gif(folder.path / "progress.gif"),
        "judged": "" if seen is None else how_many(seen),
        "metrics": sections.metric_rows(seen),
        "data_rows": sections.data_rows(data),
        "model_rows": sections.option_rows(options.get("options", {}), training=False),
        "training_rows": sections.option_rows(options.get("options", {}), training=True),
        "versions": options.get("versions", {}),
        "layers": layers,
        "usage": sections.usage(str(folder.path), options, training),
    }


def _render(page: Mapping[str, Any]) -> str:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2").render(page)
