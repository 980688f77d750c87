"""The latent space as a map, and how much each of its dimensions carries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from latente import figures
from latente.estimators.abilities import Encodes
from latente.evidence import Evidence
from latente.formulas import ACTIVE_UNIT_VARIANCE
from latente.languages import Figure, joined, say
from latente.latents import LatentMap, knn_accuracy, map_codes, trustworthiness
from latente.metrics import lacking
from latente.pages import embedding
from latente.report.charts import Chart
from latente.report.sections.section import Section, shown_of
from latente.report.verdicts import how_many
from latente.sheets import to_uint8
from latente.words import percent

__all__ = ["NEIGHBOURS", "Maps", "find", "find_maps"]

NEIGHBOURS = 15  # in both figures of a map
MOST_TRUSTED = 1_000  # images whose neighbours are looked up for the trustworthiness


@dataclasses.dataclass(frozen=True)
class Maps:
    """The map of the codes, and that of the raw values by PCA, of the same images.

    trusts: trustworthiness, towards the raw values, of either map and of all latent dimensions; empty for fewer
    than four images. accuracy: of k nearest neighbours among all latent dimensions; None without classes.
    """

    codes: LatentMap
    raw: LatentMap
    trusts: list[float]
    accuracy: float | None


def find(model: object, evidence: Evidence) -> Section | None:
    """The map of the codes beside that of the raw values, and the use of each dimension; None where neither is had."""
    if not isinstance(model, Encodes) or "codes" not in evidence.outputs:
        return None
    maps, charts, scores = find_maps(evidence), [], []
    if maps is not None:
        charts, scores = _charts(evidence, maps), _scores(evidence, maps)
    if evidence.latent_use is not None:
        charts.append(_dimensions(*evidence.latent_use))
    if not charts:
        return None
    content = {"charts": charts, "scores": scores, "note": _note(maps)}
    lead = shown_of(evidence, len(evidence.outputs["codes"]))
    return Section(say("The latent space"), "latent", "latent.html.j2", content, lead)


def find_maps(evidence: Evidence) -> Maps | None:
    """Return the maps of all the measured images, with figures of a draw of them; None for less than three."""
    images, codes = evidence.outputs["images"], evidence.outputs["codes"]
    if len(codes) < 3:
        return None
    raw, labels = evidence.outputs.get("targets", images).reshape(len(codes), -1), evidence.labels
    plane = map_codes(codes, labels, k=NEIGHBOURS)
    linear = map_codes(raw, labels, method="pca", k=NEIGHBOURS)
    trusts = [
        trustworthiness(raw, points, k=NEIGHBOURS, most=MOST_TRUSTED)
        for points in (plane.points, linear.points, codes)
        if len(codes) >= 4
    ]
    accuracy = None if labels is None else knn_accuracy(codes, labels, k=NEIGHBOURS)
    return Maps(plane, linear, trusts, accuracy)


def _charts(evidence: Evidence, maps: Maps) -> list[Chart]:
    labels, names, colours = _classes(evidence)
    dimensions = evidence.outputs["codes"].shape[1]
    axes = (say("first component"), say("second component"))
    if dimensions == 2:
        how = say("the two latent dimensions as they are")
        own_axes = (say("first dimension"), say("second dimension"))
    elif dimensions == 1:
        how, own_axes = say("the one latent dimension"), (say("the dimension"), "")
    else:
        template = "the two main directions (PCA) of {dimensions} latent dimensions, {share} of their variance"
        how, own_axes = say(template, dimensions=dimensions, share=percent(maps.codes.share or 0.0)), axes
    thumbnails = _thumbnails(evidence) if labels is None else None
    plane = figures.latent_map(maps.codes.points, labels, names, own_axes, thumbnails=thumbnails)
    if thumbnails is not None:
        colours = say("At some of the points stand their images, as many as fit beside each other.")
    linear = figures.latent_map(maps.raw.points, labels, names, axes, thumbnails=thumbnails)
    template = "For comparison, PCA of the pixels: {share} of their variance."
    if evidence.is_table:
        template = "For comparison, PCA of the features: {share} of their variance."
    note = say(template, share=percent(maps.raw.share or 0.0))
    what = say("The latent map: {images}; {how}.", images=how_many(evidence), how=how)
    what = joined([what, colours], "{first} {second}") if colours else what
    return [
        Chart("map", embedding.svg(plane, "map"), what),
        Chart("pca-map", embedding.svg(linear, "pca-map"), note),
    ]


def _classes(evidence: Evidence) -> tuple[np.ndarray | None, Sequence[str], str]:
    """What to colour a map by, names for it, and words: the classes, else the attribute that the codes tell best."""
    assert evidence.measured is not None
    images = evidence.measured.images
    values = evidence.measured.column("attributes")
    if images.labels is not None or values is None or not evidence.directions:
        return evidence.labels, images.label_names, ""
    name = evidence.directions[0].attribute
    labels = np.where(lacking(values[:, images.attribute_names.index(name)]), 0, 1)
    words = say("Coloured by {name}, the attribute that the codes tell best.", name=name)
    return labels, (say("without"), say("with")), words


def _thumbnails(evidence: Evidence) -> Callable[[np.ndarray], np.ndarray] | None:
    """What gives the pictures to show on the map; None for tables."""
    if evidence.is_table:
        return None
    originals, limits = evidence.originals, embedding.window(evidence.originals)
    return lambda places: to_uint8(originals[places], *limits)


def _scores(evidence: Evidence, maps: Maps) -> list[tuple[str, str, str]]:
    """Name, k-NN accuracy and trustworthiness of the two maps and of the whole latent space."""
    if not maps.trusts:
        return []
    dimensions = evidence.outputs["codes"].shape[1]
    linear = say("PCA map of the features" if evidence.is_table else "PCA map of the pixels")
    rows = [(say("latent map"), maps.codes.knn_accuracy), (linear, maps.raw.knn_accuracy)]
    if dimensions > 2:
        rows.append((say("all {dimensions} latent dimensions", dimensions=dimensions), maps.accuracy))
    return [
        (name, "" if accuracy is None else Figure(f"{accuracy:.3f}"), Figure(f"{trust:.3f}"))
        for (name, accuracy), trust in zip(rows, maps.trusts, strict=False)
    ]


def _note(maps: Maps | None) -> str:
    """What the scores are."""
    template = (
        "Trustworthiness: how far neighbours here are neighbours among the raw values too (Venna & Kaski 2001; 1 is "
        "entirely; on at most {most} images)."
    )
    trust = say(template, most=MOST_TRUSTED)
    if maps is None or maps.accuracy is None:
        return trust
    template = "k-NN accuracy: the share of images whose class the vote of their {most} nearest neighbours finds."
    return joined([say(template, most=NEIGHBOURS), trust], "{first} {second}")


def _dimensions(kl: np.ndarray, active: np.ndarray) -> Chart:
    """The bars of KL per dimension, and how many dimensions are active."""
    template = (
        "KL from each dimension's posterior to the prior, mean over images. Active are the {active} of {all} whose "
        "posterior mean varies over the images with a variance above {least} (Burda et al. 2016); grey ones are idle."
    )
    least = Figure(f"{ACTIVE_UNIT_VARIANCE:g}")
    note = say(template, active=int(active.sum()), all=len(kl), least=least)
    return Chart("kl", embedding.svg(figures.kl_bars(kl, active), "kl"), note)
