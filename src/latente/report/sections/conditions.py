"""How near the conditions that a model decodes come to those of the images, and where they lie on the latent map."""

from __future__ import annotations

import numpy as np

from latente import figures
from latente.evidence import Evidence
from latente.languages import Figure, joined, say
from latente.latents import map_codes
from latente.pages import embedding
from latente.report.charts import Chart
from latente.report.sections.section import Section
from latente.report.verdicts import how_many
from latente.words import figure

__all__ = ["find"]

MOST_CHARTS = 6  # conditions that are drawn


def find(model: object, evidence: Evidence) -> Section | None:
    """The conditions that a model of images and conditions decodes; None of any other."""
    truth, told = evidence.outputs.get("condition"), evidence.outputs.get("conditions")
    names: tuple[str, ...] = getattr(model, "condition_names_", ())
    if truth is None or len(truth) < 3:
        return None
    scaling = evidence.model.column_scalings_["condition"]
    known = scaling.from_range(truth)
    points = map_codes(evidence.outputs["codes"], None).points
    charts, rest = [], []
    for k, name in enumerate(names):
        values = known[:, k]
        note = say("the images' own values")
        if told is not None:
            made = scaling.from_range(told)[:, k]
            error = np.sqrt(np.mean((made - values) ** 2))
            span = float(np.ptp(values)) or 1.0
            share = Figure(f"{100 * error / span:.2f}\N{NO-BREAK SPACE}%")
            template = "decoded with an error of {error} (root mean square), {share} of its range"
            note = say(template, error=figure(float(error)), share=share)
        if k >= MOST_CHARTS:
            rest.append(say("{name}: {note}.", name=name, note=note))
            continue
        plane = figures.latent_map(points, values=values, value_name=name)
        charts.append(
            Chart(
                f"condition-{k}", embedding.svg(plane, f"condition-{k}"), say("{name}: {note}.", name=name, note=note)
            )
        )
    remark = say("The conditions are given to encoder and decoder.")
    if told is not None:
        remark = say("The conditions are decoded from the codes as the images are.")
    content = {"charts": charts, "remark": remark, "note": joined(rest, "{first} {second}")}
    lead = say("The latent map of {images}, coloured by each number of their condition.", images=how_many(evidence))
    return Section(say("Conditions"), "conditions", "charts.html.j2", content, lead)
