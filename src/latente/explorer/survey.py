"""What the explorer knows of each image: its code, what that decodes to or says of the class, and how it looks."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from latente import metrics
from latente.estimators.abilities import Classifies, Decodes
from latente.evidence import Selection, as_pictures
from latente.explorer.collection import Collection
from latente.images import Images
from latente.images.options import Progress
from latente.pages.embedding import LONGEST_SIDE, window
from latente.sheets import to_rgb, to_uint8

__all__ = ["Survey", "survey"]

VALUES_AT_ONCE = 4_000_000
FEW = 2_000  # images from which it is told what is shown as black and white


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """A model's codes of some images, and what is needed to show them.

    judged: the images, in the order of all arrays. codes: (N, D) float32. errors: (N,) mean squared error per value of
    what the codes decode to, in the network's range; None without a decoder. answers: (N,) places of the most probable
    classes among the model's, and how probable these are, (N,); None without classes. limits: the scaled values shown
    as black and white.
    """

    model: Any
    judged: Collection
    codes: np.ndarray
    errors: np.ndarray | None
    answers: tuple[np.ndarray, np.ndarray] | None
    limits: tuple[float, float]

    def __len__(self) -> int:
        return len(self.judged)

    @property
    def images(self) -> Images:
        """The images of the first part: what classes and attributes are called is said there."""
        return self.judged.images

    def column(self, name: str) -> np.ndarray | None:
        """The rows of a column of the set; None where it has no such column."""
        return self.judged.column(name)

    @property
    def format(self) -> dict[str, Any]:
        """How a decoded image in the data's units becomes 8 bits, for the page to do as `pixels` does."""
        scaling, (low, high) = self.model.scaling_, self.limits
        channels, height, width = self.model.image_shape_
        kind = np.dtype(scaling.dtype).kind
        least, most = scaling.whole_range or (0, 0)
        return {
            "channels": channels,
            "height": height,
            "width": width,
            "black": list(scaling.levels(low)),
            "white": list(scaling.levels(high)),
            "whole": kind in "iu",
            "least": least,
            "most": most,
            "binary": kind == "b",
        }

    def originals(self, indices: np.ndarray) -> np.ndarray:
        """Return the images themselves, small enough for a sheet: uint8 (n, h, w, 1 or 3)."""
        return self.pixels(self.model.scaling_.to_range(self.judged.pixels(indices)))

    @property
    def condition_names(self) -> tuple[str, ...]:
        """The numbers that the model decodes beside images; of most there are none."""
        return tuple(self.model.condition_names_) if getattr(self.model, "condition", None) == "joint" else ()

    def conditions(self, codes: np.ndarray) -> np.ndarray | None:
        """Return the conditions (n, K) that codes decode to, float32; None where the model decodes none."""
        return np.asarray(self.model.decode_conditions(codes), np.float32) if self.condition_names else None

    def decoded(self, codes: np.ndarray) -> np.ndarray:
        """Return what codes (n, D) decode to, as `originals` returns images."""
        return self.pixels(as_pictures(self.model, self.model.decode(codes)))

    def pixels(self, pictures: np.ndarray) -> np.ndarray:
        """Return scaled images (n, C, H, W) as uint8 (n, h, w, 1 or 3), their longer side at most `LONGEST_SIDE`."""
        pixels = to_rgb(to_uint8(pictures, *self.limits))
        if pictures.shape[1] in (1, 2) or pictures.shape[1] > 4:
            pixels = pixels[..., :1]
        height, width = pixels.shape[1:3]
        if max(height, width) <= LONGEST_SIDE:
            return pixels
        factor = LONGEST_SIDE / max(height, width)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        return np.stack([_reduced(image, size) for image in pixels])


def survey(model: Any, judged: Collection, progress: Progress | None = None) -> Survey:
    """Pass the images once through the model, some at a time, so that a memory-mapped set stays on disk.

    Where the set has targets, errors are distances from these. Raises InputError where the images do not fit
    the model.
    """
    step = max(1, VALUES_AT_ONCE // math.prod(judged.images.image_shape))
    what = "encoding and decoding" if isinstance(model, Decodes) else "encoding"
    parts: list[Mapping[str, np.ndarray]] = []
    done = 0
    for block in judged.blocks(step):
        parts.append(_pass(model, block))
        done += len(block)
        if progress is not None:
            progress(done, len(judged), what)
    passed = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    few = np.unique(np.linspace(0, len(judged) - 1, min(FEW, len(judged))).round().astype(int))
    return Survey(
        model=model,
        judged=judged,
        codes=passed["codes"],
        errors=passed.get("errors"),
        answers=(passed["answers"], passed["confidence"]) if "answers" in passed else None,
        limits=window(model.scaling_.to_range(judged.pixels(few))),
    )


def _pass(model: Any, judged: Selection) -> dict[str, np.ndarray]:
    """Return the codes (n, D) of images, and errors, or answers and confidence, (n,) each, where the model has them."""
    images, scaling, outputs_of = judged.take(), model.scaling_, model.outputs
    if isinstance(model, Classifies):
        outputs: dict[str, np.ndarray] = outputs_of(images)
        probabilities = outputs["probabilities"]
        confidence = probabilities.max(axis=1).astype(np.float32)
        return {"codes": outputs["codes"], "answers": probabilities.argmax(axis=1), "confidence": confidence}
    codes = np.asarray(model.encode(images), dtype=np.float32).reshape(len(images), -1)
    if not isinstance(model, Decodes):
        return {"codes": codes}
    truth = scaling.to_range(judged.targets)
    errors = metrics.mse(truth, as_pictures(model, model.decode(codes)))
    return {"codes": codes, "errors": errors.astype(np.float32)}


def _reduced(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(pixels if pixels.shape[-1] == 3 else pixels[..., 0])
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS)).reshape(size[1], size[0], -1)
