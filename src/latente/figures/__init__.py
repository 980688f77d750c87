"""Matplotlib figures from arrays: each function returns a new `Figure` and leaves pyplot alone.

The figures are drawn small (about 380 pixels wide per panel at 96 dpi), so that their text stays readable on
a telephone. Colours keep apart for colour-blind readers; classes beyond ten also differ in their marker.
"""

from __future__ import annotations

from latente.figures.bars import comparison, interval_bars, kl_bars
from latente.figures.confusion import confusion, confusions
from latente.figures.distributions import histogram, histograms
from latente.figures.effects import lines, main_effect
from latente.figures.fonts import legible
from latente.figures.pictures import above_partners, grid, lattice, pairs, strips
from latente.figures.progress import curves, terms_of, title_of
from latente.figures.rendering import on_white
from latente.figures.scatter import latent_map, maps, pictures_at
from latente.figures.style import GRID, INK, MUTED, PALETTE

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "PALETTE",
    "above_partners",
    "comparison",
    "confusion",
    "confusions",
    "curves",
    "grid",
    "histogram",
    "histograms",
    "interval_bars",
    "kl_bars",
    "latent_map",
    "lattice",
    "legible",
    "lines",
    "main_effect",
    "maps",
    "on_white",
    "pairs",
    "pictures_at",
    "strips",
    "terms_of",
    "title_of",
]
