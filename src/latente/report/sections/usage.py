"""What to do with the model now: commands for what it can do."""

from __future__ import annotations

import shlex

from latente.estimators.abilities import Classifies, Decodes, Encodes, Reconstructs, Restores, Samples, has
from latente.evidence import Evidence
from latente.languages import say
from latente.report.sections.section import Section
from latente.report.training import summarise

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """A purpose and the commands for it, for each ability; None where the run is in no folder."""
    if evidence.path is None:
        return None
    run, source = shlex.quote(str(evidence.path)), (evidence.options.get("data", {}).get("source") or {}).get("source")
    images = shlex.quote(str(source)) if source else "IMAGES"
    uses = []
    if isinstance(model, Reconstructs):
        uses.append((say("Reconstruct images"), f"latente reconstruct {run} {images} --out reconstructed"))
    if has(model, Restores):
        uses.append((say("Restore picture files"), f"latente restore {run} PICTURES --out restored --check"))
    if isinstance(model, Samples):
        uses.append((say("Draw new images"), f"latente sample {run} -n 64 --out samples.png"))
    if isinstance(model, Encodes):
        uses.append((say("Get the codes"), f"latente encode {run} {images} --out codes.npz"))
        uses.append((say("Explore the codes on a map"), f"latente explore {run}"))
    if model is not None:
        uses.append((say("Measure it on other images"), f"latente evaluate {run} IMAGES --json"))
    if evidence.is_counted_in_epochs:
        epochs = 2 * max(1, summarise(evidence.lines).epochs)
        uses.append((say("Train it further"), f"latente resume {run} --epochs {epochs}"))
    uses.append((say("Use it from Python"), _in_python(model, str(evidence.path))))
    return Section(say("Using this model"), "usage", "usage.html.j2", {"uses": uses})


def _in_python(model: object, path: str) -> str:
    lines = ["from latente import load", "", f"model = load({path!r})"]
    if isinstance(model, Classifies):
        lines += ["classes = model.predict(images)", "probabilities = model.predict_proba(images)"]
    if isinstance(model, Encodes):
        lines.append("codes = model.encode(images)")
    if has(model, Restores):
        lines.append("better = model.restore(pictures)")
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        lines.append("again = model.decode(codes)")
    return "\n".join(lines)
