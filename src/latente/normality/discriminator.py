"""A small network that tells features of sound places from those of faults that somebody planted."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from latente.normality.base import Normality
from latente.normality.gaussian import Gaussian

__all__ = ["Discriminator"]

_HIDDEN, _STEPS = 64, 500
_FAULTY, _SOUND = 192, 320  # features at each step
_RATE, _DECAY = 2e-3, 1e-3
_LEAST_DEVIATION = 1e-3


class Discriminator(Normality):
    """The log odds that a feature is of a fault, by one hidden layer of 64 units; below 0 it is rather a sound one.

    It is learned by AdamW, 500 steps whose rate falls to 0, 3 faulty to 5 sound ones at each step however many there
    are of either. sound: one Gaussian of the sound features.
    """

    mean: Tensor
    deviation: Tensor
    inner: Tensor
    inner_bias: Tensor
    outer: Tensor
    outer_bias: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.sound = Gaussian()
        for name in ("mean", "deviation", "inner", "inner_bias", "outer", "outer_bias"):
            self.register_buffer(name, torch.empty(0))

    def tell(
        self,
        sound: Float[Tensor, "n f"],
        faulty: Float[Tensor, "m f"],
        weights: Float[np.ndarray, "m"],
        rng: np.random.Generator,
    ) -> Discriminator:
        """Learn to tell the faulty from the sound; weights: how often each of the faulty is drawn, in proportion."""
        self.sound.learn(sound, np.arange(len(sound)))
        self.mean, self.deviation = sound.mean(0), sound.std(0, correction=0) + _LEAST_DEVIATION
        width = sound.shape[1]
        shapes = {"inner": (width, _HIDDEN), "inner_bias": (_HIDDEN,), "outer": (_HIDDEN,), "outer_bias": ()}
        bounds = {name: (width if name.startswith("inner") else _HIDDEN) ** -0.5 for name in shapes}
        for name, shape in shapes.items():
            drawn = np.asarray(rng.uniform(-bounds[name], bounds[name], shape), np.float32)
            setattr(self, name, torch.from_numpy(drawn).to(sound.device).requires_grad_())
        learned = [getattr(self, name) for name in shapes]
        optimizer = torch.optim.AdamW(learned, _RATE, weight_decay=_DECAY)
        chosen = rng.choice(len(faulty), (_STEPS, _FAULTY), p=weights / weights.sum())
        others = rng.integers(len(sound), size=(_STEPS, _SOUND))
        is_faulty = sound.new_tensor([1.0] * _FAULTY + [0.0] * _SOUND)
        with torch.enable_grad():
            for step, (own, other) in enumerate(zip(chosen, others, strict=True)):
                for group in optimizer.param_groups:
                    group["lr"] = _RATE * (1 - step / _STEPS)
                rows = torch.cat([faulty[torch.from_numpy(own)], sound[torch.from_numpy(other)]])
                loss = functional.binary_cross_entropy_with_logits(self(rows), is_faulty)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        for name in shapes:
            setattr(self, name, getattr(self, name).detach())
        return self

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b"]:
        """Return the log odds of each."""
        hidden = ((features - self.mean) / self.deviation) @ self.inner + self.inner_bias
        return hidden.relu() @ self.outer + self.outer_bias
