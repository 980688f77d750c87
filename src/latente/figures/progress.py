"""How training went: curves of every term."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latente.figures.style import GRID, INK, MUTED, PALETTE, name_axes, panels_of, put_title
from latente.languages import say, translated

__all__ = ["curves", "terms_of", "title_of"]

UNITS = {
    "mse": say("squared, per value"),
    "l1": say("absolute, per value"),
    "bce": say("nats per value"),
    "reconstruction": say("nats per image"),
    "kl": say("nats per image"),
}
TITLES = {  # of the terms whose names are words
    "objective": say("objective"),
    "reconstruction": say("reconstruction"),
    "accuracy": say("accuracy"),
    "cross_entropy": say("cross_entropy"),
    "oddness": say("oddness"),
    "gradient_norm": say("gradient_norm"),
    "critic": say("critic"),
    "generator": say("generator"),
    "real_right": say("real_right"),
    "made_right": say("made_right"),
    "content": say("content"),
    "style": say("style"),
}
BOOKKEEPING = {
    *("part", "epoch", "step", "steps", "time"),
    *("loss", "objective", "images_per_second", "seconds"),
}
_PARTS = {"train": say("training"), "validation": say("validation")}
RATE = "learning_rate"  # and, where there are several players, of each one

Lines = Sequence[Mapping[str, Any]]


def curves(lines: Lines, terms: Sequence[str] | None = None, best_epoch: int | None = None) -> Figure:
    """Draw how each term went over the epochs, in training and in validation, one panel per term.

    lines: the lines of metrics.jsonl. terms: which to draw (default: `terms_of(lines)`); "objective" is the
    training lines' "loss" beside the validation lines' "objective". best_epoch: marked by a line in each
    panel. The horizontal axis counts epochs, or steps where there is no validation. An axis is logarithmic
    where values span a factor of 30.
    """
    names = list(terms_of(lines) if terms is None else terms) or ["objective"]
    columns = min(len(names), 3)
    figure, panels = panels_of(len(names), columns, width=3.9, height=2.7)
    per_epoch = _steps_per_epoch(lines)
    for panel, name in zip(panels, names, strict=True):
        drawn: list[float] = []
        rises = 0.0
        for part, colour in (("train", PALETTE[0]), ("validation", PALETTE[6])):
            x, y = _series(lines, part, name, per_epoch)
            if not len(x):
                continue
            drawn += y.tolist()
            rises += y[-1] - y[0]
            marker = "o" if part == "validation" and len(x) <= 40 else ""
            panel.plot(x, y, color=colour, label=translated(_PARTS[part]), linewidth=1.6, marker=marker, markersize=3.5)
        if best_epoch is not None and per_epoch is not None:
            panel.axvline(
                best_epoch, color=MUTED, linewidth=1, linestyle=(0, (2, 2)), label=translated(say("best epoch"))
            )
        if drawn and min(drawn) > 0 and max(drawn) > 30 * min(drawn):
            panel.set_yscale("log")
        else:
            panel.yaxis.set_major_locator(MaxNLocator(5))
        unit = UNITS.get(name)
        put_title(panel, f"{title_of(name)} ({translated(unit)})" if unit else title_of(name))
        name_axes(panel, say("epoch" if per_epoch else "step"), "")
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.grid(axis="y", color=GRID, linewidth=0.7)
        if drawn:
            panel.legend(
                loc="lower right" if rises > 0 else "upper right",  # where the curves do not end
                frameon=False,
                fontsize=8.5,
                labelcolor=INK,
                handlelength=1.6,
            )
    return figure


def title_of(term: str) -> str:
    """Return what to call a term of the loss."""
    return translated(TITLES.get(term, term))


def terms_of(lines: Lines) -> list[str]:
    """Return the terms worth a panel: the objective first, then each that is not the same curve again."""
    terms = ["objective"] if any("loss" in line or "objective" in line for line in lines) else []
    signatures = [_signature(lines, "objective")] if terms else []
    for name in dict.fromkeys(key for line in lines for key in line):
        signature = _signature(lines, name)
        if name not in BOOKKEEPING and not name.endswith(RATE) and signature and signature not in signatures:
            terms.append(name)
            signatures.append(signature)
    return terms


def _steps_per_epoch(lines: Lines) -> float | None:
    last = next((line for line in reversed(lines) if line.get("part") == "validation"), None)
    return last["step"] / last["epoch"] if last and last.get("step") and last.get("epoch") else None


def _series(lines: Lines, part: str, name: str, per_epoch: float | None) -> tuple[np.ndarray, np.ndarray]:
    key = "loss" if name == "objective" and part == "train" else name
    logged = [line for line in lines if line.get("part") == part and _is_number(line.get(key))]
    x = np.array([line["step"] / per_epoch if per_epoch else line["step"] for line in logged], dtype=float)
    return x, np.array([line[key] for line in logged], dtype=float)


def _signature(lines: Lines, name: str) -> tuple[str, ...]:
    values: list[str] = []
    for part in ("train", "validation"):
        values += [f"{value:.6g}" for value in _series(lines, part, name, None)[1]]
    return tuple(values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
