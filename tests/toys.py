"""Small things to train that several test files share."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latente.images import Images, Scaling, open_images
from latente.objectives import Batch, Objective, Player
from latente.training import Run, TrainingOptions, TrainingState, isolated_rng, train

UNIT = Scaling((0.0,), (1.0,), "float32", bounded=True)


def table(n: int = 96, features: int = 5, seed: int = 0) -> Images:
    """Return a table of floats in [0, 1]."""
    return Images(np.random.default_rng(seed).random((n, features), dtype=np.float32), name="table")


def few_digits(name: str, tiny: bool = False) -> tuple[Images, Images, str]:
    """Return 120 images to train and 120 to test, and a word on them, as `open_parts` does of MNIST."""
    drawn = open_images("glyphs", size=28, count=240)
    images = open_images(drawn.pixels[:, 0], labels=drawn.labels)  # without an axis of channels, as MNIST is
    return images.take(slice(120)), images.take(slice(120, 240)), "drawn"


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


class SharedFakes(Objective):
    """Two players with options of their own; both turns judge the fakes that the first one made of the condition."""

    columns = ("condition",)

    def __init__(self) -> None:
        super().__init__()
        self.generator_net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
        self.critic_net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        self.passes = 0

    def players(self) -> dict[str, Player]:
        return {
            "critic": Player(list(self.critic_net.parameters()), {"learning_rate": 4e-3, "betas": (0.5, 0.9)}),
            "generator": Player(list(self.generator_net.parameters()), {"optimizer": "sgd", "gradient_clip": 0.05}),
        }

    def averaged(self) -> Sequence[str]:
        return ("generator_net",)

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        if "fakes" not in batch:
            batch["fakes"] = self.generator_net(batch["condition"])
            self.passes += 1
        if turn == "generator":
            return nn.functional.softplus(-self.critic_net(batch["fakes"])).mean(), {}
        judged_real, judged = self.critic_net(batch["images"]), self.critic_net(batch["fakes"].detach())
        return (nn.functional.softplus(-judged_real) + nn.functional.softplus(judged)).mean(), {}


class Painted(Objective):
    """RGB pixels whose features, by a frozen net with batch normalisation, shall be as those of a few images are."""

    frozen = ("features",)
    epoch_steps = 3

    def __init__(self) -> None:
        super().__init__()
        self.pixels = nn.Parameter(torch.full((1, 3, 8, 8), 0.5))
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Tanh(), nn.Conv2d(6, 4, 3))
        self.double()  # L-BFGS enlarges rounding errors, those of several processes that add up in another order too

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        pixels, images = self.pixels, batch["images"].double()
        features = (self.features(pixels) - self.features(images)).square().mean()
        return features + (pixels - images).square().mean(), {"features": features.detach()}


def brightness(objective: Objective) -> dict[str, float]:
    """A judge of a whole model: how bright its pixels are, and a figure beside it."""
    assert isinstance(objective, Painted)
    assert not objective.training
    torch.rand(3)  # whatever it draws
    return {"objective": float(objective.pixels.mean()), "spread": float(objective.pixels.std())}


class Conditioned(Objective):
    """Predict a table from its condition, which must come scaled to [0, 1]."""

    columns = ("condition",)

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(2, 5)

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        condition = batch["condition"]
        assert condition.dtype == torch.float32
        assert 0 <= condition.min() <= condition.max() <= 1
        return (self.net(condition) - batch["images"]).square().mean(), {}


class Slow(Linear):
    """A step of it takes a good five milliseconds."""

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        time.sleep(0.005)
        return super().forward(turn, batch, generator)


def shaken(batch: Batch, generator: torch.Generator) -> Batch:
    """An augmentation by random numbers."""
    images = batch["images"]
    return {**batch, "images": images + 0.1 * torch.randn(images.shape, generator=generator)}


def mirrored(batch: Batch, generator: torch.Generator) -> Batch:
    """An augmentation without random numbers: several processes, each with draws of its own, give what one gives."""
    return {**batch, "images": batch["images"].flip(1)}


def conditioned(images: Images, low: float = 0.0, high: float = 1.0) -> Images:
    """Return the images with a condition (N, 2) between low and high."""
    condition = np.random.default_rng(1).uniform(low, high, (len(images), 2)).astype(np.float32)
    return dataclasses.replace(images, columns={"condition": condition})


def pictures(n: int = 4) -> Images:
    """Return RGB images of 8 x 8."""
    return Images(np.random.default_rng(0).random((n, 3, 8, 8), dtype=np.float32), name="pictures")


@dataclasses.dataclass(frozen=True)
class Toy:
    """A seam of the loop in use: what is minimised, on what, with which options and further arguments of `train`."""

    objective: Callable[[], Objective]
    images: Callable[[], Images]
    options: Mapping[str, Any]
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def train(self, run: Run | None = None, **arguments: Any) -> TrainingState:
        """Train the toy, in a `run` where there is one; `arguments` go before those of the toy."""
        pace = {"epochs": 3, "batch_size": 16, "device": "cpu", "log_every": 3, "checkpoint_every": 2, "threads": 1}
        with isolated_rng(0):
            objective = self.objective()
        options = TrainingOptions(**{**pace, **self.options})
        return train(objective, self.images(), UNIT, options, run=run, **{**self.arguments, **arguments})


TOYS = {
    "shared fakes": Toy(SharedFakes, lambda: conditioned(mixture(96)), {"ema": 0.9, "accumulate": 2}),
    "frozen features": Toy(
        Painted,
        pictures,
        {"optimizer": "lbfgs", "learning_rate": 0.5, "epochs": 4, "patience": 3, "batch_size": 2},
        {"judge": brightness},
    ),
    "augmented": Toy(
        Conditioned,
        lambda: conditioned(table(), -3, 7),
        {},
        {"augmentation": shaken, "column_scalings": {"condition": Scaling((-3.0,), (10.0,), "float32", False)}},
    ),
    "in minutes": Toy(Slow, table, {"minutes": 0.03, "optimizer": "sgd", "schedule": "cosine", "log_every": 7}),
    "saved by time": Toy(lambda: Linear(noise=0.1, dropout=0.2), table, {"checkpoint_every": "0.001s"}),
}


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


def without_timings(lines: list[dict], *others: str) -> list[dict]:
    """Return the lines of a log without what no two trainings share; others: as "steps", which an extension changes."""
    left_out = {"seconds", "images_per_second", "time", *others}
    return [{k: v for k, v in line.items() if k not in left_out} for line in lines]


def bright_squares(count: int = 60, seed: int = 0) -> np.ndarray:
    """Return bright squares, a little noisy, on a dark ground (N, 16, 14), uint8."""
    rng = np.random.default_rng(seed)
    X = rng.normal(20, 4, (count, 16, 14))
    X[:, 5:11, 4:10] += rng.integers(120, 200, (count, 1, 1))
    return X.clip(0, 255).astype(np.uint8)
