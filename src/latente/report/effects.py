"""What one option of a sweep does to a result, drawn."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from latente.figures import main_effect
from latente.sweeps import Range, Results
from latente.words import typed

__all__ = ["effect_figure"]


def effect_figure(results: Results, factor: str, metric: str | None = None) -> Figure:
    """Draw each trial's result by its level of a factor, and their means (see `figures.main_effect`).

    metric: another than the sweep's own, better in the same direction. Raises InputError for an unknown factor.
    """
    levels, found = zip(*results.effect(factor, metric), strict=True)
    values = results.space[factor]
    is_numeric = all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels)
    return main_effect(
        levels if is_numeric else list(map(typed, levels)),
        np.array(found),
        factor.replace("_", " "),
        metric or results.metric,
        log=values.log if isinstance(values, Range) else None,
        better="lower" if results.direction == "minimize" else "higher",
    )
