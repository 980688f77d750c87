"""Maps of the codes beside the first: those that keep neighbours instead of distances."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from latente.errors import did_you_mean
from latente.estimators.data import draw
from latente.explorer.space import bounds_of
from latente.explorer.survey import Survey
from latente.images.options import Progress
from latente.languages import Figure, say
from latente.latents import map_codes, require_method

__all__ = ["MOST_MAPPED", "TITLES", "FurtherMap", "chosen_methods", "further_maps"]

TITLES = {"identity": say("Codes"), "pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
MOST_MAPPED = 5_000  # images, since t-SNE takes minutes for more
NEIGHBOURS = 12  # known codes between which another one is placed


@dataclasses.dataclass(frozen=True, eq=False)
class FurtherMap:
    """points: (N, 2) float32, NaN of the images that are not on it. words: what is to be known of the map."""

    title: str
    points: np.ndarray
    words: str

    def to_json(self) -> dict[str, Any]:
        """Return all but the points and the words, for the page."""
        known = self.points[np.isfinite(self.points[:, 0])].astype(np.float64)
        return {"name": self.title, "bounds": bounds_of(known), "neighbours": NEIGHBOURS}


def chosen_methods(methods: Sequence[str]) -> list[str]:
    """Return the methods of further maps among those asked for, each once; PCA is that of the first map.

    Raises InputError for any other, and where umap-learn is missing.
    """
    for method in methods:
        if method not in ("pca", "tsne", "umap"):
            raise did_you_mean("map", method, ("pca", "tsne", "umap"))
        require_method(method)
    return [method for method in dict.fromkeys(methods) if method != "pca"]


def further_maps(looks: Survey, methods: Sequence[str], progress: Progress | None = None) -> list[FurtherMap]:
    """Return the maps by these methods, of at most 5,000 of the images, evenly drawn."""
    rows = draw(np.arange(len(looks)), MOST_MAPPED, seed=0)
    maps: list[FurtherMap] = []
    for method in methods:
        if progress is not None:
            progress(len(maps), len(methods), f"mapping {len(rows):,} codes by {TITLES[method]}")
        plane = map_codes(looks.codes[rows], method=method)
        points = np.full((len(looks), 2), np.nan, np.float32)
        points[rows] = plane.points
        template = (
            "trustworthiness {trust}; keeps neighbours, not distances: other codes are placed at the weighted mean of "
            "their {count} nearest"
        )
        words = say(template, trust=Figure(f"{plane.trustworthiness:.2f}"), count=NEIGHBOURS)
        if len(rows) < len(looks):
            words = say("of {count} images, {words}", count=len(rows), words=words)
        maps.append(FurtherMap(TITLES[method], points, words))
    return maps
