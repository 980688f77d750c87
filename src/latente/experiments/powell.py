"""Powell's method on a small dense net, as [BFPS] trained theirs: no gradients, and no learning rate.

Powell (1964), "An efficient method for finding the minimum of a function of several variables without calculating
derivatives": an iteration minimises along as many directions as there are weights, one after the other, and puts the
way that it went as a whole in the place of one of them. It is SciPy's. Its line searches (Brent's) choose each point by
what the ones before gave, so that there is no batch of evaluations to be had; what is quick is the evaluation, of all
patterns at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

__all__ = ["Minimised", "minimise"]


@dataclasses.dataclass(frozen=True)
class Minimised:
    """A dense net of tanh units that Powell's method has trained.

    layers: (weight, bias) of each; linear: which of them have no tanh. wrong: the wrong pixels of each pattern that it
    was trained on, after 0, 1, 2, ... iterations, (iterations + 1, N). evaluations: of the loss, over all patterns.
    """

    layers: Sequence[tuple[np.ndarray, np.ndarray]]
    linear: Sequence[int]
    wrong: np.ndarray
    evaluations: int

    def rebuild(self, patterns: np.ndarray) -> np.ndarray:
        """Return what comes back of patterns (N, 1, H, W), booleans of the same shape."""
        x = patterns.reshape(len(patterns), -1).astype(np.float64)
        return (_logits(x, self.layers, self.linear) > 0).reshape(patterns.shape)


def minimise(
    patterns: np.ndarray,
    targets: np.ndarray,
    *,
    hidden: Sequence[int],
    latent_dim: int,
    iterations: int,
    seed: int = 0,
) -> Minimised:
    """Train a net of hidden layers, a code of `latent_dim` numbers and the hidden layers back to give `targets`.

    patterns, targets: (N, 1, H, W) booleans. The loss is the mean cross-entropy of the pixels; it ends after so many
    iterations, or once one lowers the loss by less than 1e-4 of it (SciPy's default).
    """
    from scipy.optimize import minimize

    start, linear = _first_layers(patterns.shape[1:], hidden, latent_dim, seed)
    first = np.concatenate([array.ravel() for layer in start for array in layer])
    held = first.copy()  # the weights that are tried; the layers look into it
    parts = iter(np.split(held, np.cumsum([array.size for layer in start for array in layer])[:-1]))
    layers = [(next(parts).reshape(weight.shape), next(parts)) for weight, _ in start]
    x, wanted = (array.reshape(len(array), -1).astype(np.float64) for array in (patterns, targets))

    def logits(parameters: np.ndarray) -> np.ndarray:
        held[:] = parameters
        return _logits(x, layers, linear)

    def loss(parameters: np.ndarray) -> float:
        raw = logits(parameters)
        # log(1 + exp(raw)) - wanted raw, without overflow
        return float((np.log1p(np.exp(-np.abs(raw))) + np.maximum(raw, 0) - wanted * raw).mean())

    wrong: list[np.ndarray] = []

    def count(parameters: np.ndarray) -> None:
        wrong.append(((logits(parameters) > 0) != wanted).sum(axis=1))

    count(first)
    end = minimize(loss, first, method="Powell", callback=count, options={"maxiter": iterations, "maxfev": np.inf})
    count(end.x)
    # after the iteration that ends it the callback may have been called or not
    return Minimised(layers, linear, np.array([*wrong[: end.nit], wrong[-1]]), int(end.nfev))


def _first_layers(
    image_shape: Sequence[int], hidden: Sequence[int], latent_dim: int, seed: int
) -> tuple[list[tuple[np.ndarray, np.ndarray]], tuple[int, int]]:
    """Return weights and biases as our own nets draw them, and which layers give the code and the logits."""
    import torch
    from torch import nn

    from latente.networks import DenseDecoder, DenseEncoder

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = DenseEncoder(tuple(image_shape), latent_dim, tuple(hidden), activation="tanh")
        decoder = DenseDecoder(latent_dim, tuple(image_shape), tuple(hidden), activation="tanh")
    linears = [layer for part in (encoder, decoder) for layer in part.modules() if isinstance(layer, nn.Linear)]
    arrays = [tuple(array.detach().numpy().astype(np.float64) for array in (m.weight.T, m.bias)) for m in linears]
    return [(weight, bias) for weight, bias in arrays], (len(linears) // 2 - 1, len(linears) - 1)


def _logits(x: np.ndarray, layers: Sequence[tuple[np.ndarray, np.ndarray]], linear: Sequence[int]) -> np.ndarray:
    for number, (weight, bias) in enumerate(layers):
        x = x @ weight
        x += bias
        if number not in linear:
            np.tanh(x, out=x)
    return x
