"""A flow as the density of codes: fitted by the training loop, kept as arrays, drawn from."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from latente.images import Images, Scaling
from latente.networks.flow import CodeFlow
from latente.objectives import FlowObjective
from latente.training import TrainingOptions, train
from latente.training.randomness import isolated_rng

__all__ = ["MOST_CODES", "Flow", "fit_flow", "weights_of"]

MOST_CODES = 20_000
STEPS = 2_000
_LEAST_VARIANCE = 1e-6  # beside the mean one of a code: directions in which codes do not vary are no reason to fail


@dataclasses.dataclass(frozen=True, eq=False)
class Flow:
    """A flow of codes of mean 0 and covariance 1, its weights in a row (P,), and what takes these to codes.

    A code is mean + root @ white; mean (D,), root (D, D).
    """

    weights: np.ndarray
    mean: np.ndarray
    root: np.ndarray

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return `count` codes (count, D)."""
        size = len(self.mean)
        with torch.device("meta"):  # whose weights draw nothing
            flow = CodeFlow(size)
        flow = flow.to_empty(device="cpu")
        vector_to_parameters(torch.from_numpy(self.weights), flow.parameters())
        noise = torch.from_numpy(rng.standard_normal((count, size), dtype=np.float32))
        codes: np.ndarray = self.mean + flow.carried(noise).numpy() @ self.root.T
        return codes


def weights_of(size: int) -> int:
    """Return how many weights the flow of codes of so many values has."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in CodeFlow(size).parameters())


def fit_flow(codes: np.ndarray, seed: int, device: str, threads: int | None) -> Flow:
    """Return the flow of codes (N, D), after 2,000 steps of 256 of them; device, threads: as training takes them."""
    rows = codes.astype(np.float64)
    mean, size = rows.mean(0), codes.shape[1]
    covariance = np.cov(rows.T).reshape(size, size)
    covariance += np.eye(size) * (_LEAST_VARIANCE * np.trace(covariance) / size or 1.0)
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, (rows - mean).T).T.astype(np.float32)
    with isolated_rng(seed):
        objective = FlowObjective(CodeFlow(size))
    objective.epoch_steps = STEPS
    options = TrainingOptions(
        epochs=1, batch_size=256, learning_rate=2e-3, schedule="cosine", device=device, threads=threads
    )
    as_they_are = Scaling((0.0,), (1.0,), "float32", bounded=False)
    state = train(objective, Images(white, name="codes", layout="NF"), as_they_are, options, seed=seed)
    if state.best_weights is not None:
        objective.load_weights(state.best_weights)
    weights = parameters_to_vector(objective.parameters()).detach().cpu().numpy()
    return Flow(weights, mean.astype(np.float32), root.astype(np.float32))
