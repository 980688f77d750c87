"""What a detector says of images once it knows what is normal: how odd each is, where, and from where on it is odd."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from latente.errors import InputError
from latente.estimators import normals
from latente.estimators.base import Estimator
from latente.estimators.judges import Judge
from latente.estimators.options.detection import DetectionOptions
from latente.estimators.passing import finite
from latente.images import Images, Openable
from latente.metrics import aupro, average_precision, rank_figures
from latente.normality import conformal_threshold
from latente.objectives import Batch, DetectionObjective

__all__ = ["BaseDetector"]


class BaseDetector(DetectionOptions, OutlierMixin, Estimator):
    """The using half of a detector; what learns sets `objective_` and the attributes below.

    left_out_: how odd the normal images are that were left out. own_: and all of the set, those held out among them.
    best_threshold_: the one with the best F1 on a validation set that has odd images, or None. normal_: the name of the
    class that was learned from, where it is known.
    """

    objective_: DetectionObjective
    left_out_: np.ndarray
    own_: np.ndarray
    best_threshold_: float | None
    normal_: str | None

    @property
    def _judges(self) -> dict[str, Judge]:
        return {name: judge for name, judge in self.objective_.judges.items() if isinstance(judge, Judge)}

    @property
    def threshold_(self) -> float:
        """The oddness, -score_samples, above which an image is odd."""
        if self.contamination is not None:
            return float(np.quantile(self.own_, 1 - self.contamination))
        if self.best_threshold_ is not None:
            return self.best_threshold_
        return conformal_threshold(self.left_out_, self.alpha)

    @property
    def offset_(self) -> float:
        """The score below which an image is odd, as scikit-learn has it."""
        return -self.threshold_

    def score_samples(self, X: Openable) -> np.ndarray:
        """Return the score of each image (N,), float64, lower is odder."""
        images = self._open(X)
        return -self._apply(images, self.objective_.oddness).astype(np.float64)

    def score(self, X: Openable, y: ArrayLike | None = None) -> float:
        """Return the mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def decision_function(self, X: Openable) -> np.ndarray:
        """Return by how much the score of each image lies above `offset_` (N,); what is below 0 is odd."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Openable) -> np.ndarray:
        """Return -1 for each image that is odd and 1 for each that is normal (N,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def has_maps(self) -> bool:
        """Whether there is an `anomaly_map`: of pictures, where what is compared has places."""
        check_is_fitted(self, "objective_")
        return len(self.image_shape_) == 3 and any(judge.has_places for judge in self._judges.values())

    def anomaly_map(self, X: Openable) -> np.ndarray | list[np.ndarray]:
        """Return how odd each picture is at each pixel, float32, higher is odder: (N, H, W).

        Of pictures of many sizes it is a list of (H, W). 1 is a usual place of a normal picture; the maps of several
        pictures are on one scale. Raises InputError where there are none, see `has_maps`.
        """
        images = self._open(X)
        if images.is_table:
            raise InputError(f"{images.name} is a table, of which there is no map")
        if not self.has_maps():
            raise InputError("features of whole pictures, without places, say nothing of where: there is no map")
        _, maps = self._with_maps(images)
        return maps if images.is_photographs else np.stack(maps)

    def _with_maps(self, images: Images) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the oddness of each picture (N,) and its map (H, W), from one pass."""

        def looks(batch: Batch) -> dict[str, Tensor]:
            oddness, maps = self.objective_.with_maps(batch["images"])
            return {"oddness": finite(oddness, "results"), "maps": finite(maps, "maps")}

        parts = [images[[row]] for row in range(len(images))] if images.is_photographs else [images]
        results = [self._over(part, looks) for part in parts]
        maps = [one for result in results for one in result["maps"]]
        return np.concatenate([result["oddness"] for result in results]).astype(np.float64), maps

    def evaluate(self, X: Openable, y: ArrayLike | None = None) -> dict[str, Any]:
        """Return count and, where it is known which images are odd, how well they are found.

        y: -1 for odd images and 1 for normal ones, as `predict` says it; without it the labels of X tell, by the name
        of the class that was trained on, else its masks. Keys: oddness (its mean), auroc, average_precision,
        base_rate, false_alarms and misses at `threshold_`, and where there are masks, the figures of pixels.
        """
        images = self._open(X)
        masks = normals.masks_of(images)
        has_masks = masks is not None and any(mask.any() for mask in masks)
        oddness, maps = self._with_maps(images) if has_masks else (-self.score_samples(images), [])
        figures: dict[str, Any] = {"count": len(images), "oddness": float(oddness.mean())}
        odd = self.known_odd(images, y)
        if odd is not None:
            rows, are_odd = odd
            figures |= rank_figures(are_odd, oddness[rows], self.threshold_)
        if masks is not None and maps:
            flat = np.concatenate([mask.reshape(-1) for mask in masks])
            values = np.concatenate([one.reshape(-1) for one in maps])
            figures["pixel_average_precision"] = average_precision(flat, values)
            figures["pixel_base_rate"] = float(flat.mean())
            figures["aupro"] = aupro(masks, maps)
        return figures

    def promised_alarms(self) -> float | None:
        """Return alpha where the threshold goes by it; None where it promises nothing of false alarms."""
        return self.alpha if self.contamination is None and self.best_threshold_ is None else None

    def known_odd(self, X: Openable, y: ArrayLike | None = None) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the rows of which it is known whether they are odd, and whether they are; None where nobody knows.

        y: as `evaluate` takes it.
        """
        return normals.known_odd(self._open(X), y, self.normal_)

    def _with_scores(self, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        return {**outputs, "scores": -outputs["oddness"]}
