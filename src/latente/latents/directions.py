"""Directions of attributes in a latent space, and editing along them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latente.errors import InputError, did_you_mean
from latente.latents.coding import Coder, decode_grid, flat_codes

__all__ = ["Direction", "edit", "edit_codes", "learn_direction"]

METHODS = ("means", "logistic")
HELD_OUT = 0.2


@dataclasses.dataclass(frozen=True, eq=False)
class Direction:
    """Where codes gain an attribute: the step to take, and how to read off a code how far along it lies.

    vector: (D,) float32, the step of strength 1 for flattened codes: as long as the gap between the mean codes of the
    two classes, measured along the direction. weights: (D,) float32, and threshold: `codes @ weights - threshold` is
    a code's strength: -0.5 at the mean of those without the attribute, 0.5 at the mean of those with it, and 1 more
    for every `vector` added. method: "means" or "logistic". against: the attributes that the step leaves alone.
    counts: codes without and with the attribute. accuracy: how well a cut along the direction tells held-out codes
    of the two classes apart, as the mean over the classes (balanced accuracy: 0.5 is chance, whatever the counts).
    """

    attribute: str
    vector: np.ndarray
    weights: np.ndarray
    threshold: float
    method: str
    against: tuple[str, ...]
    counts: tuple[int, int]
    accuracy: float

    def strength_of(self, codes: np.ndarray) -> np.ndarray:
        """Return how far along the direction codes (N, ...) lie (N,), in units of the class gap, 0 half way."""
        return _matching(codes, self) @ self.weights.astype(np.float64) - self.threshold

    def to_json(self) -> dict[str, Any]:
        """Return the direction as plain values, from which `from_json` makes the same again."""
        return {
            **dataclasses.asdict(self),
            "vector": self.vector.tolist(),
            "weights": self.weights.tolist(),
            "against": list(self.against),
            "counts": list(self.counts),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Direction:
        """Return the direction that `to_json` described; raises InputError where `data` is no such description."""
        try:
            without, having = data["counts"]
            direction = cls(
                attribute=str(data["attribute"]),
                vector=np.asarray(data["vector"], dtype=np.float32),
                weights=np.asarray(data["weights"], dtype=np.float32),
                threshold=float(data["threshold"]),
                method=str(data["method"]),
                against=tuple(map(str, data["against"])),
                counts=(int(without), int(having)),
                accuracy=float(data["accuracy"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this does not describe a direction ({error!r}); learn it again") from error
        vector, weights = direction.vector, direction.weights
        usable = vector.ndim == 1 and vector.shape == weights.shape and np.isfinite([vector, weights]).all()
        if not usable or not vector.any():
            raise InputError("this does not describe a direction (its vector or weights are unusable); learn it again")
        return direction


def learn_direction(
    codes: np.ndarray,
    values: np.ndarray,
    *,
    attribute: str = "attribute",
    method: str = "means",
    against: Mapping[str, np.ndarray] | None = None,
) -> Direction:
    """Return the direction in which codes (N, ...) gain the attribute whose `values` (N,) are given.

    values: of two kinds (-1/1, 0/1, booleans), the higher is "with"; of more kinds (a continuous attribute) they are
    split at their median, and those above it are "with".
    method: "means" steps along the difference of the classes' mean codes (the visual attribute vectors of Larsen et al.
    2016, arXiv:1512.09300). "logistic" divides each dimension by its standard deviation, steps there along the weights
    of a logistic regression (scikit-learn's, with its own L2 penalty), and returns to the codes' units; so correlated
    attributes come in less, and dimensions that carry nothing are hardly moved.
    against: values of other attributes by name. Their directions, found in the same way, span a space, and the
    direction's part within it is taken out (Gram-Schmidt; for "logistic" among the standardised dimensions): the step
    then changes no `strength_of` along their own directions. The length is set last, by the gap along what is left.
    The accuracy is that of a direction and the best cut along it, learned without a fifth of each class, on that
    fifth (drawn with a fixed seed).
    Raises InputError, naming the attribute, where a class has fewer than 2 codes or where nothing is left.
    """
    if method not in METHODS:
        raise did_you_mean("method", method, METHODS)
    flat = flat_codes(codes).astype(np.float64)
    having = _classes(values, attribute, len(flat))
    others = {name: _classes(other, name, len(flat)) for name, other in (against or {}).items()}
    vector, weights, threshold = _learn(flat, having, others, method, attribute)
    return Direction(
        attribute=attribute,
        vector=vector.astype(np.float32),
        weights=weights.astype(np.float32),
        threshold=threshold,
        method=method,
        against=tuple(others),
        counts=(int((~having).sum()), int(having.sum())),
        accuracy=_held_out_accuracy(flat, having, others, method, attribute),
    )


def edit_codes(codes: np.ndarray, direction: Direction, strengths: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return codes (N, S, ...): each of codes (N, ...) moved by each of S strengths along `direction`.

    A strength of 1 is the gap between the classes' means, 0 leaves the code as it is, negative ones take the
    attribute away.
    """
    flat = _matching(codes, direction)
    amounts = np.asarray(strengths, dtype=np.float64).reshape(-1)
    if not amounts.size or not np.isfinite(amounts).all():
        raise InputError(f"strengths are one or more finite numbers, not {strengths!r}")
    moved = flat[:, None] + amounts[:, None] * direction.vector
    return moved.astype(flat.dtype).reshape(len(flat), len(amounts), *np.shape(codes)[1:])


def edit(
    model: Coder,
    images: Any,
    direction: Direction,
    strengths: Sequence[float] | np.ndarray,
    *,
    keep_detail: bool = False,
) -> np.ndarray:
    """Return images (N, S, ...): each of N images decoded after its code moved by each strength (see `edit_codes`).

    keep_detail: instead of the decoded image, return the image itself plus what moving its code changes in the decoded
    one, x + D(z + s v) - D(z), which keeps what the reconstruction loses (fine lines, texture); strength 0 is then the
    image itself. It needs the images as an array in the layout and units in which the model decodes; integers and
    booleans stay within what their type holds.
    All images are encoded in one call and all results decoded in another, in the model's layout and units.
    """
    codes = np.asarray(model.encode(images))
    moved = edit_codes(codes, direction, strengths)
    if keep_detail:  # the codes as they are come first
        moved = np.concatenate([edit_codes(codes, direction, [0.0]), moved], axis=1)
    decoded = decode_grid(model, moved, codes.shape[1:])
    if not keep_detail:
        return decoded
    originals = np.asarray(images)
    if originals.shape != decoded[:, 0].shape or originals.dtype.kind != decoded.dtype.kind:
        raise InputError(
            f"keep_detail adds to the images, which must be an array of shape {decoded[:, 0].shape} "
            f"({decoded.dtype}) as the model decodes them, not {originals.shape} ({originals.dtype})"
        )
    return _add(originals[:, None], decoded[:, 1:], decoded[:, :1])


def _add(images: np.ndarray, after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return images + after - before, in the images' dtype."""
    if images.dtype.kind == "f":
        changed: np.ndarray = images + (after - before)
        return changed.astype(images.dtype)
    changed = images.astype(np.int64) + after.astype(np.int64) - before
    low, high = (0, 1) if images.dtype == bool else (np.iinfo(images.dtype).min, np.iinfo(images.dtype).max)
    return changed.clip(low, high).astype(images.dtype)


def _matching(codes: np.ndarray, direction: Direction) -> np.ndarray:
    flat = flat_codes(codes)
    if flat.shape[1] != len(direction.vector):
        raise InputError(
            f"the direction of {direction.attribute} is for codes of {len(direction.vector)} values, not "
            f"{flat.shape[1]}; learn it from codes of this model"
        )
    return flat


def _classes(values: np.ndarray, attribute: str, count: int) -> np.ndarray:
    """Which codes are "with" the attribute, (N,) booleans."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (count,):
        raise InputError(f"{attribute} has values of shape {numbers.shape}, but there are {count} codes; give one each")
    if not np.isfinite(numbers).all():
        raise InputError(f"{attribute} holds NaN or infinity; leave out the codes whose value is not known")
    kinds = np.unique(numbers)
    # where more than half share the highest value, the median is that value and nothing lies above it
    cut = kinds[0] if len(kinds) == 2 else min(float(np.median(numbers)), float(kinds[-2:][0]))
    having = numbers > cut
    if min(having.sum(), (~having).sum()) < 2:
        raise InputError(
            f"{attribute} is with {having.sum()} and without {(~having).sum()} of {count} codes; a direction needs at "
            "least 2 of each"
        )
    return having


def _learn(
    flat: np.ndarray, having: np.ndarray, others: Mapping[str, np.ndarray], method: str, attribute: str
) -> tuple[np.ndarray, np.ndarray, float]:
    """Vector, weights and threshold of a `Direction`, found in units in which both methods measure alike."""
    centre, unit = flat.mean(axis=0), np.ones(flat.shape[1])
    if method == "logistic":
        deviation = flat.std(axis=0)
        unit = np.where(deviation > 0, deviation, 1.0)
    rows = (flat - centre) / unit
    steepest = _steepest(rows, having, method)
    step = _outside(steepest, [_steepest(rows, other, method) for other in others.values()])
    length = np.linalg.norm(step)
    gap = 0.0
    if length > 1e-6 * np.linalg.norm(steepest):
        step /= length
        gap = float(step @ (rows[having].mean(axis=0) - rows[~having].mean(axis=0)))
    if gap <= 0:
        beyond = f" beyond {', '.join(others)}" if others else ""
        raise InputError(f"the codes show no direction of {attribute}{beyond}; its classes have the same mean there")
    weights = step / unit / gap
    half_way = (flat[having].mean(axis=0) + flat[~having].mean(axis=0)) / 2
    return step * unit * gap, weights, float(half_way @ weights)


def _steepest(rows: np.ndarray, having: np.ndarray, method: str) -> np.ndarray:
    if method == "means":
        return rows[having].mean(axis=0) - rows[~having].mean(axis=0)
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1_000).fit(rows, having).coef_[0].astype(np.float64)


def _outside(step: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """The part of `step` that is orthogonal to all of `others`, of which some may depend on each other."""
    lengths = [float(np.linalg.norm(other)) for other in others]
    span = np.array([other / length for other, length in zip(others, lengths, strict=True) if length > 0])
    if not len(span):
        return step.copy()
    _, sizes, basis = np.linalg.svd(span, full_matrices=False)
    basis = basis[sizes > 1e-6 * sizes[0]]
    return step - (step @ basis.T) @ basis


def _held_out_accuracy(
    flat: np.ndarray, having: np.ndarray, others: Mapping[str, np.ndarray], method: str, attribute: str
) -> float:
    rng = np.random.default_rng(0)
    test = np.zeros(len(flat), bool)
    for side in (False, True):
        rows = np.flatnonzero(having == side)
        test[rng.permutation(rows)[: max(1, round(HELD_OUT * len(rows)))]] = True
    # an attribute so rare that it has no second class without the held-out part has no direction there
    left = {name: other[~test] for name, other in others.items() if 0 < other[~test].sum() < (~test).sum()}
    _, weights, _ = _learn(flat[~test], having[~test], left, method, attribute)
    strengths = flat @ weights
    cut = _best_cut(strengths[~test], having[~test])
    right = (strengths[test] > cut) == having[test]
    return float(np.mean([right[having[test] == side].mean() for side in (False, True)]))


def _best_cut(strengths: np.ndarray, having: np.ndarray) -> float:
    """The strength above which to expect the attribute so that both classes together are told best."""
    order = np.argsort(strengths, kind="stable")
    gains = np.where(having[order], -1 / having.sum(), 1 / (~having).sum()).cumsum()
    place = int(gains[:-1].argmax())
    return float(strengths[order[place : place + 2]].mean())
