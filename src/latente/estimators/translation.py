"""Translators: other pictures of pictures, learned from pairs, with a critic that says whether they look real."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from torch import Tensor

from latente import augmentations
from latente.estimators.options.translation import TranslationOptions
from latente.estimators.restoration import CROP, Restorer

__all__ = ["ImageTranslator"]


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class ImageTranslator(TranslationOptions, Restorer):
    """Learn to turn pictures of one kind into their partners of another: edges to photographs, grey to colour, ...

    A U-net learns from pairs of pictures of one size, by their distance and by a critic of patches (Isola et al. 2017);
    adversarial=0 is plain regression, by which one sees what the critic adds. It is a `Restorer` with other defaults:
    the options, and how it is used, are the same; `restore` translates. The pictures are mirrored in training, and not
    turned.
    """

    kind = "translator"

    def _augmentation(self) -> Callable[..., dict[str, Tensor]] | None:
        if self.augmentation is not None:
            return super()._augmentation()
        return augmentations.from_name(f"crop:{CROP},flips")
