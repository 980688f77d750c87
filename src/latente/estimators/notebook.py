"""The estimators in a notebook: what is shown of a fitted one, and a progress bar that needs no widgets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from latente import networks
from latente.errors import InputError
from latente.sheets import sheet, to_uint8
from latente.training.display import as_html, shape_text

if TYPE_CHECKING:
    from latente.estimators.base import ImageEstimator

__all__ = ["CellBar", "html_of"]

_SAMPLES = 8


class CellBar:
    """A progress bar below a notebook's cell: one line of text, redrawn in place.

    rich would draw with widgets, which few notebooks have, and shows nothing without them.
    """

    WIDTH = 24  # letters

    def __init__(self, total: int, done: int) -> None:
        """Show a bar of `total` steps, of which `done` were done before."""
        from IPython.display import display  # there is one where there is a notebook

        self._total, self._before, self._start = total, done, time.monotonic()
        self._last = done, "", ""
        self._handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, done: int, epoch: str, words: str) -> None:
        """Redraw the bar with so many steps done, and the time left at the speed so far."""
        self._last = done, epoch, words
        if steps := done - self._before:
            self._draw(f"{_clock((time.monotonic() - self._start) * (self._total - done) / steps)} left")
        else:
            self._draw("starting")

    def stop(self) -> None:
        """Leave the bar as it is, with the time that it took."""
        self._draw(f"{_clock(time.monotonic() - self._start)} in all")

    def _draw(self, when: str) -> None:
        done, epoch, words = self._last
        filled = self.WIDTH * done // self._total
        bar = "━" * filled + "╌" * (self.WIDTH - filled)
        text = f"epoch {epoch} {bar} {done:,}/{self._total:,} " + " · ".join(filter(None, [words, when]))
        self._handle.update({"text/plain": text}, raw=True)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02}"


def html_of(estimator: ImageEstimator) -> str:
    """Return what a notebook shows of a fitted estimator: facts, curves where it was trained here, samples, layers."""
    scaling, shape = estimator.scaling_, estimator.image_shape_
    facts = {
        "images": f"{estimator.name_}, {shape_text(shape)} {scaling.dtype}",
        "codes": shape_text(estimator.code_shape_),
        "parameters": f"{sum(p.numel() for p in estimator.objective_.parameters()):,}",
        "device": estimator.device_,
    }
    if estimator.best_epoch_:
        facts["best epoch"] = estimator.best_epoch_
    return as_html(
        type(estimator).__name__,
        facts.items(),
        lines=estimator.history_,
        best_epoch=estimator.best_epoch_ or None,
        picture=_samples(estimator),
        caption="samples",
        layers=_layers(estimator),
    )


def _samples(estimator: ImageEstimator) -> np.ndarray | None:
    """Return a line of samples, or None where the model draws none, or no pictures."""
    if len(estimator.image_shape_) == 1:
        return None
    try:
        codes = estimator._draw_codes(_SAMPLES, np.random.default_rng(0))
    except InputError:
        return None
    offset, scale = np.array(estimator.scaling_.offset), np.array(estimator.scaling_.scale)
    return sheet([to_uint8(estimator._decode(codes), float(offset.min()), float((offset + scale).max()))])


def _layers(estimator: ImageEstimator) -> list[networks.Row]:
    objective, device = estimator.objective_, estimator.device_
    return [
        row._replace(name=f"{part}.{row.name}")
        for part, shape in (("encoder", estimator.image_shape_), ("decoder", estimator.code_shape_))
        for row in networks.describe(getattr(objective, part), torch.zeros(1, *shape, device=device))
    ]
