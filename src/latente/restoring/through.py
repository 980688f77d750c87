"""A decoded picture through a model that may know other channels and other units: grey, colour, alpha, 8 or 16 bits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from latente.estimators import Estimator
from latente.estimators.abilities import Restores
from latente.estimators.tiling import in_tiles
from latente.images import Scaling
from latente.images.damage import Damaged
from latente.images.kept import Picture
from latente.resampling import enlarged

__all__ = ["Model", "enlarge", "restored", "units_of"]

_REACH = 2  # pixels that bicubic enlargement looks at on either side

Model = Estimator  # that restores


def restored(
    model: Model,
    picture: Picture,
    *,
    hidden: np.ndarray | None = None,
    tile: int | None = None,
    self_ensemble: bool = False,
    tell: Callable[[float], None] | None = None,
) -> Picture:
    """Return what a model makes of a picture, in the picture's own channels, units and dtype.

    A model of grey pictures works on each channel by itself, one of colour on a grey picture three times over, of which
    the mean is taken. Alpha goes through a model that was trained with it, else it is enlarged bicubically. hidden:
    which pixels are missing, (H, W), of an inpainter. Raises Damaged where the picture's values are in other units than
    the model's, and InputError as the model does.
    """
    assert isinstance(model, Restores)
    units, notes = units_of(model, picture), picture.notes
    own, white = model.image_shape_[0], np.asarray(units.levels(1.0)[0]).astype(picture.colours.dtype)
    colours, alpha = picture.colours, picture.alpha
    passes = len(colours) if own in (1, 2) else 1
    done = 0

    def restore(values: np.ndarray) -> np.ndarray:
        nonlocal done
        told = None if tell is None else (lambda part: tell((done + part) / passes))
        how = {"hidden": hidden, "tile": tile, "self_ensemble": self_ensemble, "tell": told}
        made = model.restore_picture(values, units, **how)
        done += 1
        return made

    def with_alpha(values: np.ndarray) -> np.ndarray:
        if own in (1, 3):
            return values
        return np.concatenate([values, np.full_like(colours[:1], white) if alpha is None else alpha])

    if own in (1, 2):
        made = [restore(with_alpha(plane[None])) for plane in colours]
        better, last = np.concatenate([plane[:1] for plane in made]), made[0]
        if len(colours) > 1:
            notes += ("a model of grey pictures, which worked on each channel",)
    else:
        last = restore(with_alpha(np.broadcast_to(colours, (3, *picture.sides))))
        better = last[:3]
        if len(colours) == 1:
            better = _mean(better)
            notes += ("a model of colours, given grey",)
    if alpha is not None:
        alpha = last[-1:] if own in (2, 4) else enlarge(alpha, better.shape[1] // alpha.shape[1], units)
    return dataclasses.replace(picture, colours=better, alpha=alpha, depth=units.depth, notes=notes)


def units_of(model: Model, picture: Picture) -> Scaling:
    """Return what brings the values of a picture to [0, 1] as the training's were brought there.

    Whole numbers go by the peak of the depth that their file states; by the model's where it says nothing and they lie
    within; else by all 16 bits. Raises Damaged where nobody can say which value is white to the model.
    """
    known, dtype = model.scaling_, picture.colours.dtype
    if dtype == np.float32 and known.depth is None:
        return known
    if known.depth is None and (known.offset, known.scale) != ((0.0,), (1.0,)):
        raise Damaged(f"holds {dtype} values, and the model was trained on {known.dtype} from {known.range_in_words}")
    peak = picture.peak
    is_unstated = dtype == np.uint16 and picture.depth is None
    if is_unstated and known.dtype == "uint16" and picture.colours.max() <= known.scale[0]:
        peak = known.scale[0]
    if dtype == np.float32 and not 0 <= picture.colours.min() <= picture.colours.max() <= 1:
        raise Damaged(f"holds floats beyond 0 to 1, and the model was trained on {known.range_in_words}")
    return Scaling((0.0,), (float(peak),), dtype.name, known.bounded)


def enlarge(values: np.ndarray, factor: int, units: Scaling) -> np.ndarray:
    """Return (C, H, W) enlarged bicubically, within the range of its dtype."""
    if factor == 1:
        return values

    def work(part: np.ndarray) -> np.ndarray:
        scaled = torch.from_numpy(units.to_range(part[None]))
        return units.invert(enlarged(scaled, factor).clamp(0, 1))[0]

    return in_tiles(work, values, halo=_REACH, factor=factor)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the channels (1, H, W) in the dtype of the values."""
    mean = values.mean(axis=0, dtype=np.float32, keepdims=True)
    return (mean if values.dtype.kind == "f" else np.rint(mean)).astype(values.dtype)
