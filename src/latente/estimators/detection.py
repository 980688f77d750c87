"""The detector: what the training images have in common, which others lack it, and where."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import nn

from latente import words
from latente.errors import InputError, Interrupted, ModelError
from latente.estimators import data, judges, normals, rebuilding, recipes, telling
from latente.estimators.autoencoders import BaseAutoencoder
from latente.estimators.detecting import BaseDetector
from latente.estimators.progress import bars
from latente.images import Images, Openable
from latente.metrics import best_threshold
from latente.networks.features import NETWORKS, FeatureNetwork, open_features
from latente.networks.own import OwnFeatures
from latente.networks.summary import LayerSummary
from latente.normality import FOLDS, folds, images_for
from latente.objectives import TransformsObjective
from latente.training import devices
from latente.training.layouts import lay_out
from latente.training.randomness import isolated_rng
from latente.training.runs import Run

__all__ = ["AnomalyDetector"]

MOST_ASIDE = 500  # images that are kept from training, to judge what they would look like that are new
_TELLER = "judges.views.describe.network"  # where in the objective that is which `transforms` trains
_FEW, _FEW_VALUES = 500, 2_000_000  # images that tell how long all take, and values in them


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class AnomalyDetector(BaseDetector):
    """Find the odd ones: learn what normal images have in common, and tell which others lack it, and where.

    The training images are taken for normal; of a set with a class called good, normal or ok it is those of that class.
    method: "neighbours" measures the distance of a whole picture to the plane through the 20 most like it; "pca" what
    30 principal components leave of it; "memory" how far each window is from the nearest window of the training images;
    "gaussian" how far a window or a whole image lies from the mean, by the covariance; "planted" how likely a window is
    that of a fault, as told by a small network from faults that are planted in the training images; "transforms" how
    unlike the others a picture is to a small network that learns here to tell how they were turned, mirrored and
    shifted, beside "neighbours"; "reconstruction" the squared error of an autoencoder. features: what is compared,
    "pixels"; "orientations", which say where edges of which direction run; "windows" of 15x15 pixels, told by 23
    numbers each, for pictures of any size; "embedded", an autoencoder's codes beside orientations; or places of a
    network that was trained on photographs, "squeezenet" or "vgg19-distilled", whose file `weights` names, and which
    are saved with the model. "auto" is neighbours by orientations for pictures of at most 48 pixels, memory by windows
    for larger ones and for many sizes, and gaussian for tables; it trains nothing. contrast: they are compared without
    the mean and the deviation of a window of so many pixels around each pixel, much of which is the lamp's.

    Features may be a torch module of one's own, too, which makes of scaled pictures (B, C, H, W) either (B, F), or
    (B, F, h, w), whose places lie evenly over the picture; "auto" is then gaussian without places and memory by them.
    It is copied, never trained, and given back by load(path, features=...).

    autoencoder: an `Autoencoder` or `VariationalAutoencoder`, or its run, that "reconstruction" and "embedded" look
    through; one that is not fitted, by default the plain one, is trained on the normal images but a fifth, whose
    oddness alone is then `left_out_`, as with "transforms" that of a fifth, 500 images at most. Of the set that a
    fitted one was trained on only the images that it held out count; where nobody knows what it has seen, a warning
    says so. It is copied, and saved with the model.

    `score_samples` has scikit-learn's sign, lower is odder; in other libraries, such as PyOD, higher is odder.
    `predict` gives -1 for what is odder than `threshold_`, else 1: of new normal images at most the share alpha, by the
    scores of the training images, each judged by what the others teach, so that all of them count. With
    `contamination` that share of the training images is odd; with a `validation` set that has odd images too the
    threshold is the one with the best F1 there. Neither alpha nor contamination takes a new fit: `set_params` suffices.

    groups: images that show the same thing (part, patient) do not vouch for each other, and are held out together: one
    name for each image, or a pattern (a regular expression) that finds it in the names of their files. Of an array the
    model keeps who is with whom, as numbers; a run asks for it again where it is resumed.

    Fitted: `method_` and `features_`, what "auto" came to; `threshold_`, `offset_` = -threshold_; `left_out_`, how odd
    each training image is for the others.
    """

    kind = "detector"

    # -- fitting

    def fit(self, X: Openable, y: ArrayLike | None = None) -> AnomalyDetector:
        """Learn from X what is normal; y is ignored, as scikit-learn's detectors ignore it."""
        return super().fit(X, y)

    def check(self) -> None:
        super().check()
        rebuilding.is_fitted(self.autoencoder)
        if not isinstance(self.features, str | nn.Module):
            raise InputError(f"features is a name or a torch module, not {self.features!r}")
        if (self.weights is None) != (self.features not in NETWORKS):
            wrong = "has no weights; name their file with" if self.weights is None else "takes no file; leave out"
            raise InputError(f"features={self.features!r} {wrong} weights")
        if self.autoencoder is not None and self.method != "reconstruction" and self.features != "embedded":
            raise InputError(
                "autoencoder has no meaning without method='reconstruction' or features='embedded', which look through "
                "it; leave it out, or take one of them"
            )
        if self.contrast is not None and self.contrast % 2 == 0:
            raise InputError(f"contrast={self.contrast} has no pixel in its middle; take {self.contrast + 1}")
        normals.check_groups(self.groups)

    def _accepts(self, images: Images) -> None:
        super()._accepts(images)
        if len(images) == 1:
            raise InputError("n_samples=1: what normal images have in common takes two of them at least")
        if self.contrast is not None and images.is_table:
            raise InputError(f"contrast={self.contrast} is of pictures, and {images.name} is a table; leave it out")
        self.autoencoder_: BaseAutoencoder | None = None
        if rebuilding.is_fitted(self.autoencoder):
            self.autoencoder_ = rebuilding.taken(self.autoencoder, images)

    def _takes_any_size(self, images: Images) -> bool:
        method, features = self._settled_for(images)
        return method != "reconstruction" and features in (*recipes.PLACES, recipes.OWN)

    def _settled_for(self, images: Images) -> tuple[str, str]:
        shape, vary, own = data.usual_shape(images), images.is_photographs, None
        if isinstance(self.features, nn.Module):
            own = OwnFeatures(self.features, shape)
        return recipes.settled(self.method, self.features, shape, sizes_vary=vary, own=own)

    def _split(self, images: Images) -> data.Split:
        labels = normals.teaching(images)
        parts = data.split(images, self.validation, self.seed_, self._unseen(images, labels))
        return normals.kept_together(normals.with_odd(parts, labels), self.groups)

    def _unseen(self, images: Images, labels: np.ndarray | None) -> np.ndarray | None:
        """Return the labels with -1 for each image that a given autoencoder has learned from, as far as is known."""
        unseen = None if self.autoencoder_ is None else rebuilding.unseen(self.autoencoder_, images)
        if unseen is None or unseen.all():
            return labels
        labels = np.where(unseen, 0 if labels is None else labels, -1)
        if not (labels == 0).any():
            raise InputError(
                f"autoencoder has learned from every normal image of {images.name}, and would find none of them odd; "
                "give one whose training held images out (validation), or other images"
            )
        return labels

    def _groups(self, images: Images) -> np.ndarray:
        return normals.group_numbers(images, self.groups)

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        self.method_, self.features_ = self._settled_for(parts.images)
        if self.method_ == "transforms" and len(parts.rows) < telling.FEWEST:
            raise InputError(
                f"method='transforms' trains a network, which takes {telling.FEWEST} normal images at least, and there "
                f"are {len(parts.rows)}; take 'neighbours'"
            )
        self._shapes: Mapping[str, Any] = {}
        self.groups_ = None if self.groups is None or isinstance(self.groups, str) else self._groups(parts.images)
        if self.autoencoder_ is not None:
            self.scaling_ = self.autoencoder_.scaling_
        elif self._looks_through:
            few = parts.images.take(parts.rows[:_FEW])
            self.autoencoder_ = self._own_autoencoder().initialise(rebuilding.bare(few))
        self.normal_ = normals.name_of(parts.images, parts.rows)

    def _build(self) -> None:
        self.objective_ = recipes.objective_for(
            self.method_,
            self.features_,
            self.image_shape_,
            self.contrast,
            self._network(),
            None if self.autoencoder_ is None else self.autoencoder_.objective_,
        )
        for name, shapes in self._shapes.items():  # of a model from disk, which waits for its numbers
            self._judges[name].reserve(shapes)

    def _network(self) -> FeatureNetwork | OwnFeatures | None:
        """Return the network of the features; of a model from disk, its weights are with the model's own."""
        if isinstance(self.features, nn.Module):
            return OwnFeatures(self.features, self.image_shape_)
        if self.features_ not in NETWORKS:
            return None
        if self._shapes:
            return NETWORKS[self.features_]()
        assert self.weights is not None  # as `check` has it
        return open_features(self.features_, self.weights)

    @property
    def _looks_through(self) -> bool:
        """Whether there is an autoencoder, given or trained, that this model looks through."""
        return self.method_ == "reconstruction" or self.features_ == "embedded"

    @property
    def _tells(self) -> TransformsObjective | None:
        """What is trained to tell how pictures were turned, mirrored and shifted, where that is the method."""
        describe = getattr(self._judges.get("views"), "describe", None)
        return describe.network if isinstance(describe, telling.Views) else None

    @property
    def _trains(self) -> bool:
        """Whether a network is trained here, which then knows the images that it has seen."""
        return self._tells is not None or (self._looks_through and not rebuilding.is_fitted(self.autoencoder))

    def _own_autoencoder(self, validation: Images | None = None) -> BaseAutoencoder:
        """Return the unfitted autoencoder that is trained here; validation: the images that judge it."""
        options = {"random_state": self.seed_, "device": self.device, "verbose": self.verbose, "out": None}
        return rebuilding.untrained(self.autoencoder, validation=validation, **options)

    def _learn(self, parts: data.Split, run: Run | None) -> None:
        self.best_threshold_ = None
        if not self._trains:
            if self.autoencoder_ is not None and rebuilding.unseen(self.autoencoder_, parts.images) is None:
                warnings.warn(
                    f"nobody knows whether autoencoder has learned from images of {parts.images.name}: if so, more "
                    "than was promised of new normal images may be taken for odd; give images that it has not seen",
                    stacklevel=2,
                )
            self._teach(parts.images, parts.rows)
            return
        groups = self._groups(parts.images)[parts.rows]
        count = FOLDS if self._tells is None else max(FOLDS, math.ceil(len(groups) / MOST_ASIDE))
        aside = folds(groups, self.seed_, count)[0]
        if len(aside) == len(parts.rows):
            raise InputError("all images are of one group, of which none can be kept from training; give others")
        rows = np.delete(parts.rows, aside)
        if self._tells is None:
            stopped = self._train_autoencoder(parts.images, rows, parts.rows[aside], run)
        else:
            stopped = self._train_teller(parts.images, rows, run)
        self._teach(parts.images, rows, parts.rows[aside])
        if stopped is not None:
            raise stopped

    def _train_autoencoder(
        self, images: Images, rows: np.ndarray, aside: np.ndarray, run: Run | None
    ) -> Interrupted | None:
        """Train it on the rows, judged by those aside; return the interruption that left the best epoch's.

        In a run it has a folder of its own there, from whose last checkpoint it goes on.
        """
        images, stopped = rebuilding.bare(images), None
        autoencoder = self._own_autoencoder(images.take(aside))
        try:
            rebuilding.train(autoencoder, images.take(rows), run)
        except Interrupted as interruption:
            if not interruption.leaves_model:
                raise
            stopped = interruption
        self.autoencoder_ = autoencoder.set_params(validation=None)  # which would keep the images
        self.scaling_, self.history_ = autoencoder.scaling_, autoencoder.history_
        self.best_epoch_ = autoencoder.best_epoch_
        with isolated_rng(self.seed_):
            self._build()
        return stopped

    def _train_teller(self, images: Images, rows: np.ndarray, run: Run | None) -> Interrupted | None:
        """Train the network of "transforms" on the rows; the run is its own."""
        assert self._tells is not None
        state, stopped = telling.train(
            self._tells,
            images,
            self.scaling_,
            rows,
            run=run,
            listeners=bars(self.verbose),
            seed=self.seed_,
            device=str(self.device_),
            threads=self.threads,
        )
        self.history_, self.best_epoch_ = state.history, state.best_epoch
        return stopped

    def _teach(self, images: Images, rows: np.ndarray, aside: np.ndarray | None = None) -> None:
        """Let the judges learn from these rows, and bring what they say of them onto one scale.

        aside: rows that alone are left out, as what was trained has seen all the others.
        """
        groups, objective = self._groups(images)[rows], self.objective_
        seen = self.as_seen(images)
        batches = self._batches(seen, columns=False)

        def passes_over(rows: np.ndarray) -> judges.Batches:
            every = torch.from_numpy(rows)  # to take them out would copy them, which may be more than memory holds
            return lambda: (batch["images"] for batch in batches.in_order(every, self._chunk(seen)))

        passes = passes_over(rows)
        devices.keep_freed_memory()
        objective.eval()
        with torch.no_grad():
            lay_out(objective, self.device_)  # as what comes from disk lies, so that both round alike
            learned = [judge.learn(passes, groups, self.seed_) for judge in self._judges.values()]
            left_out = torch.cat([one.left_out for one in learned], 1)
            own = torch.cat([one.own for one in learned], 1)
            if aside is not None:
                others = passes_over(aside)
                left_out = torch.cat([judge.told(others) for judge in self._judges.values()], 1)
                own = torch.cat([own, left_out])
            objective.settle(left_out)
            self.left_out_, self.own_ = (objective.fused(numbers).cpu().numpy() for numbers in (left_out, own))

    def _after_training(self, parts: data.Split) -> None:
        held_out = parts.held_out.take(parts.held_out_rows)
        if parts.held_out is parts.images and len(held_out):  # they are of the mixture too
            self.own_ = np.concatenate([self.own_, -self.score_samples(held_out).astype(np.float32)])
        elif len(held_out):
            odd = self.known_odd(held_out)
            if odd is not None and odd[1].any() and not odd[1].all():
                oddness = -self.score_samples(held_out.take(odd[0]))
                self.best_threshold_ = best_threshold(odd[1], oddness)[0]
        self._tell_of_too_few()

    def _tell_of_too_few(self) -> None:
        """Warn where a promise is made that so few images cannot keep."""
        needed = images_for(self.alpha)
        if self.promised_alarms() is not None and len(self.left_out_) < needed:
            warnings.warn(
                f"alpha={self.alpha:g} takes {needed} normal images, and there are {len(self.left_out_)}: more than "
                f"{words.percent(self.alpha)} of new normal images may be taken for odd",
                stacklevel=2,
            )

    def _cost(self, parts: data.Split, layers: list[LayerSummary]) -> tuple[float, int]:
        """Learn from a few images, of which all take as many times more as there are more of them."""
        if self.autoencoder_ is not None and not rebuilding.is_fitted(self.autoencoder):
            plan = self._own_autoencoder().plan(rebuilding.bare(parts.images.take(parts.rows)))
            return plan["seconds_estimate"], plan["memory_estimate_bytes"]
        trained = 0.0
        if self._tells is not None:
            trained = telling.seconds(self._tells, parts.images, self.scaling_, parts.rows, str(self.device_))
        count = max(2, min(_FEW, _FEW_VALUES // math.prod(self.image_shape_)))
        few, start = parts.rows[:count], time.perf_counter()
        self._teach(parts.images, few)
        times = len(parts.rows) / len(few)
        learned = sum(buffer.nbytes for buffer in self.objective_.buffers())
        return trained + times * (time.perf_counter() - start), round(2 * times * learned) + parts.images.content.nbytes

    def _settled(self) -> dict[str, Any]:
        settled = {**super()._settled(), "method": self.method_}
        if data.is_source(self.autoencoder):
            settled["autoencoder"] = str(Path(self.autoencoder).expanduser().resolve())
        return settled if isinstance(self.features, nn.Module) else {**settled, "features": self.features_}

    # -- using

    def parameter_count(self) -> int:
        """Return how many numbers were learned by gradients: an autoencoder's, of what tells faults or turns."""
        check_is_fitted(self, "objective_")
        trained = self.autoencoder_.objective_ if self.autoencoder_ is not None else self._tells
        beside = 0 if trained is None else sum(parameter.numel() for parameter in trained.parameters())
        return beside + sum(judge.learned() for judge in self._judges.values())

    def _networks(self) -> dict[str, tuple[int, ...]]:
        return {} if self._tells is None else {f"{_TELLER}.encoder": self.image_shape_}

    def layers(self) -> list[LayerSummary]:
        """Return a row for each layer of the network that is trained here, or of the autoencoder."""
        if self.autoencoder_ is not None:
            return self.autoencoder_.layers()
        return [row._replace(name=row.name.removeprefix(f"{_TELLER}.")) for row in super().layers()]

    def split(self, images: Images) -> data.Split:
        """Return which of the images of the training taught what is normal, and which judge."""
        return self._split(images)

    # -- on disk

    def _facts(self) -> dict[str, Any]:
        shapes = {
            name: {key: list(buffer.shape) for key, buffer in judge.normality.named_buffers()}
            for name, judge in self._judges.items()
        }
        facts = ("method_", "features_", "normal_", "best_threshold_")
        autoencoder = None if self.autoencoder_ is None else rebuilding.described(self.autoencoder_)
        own = {"shapes_": shapes, "autoencoder_": autoencoder}
        return {**super()._facts(), **{name: getattr(self, name) for name in facts}, **own}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        own = None
        if (facts["features_"] == recipes.OWN) != isinstance(self.features, nn.Module):
            raise ValueError("its features are not those that it learned from")
        if isinstance(self.features, nn.Module):
            own = OwnFeatures(self.features, self.image_shape_)
        self.method_, self.features_ = recipes.settled(facts["method_"], facts["features_"], self.image_shape_, own=own)
        self.normal_ = facts["normal_"]
        self.best_threshold_ = None if facts["best_threshold_"] is None else float(facts["best_threshold_"])
        self._shapes = facts["shapes_"]
        self.autoencoder_ = None
        if self._looks_through:
            self.autoencoder_ = self._autoencoder_of(facts["autoencoder_"])

    def _autoencoder_of(self, description: Mapping[str, Any] | None) -> BaseAutoencoder:
        """Return what model.json describes, waiting for its weights, or what its caller gives back."""
        if description is not None:
            return rebuilding.restored(description)
        if not isinstance(self.autoencoder, BaseAutoencoder):
            raise ModelError("its autoencoder has networks of its caller's own; give load(..., autoencoder=...)")
        return copy.deepcopy(self.autoencoder)

    def _arrays(self) -> dict[str, np.ndarray | None]:
        names = ("left_out_", "own_", "groups_")
        return {**super()._arrays(), **{name: getattr(self, name, None) for name in names}}

    def _check_arrays(self) -> None:
        super()._check_arrays()
        for name in ("left_out_", "own_"):
            array = getattr(self, name, None)
            if array is None or array.ndim != 1 or not len(array) or array.dtype.kind != "f":
                raise ValueError(f"its {name} are not one number for each training image")
        groups = getattr(self, "groups_", None)
        if groups is not None and (groups.ndim != 1 or groups.dtype.kind != "i"):
            raise ValueError("its groups_ are not one whole number for each image")
        if self.groups is None:  # of an array no more than its kind is among the options
            self.groups = groups

    def _facts_to_show(self) -> dict[str, str]:
        return {"method": self.method_, "features": self.features_, "threshold": words.figure(self.threshold_)}
