"""Small things to train that several test files share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from latente.images import Images, Scaling
from latente.objectives import Batch, Objective, Player

UNIT = Scaling((0.0,), (1.0,), "float32", bounded=True)


def table(n: int = 96, features: int = 5, seed: int = 0) -> Images:
    """Return a table of floats in [0, 1]."""
    return Images(np.random.default_rng(seed).random((n, features), dtype=np.float32), name="table")


class Linear(Objective):
    """Rebuild rows through a linear bottleneck, with noise from the generator and dropout from torch's own."""

    def __init__(self, features: int = 5, noise: float = 0.0, dropout: float = 0.0) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(features, 2), nn.Dropout(dropout), nn.Linear(2, features))
        self.noise = noise

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        x = batch["images"]
        noisy = x + self.noise * torch.randn(x.shape, generator=generator) if self.noise else x
        loss = (self.net(noisy) - x).square().mean()
        return loss, {"mse": loss.detach()}

    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        return {"objective": (self.net(batch["images"]) - batch["images"]).square().mean(1)}


class TwoPlayers(Objective):
    """A generator and a critic on points in the plane: non-saturating loss (Goodfellow et al. 2014), and the R1 penalty
    (Mescheder et al. 2018) without which the two circle each other for ever."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.generator_net = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2))
        self.critic_net = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 1))

    def players(self) -> dict[str, Player]:
        nets = {"critic": self.critic_net, "generator": self.generator_net}
        return {name: Player(list(net.parameters())) for name, net in nets.items()}

    def turns(self, step: int) -> Sequence[str]:
        return ("critic", "generator") if step % 2 else ("critic",)

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        real = batch["images"]
        fake = self.generator_net(torch.randn(real.shape, generator=generator))
        judged = self.critic_net(fake)
        if turn == "generator":
            loss = nn.functional.softplus(-judged).mean()
            return loss, {"fooled": (judged > 0).float().mean().detach()}
        real = real.detach().requires_grad_()
        judged_real = self.critic_net(real)
        (slope,) = torch.autograd.grad(judged_real.sum(), real, create_graph=True)
        penalty = slope.square().sum(1).mean()
        loss = nn.functional.softplus(-judged_real).mean() + nn.functional.softplus(judged).mean()
        return loss + 0.5 * penalty, {"penalty": penalty.detach()}


def mixture(n: int = 512, seed: int = 0) -> Images:
    """Return points of four normal blobs at (+-1, +-1)."""
    rng = np.random.default_rng(seed)
    centres = rng.choice([-1.0, 1.0], (n, 2))
    return Images((centres + 0.05 * rng.standard_normal((n, 2))).astype(np.float32), name="mixture")


class Pixels(Objective):
    """Pixels that shall match the batch: what style transfer minimises, in its barest form."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.pixels = nn.Parameter(torch.zeros(1, *shape))
        self.calls = 0

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        self.calls += 1
        differences = (self.pixels - batch["images"]).square()
        return (differences * torch.linspace(0.1, 10, differences.shape[-1])).sum(), {}


def difference(a: object, b: object, path: str = "") -> str | None:
    """Return where two trees of tensors and plain values differ first, or None where they are equal bit for bit."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        pairs = [(key, a[key], b[key]) for key in a]
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        pairs = [(i, x, y) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    elif isinstance(a, Tensor) and isinstance(b, Tensor):
        return None if a.dtype == b.dtype and torch.equal(a, b) else f"{path}: tensors differ"
    else:
        return None if a == b else f"{path}: {a} and {b}"
    return next((found for key, x, y in pairs if (found := difference(x, y, f"{path}/{key}"))), None)


def without_timings(lines: list[dict]) -> list[dict]:
    """Return the lines of a log without what no two trainings share."""
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines]
