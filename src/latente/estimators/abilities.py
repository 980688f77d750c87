"""What an estimator can do: one protocol for each ability, and which abilities each verb asks for.

Verbs, report, explorer and studio ask for abilities and never for a class, so that a new family is served by
whatever it can do. `isinstance(model, Encodes)` tells it of a fitted estimator.
"""

from __future__ import annotations

from types import UnionType
from typing import Any, Protocol, cast, get_args, runtime_checkable

import numpy as np

from latente.errors import InputError
from latente.estimators.data import Split
from latente.images import Images, Openable, Scaling

__all__ = [
    "VERBS",
    "Bounds",
    "Classifies",
    "Decodes",
    "Detects",
    "DrawsCodes",
    "Encodes",
    "Localises",
    "Paints",
    "Reconstructs",
    "Restores",
    "Samples",
    "Scores",
    "Stylises",
    "classes_of",
    "has",
    "require",
    "verbs_of",
]


@runtime_checkable
class Encodes(Protocol):
    """Gives each image a code."""

    def encode(self, X: Openable) -> np.ndarray:
        """Return the codes of X, float32 (N, K), or (N, C, h, w) where they are spatial."""


@runtime_checkable
class Decodes(Protocol):
    """Gives each code an image."""

    def decode(self, codes: Any) -> np.ndarray:
        """Return the images that codes stand for, in the layout and units of the training images."""


@runtime_checkable
class Reconstructs(Protocol):
    """Draws each image again, by way of its code."""

    def reconstruct(self, X: Openable) -> np.ndarray:
        """Return what the model makes of X, in its layout and units."""


@runtime_checkable
class Samples(Protocol):
    """Draws new images."""

    def sample(self, n: int = 16, random_state: Any = None) -> np.ndarray:
        """Return n new images in the layout and units of the training images."""


@runtime_checkable
class DrawsCodes(Protocol):
    """Draws the codes of its new images from a density of its own."""

    def draw_codes(self, n: int = 16, random_state: Any = None) -> np.ndarray:
        """Return n codes, as `encode` returns them."""

    def drawn_from(self) -> str:
        """Return in words the density that they are drawn from, and why."""


@runtime_checkable
class Scores(Protocol):
    """Says of each image how well it fits in with those of the training."""

    def score_samples(self, X: Openable) -> np.ndarray:
        """Return a score for each image (N,), lower is more abnormal."""


@runtime_checkable
class Detects(Protocol):
    """Says of each image whether it is odd: above a threshold, set for so many false alarms."""

    @property
    def threshold_(self) -> float:
        """The oddness, -score_samples, above which an image is odd."""

    def score_samples(self, X: Openable) -> np.ndarray:
        """Return a score for each image (N,), lower is odder."""

    def promised_alarms(self) -> float | None:
        """Return the share of new normal images that the threshold takes for odd; None where it promises nothing."""

    def known_odd(self, X: Openable, y: Any = None) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the rows of which it is known whether they are odd, and whether they are; None of no image."""

    def split(self, images: Images) -> Split:
        """Return which of the images of the training taught what is normal, and which judge."""


@runtime_checkable
class Bounds(Protocol):
    """Bounds the likelihood of each image, by way of a posterior of its code."""

    def posterior(self, X: Openable) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and log-variance of the code of each image."""

    def bound(self, X: Openable, samples: int = 100) -> np.ndarray:
        """Return a lower bound of each image's log-likelihood in nats (N,)."""


@runtime_checkable
class Classifies(Protocol):
    """Gives each image a class."""

    def predict(self, X: Openable) -> np.ndarray:
        """Return the most probable class of each image (N,)."""

    def predict_proba(self, X: Openable) -> np.ndarray:
        """Return the probability of each class (N, classes)."""


def classes_of(model: Classifies) -> np.ndarray:
    """Return the classes that a fitted classifier knows, in the order of its probabilities."""
    classes: np.ndarray = cast(Any, model).classes_
    return classes


@runtime_checkable
class Restores(Protocol):
    """Makes better images of worse ones."""

    def restore(self, X: Openable) -> np.ndarray | list[np.ndarray]:
        """Return the restored images, a list where their sizes differ."""

    def restore_picture(self, picture: np.ndarray, scaling: Scaling | None = None, **how: Any) -> np.ndarray:
        """Return what becomes of one picture (C, H, W), whose units `scaling` brings to [0, 1], in the same units."""


@runtime_checkable
class Localises(Protocol):
    """Says where in an image something is odd."""

    def has_maps(self) -> bool:
        """Whether it does of such images as it learned from, which may be rows of a table."""

    def anomaly_map(self, X: Openable) -> np.ndarray:
        """Return a map (H, W) for each image, higher is more abnormal."""


@runtime_checkable
class Stylises(Protocol):
    """Paints any photograph in the style of any picture."""

    def stylise(self, content: Openable, style: Any = None, *, alpha: float = 1.0, **how: Any) -> np.ndarray:
        """Return the photograph in that style, (H, W, 3), in its units; alpha: from 0, the photograph, to 1."""

    def describe_style(self, style: Any, blend: Any = None) -> np.ndarray:
        """Return the numbers (K,) that are all it knows of a style, or of several that are mixed by shares."""

    def known_styles(self, most: int = 3) -> list[np.ndarray]:
        """Return the first styles of its training, (H, W, 3) uint8 each; raises InputError where they are gone."""


@runtime_checkable
class Paints(Protocol):
    """Is itself a picture, as what came of a style transfer."""

    @property
    def picture_(self) -> np.ndarray:
        """The picture (H, W, 3)."""


# what each verb on a trained model asks for, all of it; those that ask for nothing are served by every model
VERBS: dict[str, tuple[type | UnionType, ...]] = {
    "evaluate": (),
    "report": (),
    "resume": (),
    "rank": (Scores,),
    "score": (Scores,),
    "classify": (Classifies,),
    "encode": (Encodes,),
    "map": (Encodes,),
    "explore": (Encodes,),
    "nearest": (Samples,),
    "decode": (Decodes,),
    "reconstruct": (Reconstructs,),
    "restore": (Restores,),
    "sample": (Samples,),
    "vary": (DrawsCodes, Decodes),
    "traverse": (Encodes, Decodes),
    "interpolate": (Encodes, Decodes),
    "direction": (Encodes,),
    "edit": (Encodes, Decodes),
    "compare-pca": (Encodes, Decodes),
    "style": (Stylises,),
    "export": (Encodes | Localises | Restores | Stylises,),
}


def has(model: Any, ability: type | UnionType) -> bool:
    """Whether a model has an ability of a class of which not every object need have it.

    So an autoencoder restores where it learned to undo something; `isinstance` may look at the class alone.
    """
    if isinstance(ability, UnionType):
        return any(has(model, one) for one in get_args(ability))
    members = [name for name in vars(ability) if not name.startswith("_")]
    return isinstance(model, ability) and all(hasattr(model, name) for name in members)


def verbs_of(model: Any) -> list[str]:
    """Return the verbs that work on a model, in the order of `VERBS`."""
    return [verb for verb, abilities in VERBS.items() if all(has(model, ability) for ability in abilities)]


def require(model: Any, verb: str, title: str) -> None:
    """Raise InputError, naming the model by its `title` and what does work on it, where it cannot serve a verb."""
    verbs = verbs_of(model)
    if verb not in verbs:
        raise InputError(
            f"`latente {verb}` has no meaning for this {title}; on this run these work: {', '.join(verbs)}"
        )
