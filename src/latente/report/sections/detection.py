"""Which images a detector finds odd: kind by kind, and the ones to look at, with where they are odd."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from latente.estimators.abilities import Localises
from latente.evidence import Evidence
from latente.languages import Figure, joined, say
from latente.pages import embedding
from latente.report.oddness import Oddness, oddness_of
from latente.report.sections.section import Section, image_note
from latente.words import figure, percent

__all__ = ["Group", "Shown", "find"]

EACH = 8
BRIGHTEST = 0.995  # of the pixels' values; what lies above is drawn alike


@dataclasses.dataclass(frozen=True)
class Shown:
    """An image: data URIs of the picture and of its map, "" where there is none, its oddness, and what it is."""

    picture: str
    map: str
    score: str
    note: str


@dataclasses.dataclass(frozen=True)
class Group:
    """Images under a heading of their own; note: which these are, of how many."""

    name: str
    note: str
    images: list[Shown]


def find(model: object, evidence: Evidence) -> Section | None:
    """How well each kind of odd images is found, and the oddest, the false alarms and the missed; None of others."""
    oddness = oddness_of(model, evidence)
    scores = -evidence.outputs["scores"] if "scores" in evidence.outputs else None
    threshold = getattr(model, "threshold_", None)
    if scores is None or threshold is None:
        return None
    kinds = oddness.kinds() if oddness is not None and oddness.has_both else []
    rows = [(kind.name, figure(kind.count), Figure(f"{kind.auroc:.3f}"), percent(kind.missed)) for kind in kinds]
    groups = _groups(model, evidence, scores, float(threshold), oddness)
    template = "An image is taken for odd above an oddness of {threshold}; a usual normal image has 0."
    lead = say(template, threshold=figure(float(threshold)))
    if any(one.map for group in groups for one in group.images):
        maps = say("Beside each: where it is odd, on one scale for all, from black to nearly white.")
        lead = joined([lead, maps], "{first} {second}")
    return Section(say("The odd ones"), "odd", "detection.html.j2", {"kinds": rows, "groups": groups}, lead)


def _groups(
    model: object, evidence: Evidence, scores: np.ndarray, threshold: float, oddness: Oddness | None
) -> list[Group]:
    order = np.argsort(-scores, kind="stable")
    parts = [(say("The oddest"), say("images"), order)]
    if oddness is not None:
        alarms = oddness.places[~oddness.odd & (oddness.scores > threshold)]
        missed = oddness.places[oddness.odd & (oddness.scores <= threshold)]
        alarms, missed = alarms[np.argsort(-scores[alarms])], missed[np.argsort(scores[missed])]
        parts.append((say("Normal images taken for odd"), say("false alarms, the oddest first"), alarms))
        parts.append((say("Odd images taken for normal"), say("missed, the least odd first"), missed))
    wanted = [(name, note, places[:EACH], len(places)) for name, note, places in parts if len(places)]
    shown = _shown(model, evidence, np.concatenate([places for _, _, places, _ in wanted]), scores)
    groups, first = [], 0
    for name, note, places, total in wanted:
        counted = say("{some} of {all} {name}", some=len(places), all=total, name=note)
        groups.append(Group(name, counted, shown[first : first + len(places)]))
        first += len(places)
    return groups


def _shown(model: object, evidence: Evidence, places: np.ndarray, scores: np.ndarray) -> list[Shown]:
    assert evidence.measured is not None
    pictures, maps = [""] * len(places), [""] * len(places)
    if not evidence.is_table:
        few = dataclasses.replace(evidence.measured, rows=evidence.measured.rows[places]).take()
        to_range: Any = evidence.model.scaling_.to_range
        images = [to_range(few.content[k][None]) for k in range(len(places))]
        limits = embedding.window(np.concatenate([one.reshape(-1) for one in images]))
        pictures = [embedding.pictures(one, limits)[0] for one in images]
        if isinstance(model, Localises) and model.has_maps():
            found = [*model.anomaly_map(few)]
            peak = float(np.quantile(np.concatenate([one.reshape(-1) for one in found]), BRIGHTEST)) or 1.0
            maps = [embedding.heat_maps(one[None], (0.0, peak))[0] for one in found]
    notes = [image_note(evidence, place) for place in places.tolist()]
    oddest = [figure(float(scores[place])) for place in places]
    return [Shown(*row) for row in zip(pictures, maps, oddest, notes, strict=True)]
