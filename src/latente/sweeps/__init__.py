"""Sweeps: the same trial over a grid of options or a search among them, several seeds each, and what came out.

A trial is any callable `trial(seed=..., **options) -> {metric: number}`. What it returned is on disk before the next
one starts, so that a killed sweep goes on where it was.
"""

from __future__ import annotations

from latente.sweeps.results import Combination, Estimate, Panel, Results, markdown_table
from latente.sweeps.search import Range, Search
from latente.sweeps.sweep import Sweep
from latente.sweeps.trials import Trial
from latente.sweeps.workers import threads_for

__all__ = [
    "Combination",
    "Estimate",
    "Panel",
    "Range",
    "Results",
    "Search",
    "Sweep",
    "Trial",
    "markdown_table",
    "threads_for",
]
