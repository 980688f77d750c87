"""The latent space as a map, and how much each of its dimensions carries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from latente import figures
from latente.estimators.abilities import Encodes
from latente.evidence import Evidence
from latente.formulas import ACTIVE_UNIT_VARIANCE
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
    return Section("The latent space", "latent", "latent.html.j2", content, lead)


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
    dimensions, unit = evidence.outputs["codes"].shape[1], "features" if evidence.is_table else "pixels"
    axes = ("first component", "second component")
    if dimensions == 2:
        how, own_axes = "the two latent dimensions as they are", ("first dimension", "second dimension")
    elif dimensions == 1:
        how, own_axes = "the one latent dimension", ("the dimension", "")
    else:
        share = f"{percent(maps.codes.share or 0.0)} of their variance"
        how, own_axes = f"the two main directions (PCA) of {dimensions:,} latent dimensions, {share}", axes
    thumbnails = _thumbnails(evidence) if labels is None else None
    plane = figures.latent_map(maps.codes.points, labels, names, own_axes, thumbnails=thumbnails)
    if thumbnails is not None:
        colours = " At some of the points stand their images, as many as fit beside each other."
    linear = figures.latent_map(maps.raw.points, labels, names, axes, thumbnails=thumbnails)
    note = f"For comparison, PCA of the {unit}: {percent(maps.raw.share or 0.0)} of their variance."
    return [
        Chart("map", embedding.svg(plane, "map"), f"The latent map: {how_many(evidence)}; {how}.{colours}"),
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
    return labels, ("without", "with"), f" Coloured by {name}, the attribute that the codes tell best."


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
    linear = f"PCA map of the {'features' if evidence.is_table else 'pixels'}"
    rows = [("latent map", maps.codes.knn_accuracy), (linear, maps.raw.knn_accuracy)]
    if dimensions > 2:
        rows.append((f"all {dimensions:,} latent dimensions", maps.accuracy))
    return [
        (name, "" if accuracy is None else f"{accuracy:.3f}", f"{trust:.3f}")
        for (name, accuracy), trust in zip(rows, maps.trusts, strict=False)
    ]


def _note(maps: Maps | None) -> str:
    """What the scores are."""
    accuracy = f"k-NN accuracy: the share of images whose class the vote of their {NEIGHBOURS} nearest neighbours finds"
    trust = "Trustworthiness: how far neighbours here are neighbours among the raw values too (Venna & Kaski 2001; "
    trust += f"1 is entirely; on at most {MOST_TRUSTED:,} images)."
    return f"{accuracy}. {trust}" if maps is not None and maps.accuracy is not None else trust


def _dimensions(kl: np.ndarray, active: np.ndarray) -> Chart:
    """The bars of KL per dimension, and how many dimensions are active."""
    note = (
        "KL from each dimension's posterior to the prior, mean over images. Active are the "
        f"{int(active.sum())} of {len(kl)} whose posterior mean varies over the images with a variance above "
        f"{ACTIVE_UNIT_VARIANCE:g} (Burda et al. 2016); grey ones are idle."
    )
    return Chart("kl", embedding.svg(figures.kl_bars(kl, active), "kl"), note)
