"""What a notebook shows of a fitted model: facts, curves, samples and layers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from latente import words
from latente.errors import InputError
from latente.estimators.abilities import Samples
from latente.estimators.passing import ImageModel
from latente.images import from_layout, images_in
from latente.sheets import sheet, to_uint8
from latente.training.state import judgement

__all__ = ["html_of"]

_SAMPLES = 8


def html_of(model: ImageModel, facts: Mapping[str, str]) -> str:
    """Return a fitted model as HTML; facts: what its family has to say of it in a word, by name."""
    from latente.training.display import as_html  # matplotlib wants a folder at home, and time

    shown = {
        "images": f"{model.name_}, {words.shape(model.image_shape_)} {model.scaling_.dtype}",
        **facts,
        "parameters": f"{model.parameter_count():,}",
        "device": model.device_,
    }
    if judgement(model.history_, model.best_epoch_):
        shown["best epoch"] = model.best_epoch_ or "the start"
    return as_html(
        type(model).__name__,
        shown.items(),
        lines=model.history_,
        best_epoch=model.best_epoch_ or None,
        picture=_samples_sheet(model),
        caption="samples",
        layers=model.layers(),
    )


def _samples_sheet(model: ImageModel) -> np.ndarray | None:
    """Return a line of samples, or None where the model draws none, or no pictures."""
    if len(model.image_shape_) == 1 or not isinstance(model, Samples):
        return None
    try:
        samples = model.sample(_SAMPLES, random_state=0)
    except InputError:
        return None
    return sheet([to_uint8(from_layout(images_in(samples), model.layout_), *model.scaling_.data_range)])
