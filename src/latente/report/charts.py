"""The figures of a report, as inline SVG with the words below them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latente import figures
from latente.figures.style import name_axes, panels_of, put_title, shortened
from latente.formulas import ACTIVE_UNIT_VARIANCE
from latente.metrics import PSNR_CEILING
from latente.report import embedding
from latente.report.inspection import Inspection
from latente.report.latent_space import MOST_TRUSTED, NEIGHBOURS, LatentSpace, lacking
from latente.report.verdict import Training, how_many, percent

__all__ = [
    "Chart",
    "curves",
    "histograms",
    "kl",
    "map_scores",
    "maps",
    "overlaid",
    "peak_note",
    "scores_note",
    "spread",
]

LOGARITHMIC = 30  # the factor between largest and smallest value from which on an axis is logarithmic


@dataclasses.dataclass(frozen=True)
class Chart:
    """A figure, the name by which it is found in the page, and what it shows."""

    name: str
    figure: Markup
    note: str


def curves(lines: Sequence[Mapping[str, Any]], training: Training) -> list[Chart]:
    """One panel per term of the loss."""
    return [
        Chart(f"curve-{i}", embedding.svg(figures.curves(lines, [term], training.best_epoch), f"curve-{i}"), "")
        for i, term in enumerate(figures.terms_of(lines))
    ]


def histograms(seen: Inspection) -> list[Chart]:
    """How PSNR and SSIM are spread over the images; none for tables and for a single image."""
    if seen.is_table or len(seen.psnrs) < 2:
        return []
    figure = figures.histogram(np.minimum(seen.psnrs, PSNR_CEILING), "PSNR", "dB")
    found = [
        Chart("psnrs", embedding.svg(figure, "psnrs"), f"{how_many(seen)}; peak 1.0, the whole range of the data.")
    ]
    if seen.ssims is not None:
        part = f"{len(seen.ssims):,} of them, drawn evenly" if len(seen.ssims) < len(seen.rows) else "the same images"
        figure = figures.histogram(seen.ssims, "SSIM")
        found.append(Chart("ssims", embedding.svg(figure, "ssims"), f"{part}; 1 is identical."))
    return found


def peak_note(psnr: float) -> str:
    """Why a mean PSNR of 60 to 70 dB, as was published for images in [0, 1], is none, with the mean `psnr` here."""
    extra = 20 * math.log10(255)
    return (
        "A PSNR says nothing without its peak. Here values are scaled to [0, 1] and the peak is 1. Taking 255, the "
        f"peak of 8-bit files, would add 20 log10 255 = {extra:.2f} dB to every image: a mean of {psnr:.1f} dB would "
        f"read {psnr + extra:.1f} dB. Published values of 60 to 70 dB (Cerna 2024, CIMAT) look like that."
    )


def spread(series: Mapping[str, np.ndarray], name: str, unit: str, note: str) -> Chart:
    """How a metric is spread over the images, for several runs over each other."""
    identity = f"{name.lower()}s"
    return Chart(identity, embedding.svg(figures.histograms(series, name, unit), identity), note)


def overlaid(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Chart]:
    """One panel per term of the loss, with the curves of all runs that have it."""
    terms = dict.fromkeys(term for lines in runs.values() for term in figures.terms_of(lines))
    return [Chart(f"curve-{i}", embedding.svg(_overlay(runs, term), f"curve-{i}"), "") for i, term in enumerate(terms)]


def _overlay(runs: Mapping[str, Sequence[Mapping[str, Any]]], term: str) -> Figure:
    """Each run's validation curve of a term; a run without validation has its training's, dashed."""
    figure, (panel,) = panels_of(1, 1, width=3.9, height=2.7)
    drawn: list[float] = []
    for k, (name, lines) in enumerate(runs.items()):
        by_epoch, style = _by_epoch(lines, "validation", term), "-"
        if not by_epoch:
            by_epoch, style = _by_epoch(lines, "train", "loss" if term == "objective" else term), "--"
        if by_epoch:
            marker = "o" if len(by_epoch) <= 40 else ""
            look: dict[str, Any] = {"color": figures.PALETTE[k % 10], "linewidth": 1.6, "linestyle": style}
            panel.plot(
                *zip(*by_epoch.items(), strict=True), label=shortened(name), marker=marker, markersize=3.5, **look
            )
            drawn += by_epoch.values()
    if drawn and min(drawn) > 0 and max(drawn) > LOGARITHMIC * min(drawn):
        panel.set_yscale("log")
    put_title(panel, term)
    name_axes(panel, "epoch", "")
    panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.grid(axis="y", color=figures.GRID, linewidth=0.7)
    # below the panel, and the figure as much higher: within it would cover curves
    figure.set_figheight(figure.get_figheight() + 0.2 * len(panel.get_lines()))
    figure.legend(loc="outside lower left", frameon=False, fontsize=8.5, labelcolor=figures.INK, handlelength=1.6)
    return figure


def _by_epoch(lines: Sequence[Mapping[str, Any]], part: str, name: str) -> dict[int, float]:
    """The last finite value of every epoch."""
    own = [line for line in lines if line.get("part") == part and isinstance(line.get(name), int | float)]
    return {int(line["epoch"]): float(line[name]) for line in own if math.isfinite(line[name])}


def maps(seen: Inspection, space: LatentSpace) -> list[Chart]:
    """The map of the codes and that of the raw values, side by side; none for less than three images."""
    if space.maps is None:
        return []
    labels, names, colours = _classes(seen, space)
    dimensions, unit = seen.codes.shape[1], "features" if seen.is_table else "pixels"
    if dimensions == 2:
        how, axes = "the two latent dimensions as they are", ("dimension 1", "dimension 2")
    elif dimensions == 1:
        how, axes = "the one latent dimension", ("dimension 1", "")
    else:
        axes = ("first component", "second component")
        share = f"{percent(space.maps.codes.share or 0.0)} of their variance"
        how = f"the two main directions (PCA) of {dimensions:,} latent dimensions, {share}"
    own = figures.latent_map(space.maps.codes.points, labels, names, axes)
    raw = figures.latent_map(space.maps.raw.points, labels, names, ("first component", "second component"))
    kept = percent(space.maps.raw.share or 0.0)
    return [
        Chart("map", embedding.svg(own, "map"), f"The latent map: {how_many(seen)}; {how}.{colours}"),
        Chart(
            "pca-map", embedding.svg(raw, "pca-map"), f"For comparison, PCA of the {unit}: {kept} of their variance."
        ),
    ]


def _classes(seen: Inspection, space: LatentSpace) -> tuple[np.ndarray | None, Sequence[str], str]:
    """What to colour a map by, names for it, and words: the classes, else the attribute that the codes tell best."""
    judged = seen.evidence.judged
    if seen.labels is not None or not space.edits:
        return seen.labels, judged.label_names, ""
    name = space.edits[0].direction.attribute
    values = judged.columns["attributes"][seen.rows, judged.attribute_names.index(name)]
    labels = np.where(lacking(values), 0, 1)
    return labels, ("without", "with"), f" Coloured by {name}, the attribute that the codes tell best."


def map_scores(seen: Inspection, space: LatentSpace) -> list[tuple[str, str, str]]:
    """Name, k-NN accuracy and trustworthiness of the two maps and of the whole latent space."""
    if space.maps is None or not space.maps.faithful:
        return []
    found, dimensions = space.maps, seen.codes.shape[1]
    linear = f"PCA map of the {'features' if seen.is_table else 'pixels'}"
    rows = [("latent map", found.codes.knn_accuracy), (linear, found.raw.knn_accuracy)]
    if dimensions > 2:
        rows.append((f"all {dimensions:,} latent dimensions", found.accuracy))
    return [
        (name, _score(accuracy), f"{kept:.3f}") for (name, accuracy), kept in zip(rows, found.faithful, strict=False)
    ]


def scores_note(space: LatentSpace) -> str:
    """What the figures of `map_scores` are."""
    accuracy = f"k-NN accuracy: the share of images whose class the vote of their {NEIGHBOURS} nearest neighbours finds"
    trust = "Trustworthiness: how far neighbours here are neighbours among the raw values too (Venna & Kaski 2001; "
    trust += f"1 is entirely; on at most {MOST_TRUSTED:,} images)."
    has_classes = space.maps is not None and space.maps.accuracy is not None
    return f"{accuracy}. {trust}" if has_classes else trust


def kl(seen: Inspection) -> Chart | None:
    """The bars of KL per dimension, and how many dimensions are active."""
    if seen.kl is None or seen.active is None:
        return None
    note = (
        "KL from each dimension's posterior to the prior, mean over images. Active are the "
        f"{int(seen.active.sum())} of {len(seen.kl)} whose posterior mean varies over the images with a variance above "
        f"{ACTIVE_UNIT_VARIANCE:g} (Burda et al. 2016); grey ones are idle."
    )
    return Chart("kl", embedding.svg(figures.kl_bars(seen.kl, seen.active), "kl"), note)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
