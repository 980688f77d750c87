"""What a notebook shows of a fitted estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from latente import networks
from latente.errors import InputError
from latente.sheets import sheet, to_uint8
from latente.training.display import as_html, shape_text

if TYPE_CHECKING:
    from latente.estimators.autoencoders import BaseAutoencoder

__all__ = ["html_of"]

_SAMPLES = 8


def html_of(estimator: BaseAutoencoder) -> str:
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


def _samples(estimator: BaseAutoencoder) -> np.ndarray | None:
    """Return a line of samples, or None where the model draws none, or no pictures."""
    if len(estimator.image_shape_) == 1:
        return None
    try:
        codes = estimator._draw_codes(_SAMPLES, np.random.default_rng(0))
    except InputError:
        return None
    offset, scale = np.array(estimator.scaling_.offset), np.array(estimator.scaling_.scale)
    return sheet([to_uint8(estimator._decode(codes), float(offset.min()), float((offset + scale).max()))])


def _layers(estimator: BaseAutoencoder) -> list[networks.LayerSummary]:
    objective, device = estimator.objective_, estimator.device_
    return [
        row._replace(name=f"{part}.{row.name}")
        for part, shape in (("encoder", estimator.image_shape_), ("decoder", estimator.code_shape_))
        for row in networks.describe(getattr(objective, part), torch.zeros(1, *shape, device=device))
    ]
