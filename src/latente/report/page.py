"""A run folder becomes one HTML file that needs nothing else: no network, no script, no files beside it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from latente import estimators, pages
from latente.errors import LatenteError
from latente.evidence import Evidence, open_evidence
from latente.images import Images
from latente.languages import recognised, say, speaking
from latente.report.headline import bars, facts, key_figures
from latente.report.sections import find_sections
from latente.report.training import summarise
from latente.report.verdicts import Verdict, judge
from latente.report.yardsticks import find_yardstick
from latente.training import Run

__all__ = ["TEMPLATES", "report_with_verdict", "write_report"]

TEMPLATES = (Path(__file__).parent / "templates", Path(__file__).parent / "sections")


def write_report(
    run: str | os.PathLike[str],
    images: Images | None = None,
    out: str | os.PathLike[str] | None = None,
    language: str | None = None,
) -> Path:
    """Write the report of the run folder `run` to `out` (default: RUN/report.html) and return its path.

    images: those to judge the model by; by default the test part of the set it was trained on, else that set
    itself. The very images of the training (their fingerprint tells) stand for that set, which is then not opened
    again. At most 5,000 images are measured; what is measured on fewer, the page says. What cannot be shown,
    because the images or the model are missing, is named in the report. language: of the page, "en" or "es"; by default
    the one that the environment variable LATENTE_LANG names, else English. Raises InputError where `run` is no run
    folder, or of a language that is not known.
    """
    return report_with_verdict(run, images, out, language)[0]


def report_with_verdict(
    run: str | os.PathLike[str],
    images: Images | None = None,
    out: str | os.PathLike[str] | None = None,
    language: str | None = None,
) -> tuple[Path, Verdict]:
    """Do what `write_report` does, and return beside the path what the page says of how good the model is."""
    folder = Run.open(run)
    path = Path(out) if out is not None else folder.path / "report.html"
    with speaking(language):
        page = _page(_gather(folder, images))
        text = pages.lay_out("report.html.j2", page, *TEMPLATES)
    return pages.write(path, text), page["verdict"]


def _gather(run: Run, images: Images | None) -> Evidence:
    """Load the model, open the images and pass them through it; where that cannot be done, say why."""
    model = None
    try:
        model = estimators.load(run.path)
        evidence = open_evidence(run, model, images)
        _ = evidence.outputs  # the one pass: images of another kind are refused here
    except LatenteError as error:
        return Evidence(model, options=run.options(), lines=run.lines(), path=run.path, problem=recognised(str(error)))
    return evidence


def _page(evidence: Evidence) -> dict[str, Any]:
    """Return what the page is laid out from."""
    options, training = evidence.options, summarise(evidence.lines)
    yardstick = find_yardstick(evidence.model, evidence)
    run = shlex.quote(str(evidence.path))
    return {
        "style": pages.STYLE,
        "model": evidence.title,
        "set_name": options.get("data", {}).get("name", say("images")),
        "facts": facts(options, training),
        "command": options.get("command"),
        "missing": evidence.problem,
        "verdict": judge(evidence.model, evidence, yardstick, training, run),
        "figures": key_figures(evidence.model, evidence, training),
        "yardstick": yardstick,
        "bars": bars(yardstick),
        "sections": find_sections(evidence),
        "versions": options.get("versions", {}),
    }
