"""Where it fails: the kinds of images that it rebuilds worst, and those that it draws too rarely or too often."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence

import numpy as np

from latente import figures
from latente.estimators.abilities import Reconstructs, Samples
from latente.evidence import Evidence
from latente.languages import Figure, say
from latente.metrics import AttributeShare, Group, lacking
from latente.pages import embedding
from latente.report.charts import Chart
from latente.report.sections.reconstructions import Case, cases
from latente.report.sections.section import Section
from latente.report.verdicts import how_many
from latente.weaknesses import (
    SampleShares,
    examples_of,
    groups_of,
    halves_of,
    has_attributes,
    shares_among_samples,
)
from latente.words import figure, percent

__all__ = ["Kind", "find", "find_groups", "find_shares", "of_groups", "of_shares"]

MOST_GROUPS = 20  # in a figure that can be read, and a table
WORST = 4
SAMPLES = 2_000  # as `latente evaluate` draws more of, since every training ends with a report


@dataclasses.dataclass(frozen=True)
class Kind:
    """One way to tell images apart: a figure, the hardest groups, how many there are besides, and the worst images."""

    title: str
    column: str
    charts: list[Chart]
    rows: list[tuple[str, ...]]
    rest: int
    worst: list[tuple[str, list[Case]]]


def find(model: object, evidence: Evidence) -> Section | None:
    """The error by attribute and by class, the worst of the hardest, and attributes among samples; None for tables.

    Of a model that rebuilds nothing there are only the samples, of images without attributes only the classes.
    """
    groups, shares = find_groups(model, evidence), find_shares(model, evidence)
    if not groups and shares is None:
        return None
    findings = [of_groups(kind, lines) for kind, lines in groups.items()]
    lead = ""
    if groups:
        template = (
            "The squared error (mean per value, in units of the range) of {images}, by what they show. "
            "Whiskers and intervals are of 95 %: of a mean by Student's t, of a difference of two by Welch's. Each "
            "is of its own line: where nothing makes a difference, one line of 20 seems to. What is called hard is so "
            "with all lines counted in (Bonferroni)."
        )
        lead = say(template, images=how_many(evidence))
    content = {
        "findings": [*findings, *([] if shares is None else [of_shares(shares)])],
        "kinds": [_kind(evidence, kind, lines) for kind, lines in groups.items()],
        "shares": None if shares is None else [_row(share) for share in shares.shares],
        "note": None if shares is None else _note(evidence, shares),
    }
    return Section(say("Where it fails"), "weaknesses", "weaknesses.html.j2", content, lead)


def find_groups(model: object, evidence: Evidence) -> dict[str, list[Group]]:
    """Return the squared error "by attribute" and "by class", as far as the measured images have such."""
    if not isinstance(model, Reconstructs) or "reconstructions" not in evidence.outputs or evidence.is_table:
        return {}
    assert evidence.measured is not None
    return groups_of(evidence.figures["mse"], evidence.measured.take())


def find_shares(model: object, evidence: Evidence) -> SampleShares | None:
    """Return the share of each attribute among samples; None without either, and for tables.

    The classifier learns from training images and is tried on the measured ones, where training saw none of these, else
    on the two halves of the measured ones.
    """
    measured, learned = evidence.measured, evidence.learned_few
    if measured is None or evidence.is_table or not isinstance(model, Samples) or not has_attributes(measured.images):
        return None
    names, in_data = measured.images.attribute_names, None
    if evidence.is_unseen and learned is not None and learned.images.attribute_names == names:
        assert evidence.learned is not None
        in_data = (~lacking(np.asarray(evidence.learned.column("attributes")))).mean(axis=0)
        parts = examples_of(learned.take()), examples_of(measured.take())
    else:
        parts = halves_of(measured.take())
    return shares_among_samples(model, *parts, names, in_data=in_data, most=SAMPLES)


def of_groups(kind: str, groups: Sequence[Group]) -> str:
    """Say which of the groups is the hardest, where one is harder than all others beyond chance."""
    hardest = next((group for group in groups if group.is_higher), None)
    is_class = kind == "by class"
    if hardest is None:
        template = "No attribute is rebuilt worse than the rest beyond chance."
        if is_class:
            template = "No class is rebuilt worse than the rest beyond chance."
        return say(template)
    own, others = hardest.means
    template = "The hardest attribute is {name}: its squared error is {times} that of the other images."
    if is_class:
        template = "The hardest class is {name}: its squared error is {times} that of the other images."
    times = say("{times} times", times=Figure(f"{own / others:.3g}")) if others else say("above")
    return say(template, name=hardest.name, times=times)


def of_shares(shares: SampleShares) -> str:
    """Say which attribute is farthest from its share among real images."""
    farthest = shares.shares[0]
    if farthest.in_samples is None or farthest.interval is None:
        return say("Of no attribute can a plain classifier tell whether a sample has it.")
    template = "Among {count} samples the share of {name} is farthest from that of real images: {drawn} for {called}."
    drawn = _with_ends(farthest.in_samples, farthest.interval)
    return say(template, count=shares.count, name=farthest.name, drawn=drawn, called=percent(farthest.called))


def _with_ends(share: float, interval: tuple[float, float]) -> str:
    low, high = map(percent, interval)
    return say("{share} ({low} to {high})", share=percent(share), low=low, high=high)


def _kind(evidence: Evidence, kind: str, groups: Sequence[Group]) -> Kind:
    shown, is_class = groups[:MOST_GROUPS], kind == "by class"
    whose = say("images of the class, 95 % interval" if is_class else "images with the attribute, 95 % interval")
    chart = figures.interval_bars(
        {group.name: (group.means[0], group.interval) for group in shown},
        {group.name: group.means[1] for group in shown},
        say("mean squared error"),
        legend=(whose, say("all other images")),
        bright=[group.name for group in shown if group.is_higher],
    )
    rows = [
        (group.name, figure(group.counts[0]), *map(figure, group.means), _between(group.gap, group.gap_interval))
        for group in shown
    ]
    identity = f"error-{kind.replace(' ', '-')}"
    note = say("In colour: harder than the others beyond chance.")
    charts = [Chart(identity, embedding.svg(chart, identity), note)]
    title, column = (
        say("Error by class" if is_class else "Error by attribute"),
        say("class" if is_class else "attribute"),
    )
    return Kind(title, column, charts, rows, len(groups) - len(shown), _worst(evidence, kind, groups))


def _between(value: float, interval: tuple[float, float]) -> str:
    own, low, high = (Figure(f"{end:.2g}".replace("-", "\N{MINUS SIGN}")) for end in (value, *interval))
    return say("{share} ({low} to {high})", share=own, low=low, high=high)


def _worst(evidence: Evidence, kind: str, groups: Sequence[Group]) -> list[tuple[str, list[Case]]]:
    """The worst images of the hardest group beside what the model makes of them; none where none is hard."""
    hardest = next((group for group in groups if group.is_higher), None)
    if hardest is None:
        return []
    assert evidence.measured is not None
    values = evidence.measured.column("attributes" if kind == "by attribute" else "label")
    assert values is not None
    own = ~lacking(values)[:, hardest.key] if kind == "by attribute" else values == hardest.key
    places = np.flatnonzero(own)
    worst = places[np.argsort(-evidence.figures["mse"][places], kind="stable")][:WORST]
    return [(say("{name}: the worst", name=hardest.name), cases(evidence, worst)[0])]


def _row(share: AttributeShare) -> tuple[str, ...]:
    told = say("{share} ({commoner})", share=percent(share.accuracy), commoner=percent(share.commoner))
    if share.in_samples is None or share.interval is None:
        return share.name, percent(share.in_data), told, percent(share.called), say("cannot be told")
    drawn = _with_ends(share.in_samples, share.interval)
    return share.name, percent(share.in_data), told, percent(share.called), drawn


def _note(evidence: Evidence, shares: SampleShares) -> str:
    run = "RUN" if evidence.path is None else shlex.quote(str(evidence.path))
    template = (
        "Told by a logistic regression for each attribute, on means over small squares, learned from "
        "{learned} real images and tried on {tried} others; in brackets what always giving the "
        "commoner answer would get right. Compare the share among samples with what the classifier says of real "
        "images: both have its errors in them. An attribute of which it does not take away half of the commoner "
        "answer's errors has no share. Intervals are of 95 % (Wilson's, binomial), and of the samples' chance alone. "
        "`latente evaluate {run} IMAGES` counts more samples."
    )
    return say(template, learned=shares.learned, tried=shares.tried, run=run)
