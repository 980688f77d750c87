"""How reconstructions differ from image to image."""

from __future__ import annotations

import numpy as np

from latente import figures
from latente.estimators.abilities import Reconstructs
from latente.evidence import Evidence
from latente.languages import say
from latente.metrics import PSNR_CEILING
from latente.pages import embedding
from latente.report.charts import Chart, peak_note
from latente.report.sections.section import Section
from latente.report.verdicts import how_many

__all__ = ["find"]


def find(model: object, evidence: Evidence) -> Section | None:
    """How PSNR and SSIM are spread over the images; None for tables and for a single image."""
    if not isinstance(model, Reconstructs) or "reconstructions" not in evidence.outputs:
        return None
    psnrs, ssims = evidence.figures["psnr"], evidence.figures.get("ssim")
    if evidence.is_table or len(psnrs) < 2:
        return None
    figure = figures.histogram(np.minimum(psnrs, PSNR_CEILING), "PSNR", "dB")
    note = say("{images}; peak 1.0, the whole range of the data.", images=how_many(evidence))
    charts = [Chart("psnrs", embedding.svg(figure, "psnrs"), note)]
    if ssims is not None:
        figure = figures.histogram(ssims, "SSIM")
        charts.append(Chart("ssims", embedding.svg(figure, "ssims"), say("the same images; 1 is identical.")))
    content = {"charts": charts, "remark": say("On the peak."), "note": peak_note(evidence.metrics["psnr"])}
    return Section(say("How good from image to image"), "spread", "charts.html.j2", content)
