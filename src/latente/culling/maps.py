"""Where in pictures a model finds something odd: maps on one scale, and masks of what stands out in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import torch

from latente.culling.sizes import reduced
from latente.estimators import Estimator
from latente.estimators.abilities import Localises, Reconstructs
from latente.images import Images
from latente.languages import say

__all__ = ["Maps", "MapsOf", "maps_of", "tells_where"]

BRIGHTEST = 0.995  # the share of all pixels that are darker than the brightest colour
USUAL = 0.99  # the share of the pixels of pictures that are not odd which masks leave black


@dataclasses.dataclass(frozen=True, eq=False)
class Maps:
    """A map (H, W) float32 for each picture, higher is odder. what: how they were made, in words."""

    values: Sequence[np.ndarray]
    what: str

    @property
    def limits(self) -> tuple[float, float]:
        """What is drawn black and what nearly white, the same for all maps."""
        values = np.concatenate([value.reshape(-1) for value in self.values])
        low, peak = float(values.min()), float(np.quantile(values, BRIGHTEST))
        return low, peak if peak > low else low + 1.0

    def within(self, region: np.ndarray) -> Maps:
        """Return maps that are least outside of a region (H, W), bool."""
        return Maps([np.where(region, value, value.min()) for value in self.values], self.what)

    def masks(self, odd: np.ndarray) -> list[np.ndarray]:
        """Return where each map is above 99 % of all pixels of the pictures that are not odd, (H, W) bool.

        odd: whether each picture is (N,); where all are, all of them count as usual.
        """
        usual = [value.reshape(-1) for value, is_odd in zip(self.values, odd, strict=True) if odd.all() or not is_odd]
        level = np.quantile(np.concatenate(usual), USUAL)
        return [value > level for value in self.values]


# of the images at these rows (M,), reduced to so many pixels of their longer side where it is given; None of tables
MapsOf = Callable[[np.ndarray, int | None], Maps | None]


def tells_where(model: Estimator) -> bool:
    """Whether `maps_of` has maps by this model, of pictures."""
    if isinstance(model, Localises):
        return model.has_maps()
    return isinstance(model, Reconstructs) and len(model.image_shape_) == 3


def maps_of(model: Estimator, images: Images, side: int | None = None) -> Maps | None:
    """Return the maps of images by a model that localises, or else that reconstructs; None where it does neither.

    side: how many pixels the longer side of a map has at most, so that those of many photographs fit into memory. A
    reconstruction's map is how far it lies from the picture at each pixel, in the network's range, the mean over the
    channels.
    """
    if images.is_table:
        return None
    if isinstance(model, Localises):
        if not model.has_maps():
            return None
        one_by_one = (_small(model.anomaly_map(images[[row]])[0], side) for row in range(len(images)))
        return Maps(list(one_by_one), say("how odd each place is"))
    if images.is_photographs or not isinstance(model, Reconstructs):
        return None
    outputs = model.outputs(images)
    if "reconstructions" not in outputs:
        return None
    apart = np.abs(outputs.get("targets", outputs["images"]) - outputs["reconstructions"])
    values = [_small(one, side) for one in apart.mean(1)]
    return Maps(values, say("how far the reconstruction lies from the picture"))


def _small(values: np.ndarray, side: int | None) -> np.ndarray:
    whole = np.asarray(values, np.float32)
    return whole if side is None else reduced(torch.from_numpy(whole)[None, None], side)[0, 0].numpy()
