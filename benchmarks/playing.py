"""How fast a GAN trains, beside a bare tuned loop.

    python benchmarks/playing.py                 two minutes
    python benchmarks/playing.py --keras .venv-peers/bin/python        the published DCGAN beside Keras, too

The usual networks for 28x28 pixels, batches of 16, the non-saturating loss, R1 every 8 steps, Adam for both, a running
average of the generator. The bare loop does the same on torch alone: one pass of the generator for both turns, one of
the critic for real and made images. The DCGAN is that of `latente reproduce dcgan-mnist`, in the precision that it
chooses, with batches of 256, and Keras learns it in both of its precisions from arrays at rest. All take turns, a
stretch of steps each, in seconds of the processor on one thread; the figure is the ratio of the means of a step.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn import clone
from torch import Tensor
from torch.nn import functional

from latente import GAN
from latente.experiments.dcgan_mnist import published
from latente.objectives import AdversarialObjective
from measure import beside, load, machine, peer_steps

BATCH, LATENTS, SIDE = 16, 64, 28
STEPS, WARM_UP = 192, 16  # of a stretch, of which the first ones do not count; both are multiples of those to a penalty
EVERY, R1, RATE, BETAS, DECAY = 8, 1.0, 2e-3, (0.0, 0.99), 0.995

Stretch = Callable[[], list[float]]
TICKS: list[float] = []  # when each step began


class Clocked(AdversarialObjective):
    """Notes when each step begins."""

    def schedule(self, step: int, steps: int) -> None:
        TICKS.append(time.process_time())
        super().schedule(step, steps)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of both, in turn (default: 5)")
    parser.add_argument("--keras", type=Path, help="the python of an environment that has Keras (make bench-peers)")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(f"load before {load():.1f}, {machine()['processor']}, at {machine()['commit']}")
    images = np.random.default_rng(0).integers(0, 256, (BATCH * STEPS, SIDE, SIDE), dtype=np.uint8)

    def step(way: Stretch) -> Callable[[], float]:
        return lambda: float(np.mean(np.diff(way())[WARM_UP:]))

    ways = {"latente": step(_ours(_model(), images)), "the bare loop": step(_bare(images))}
    beside(ways, asked.rounds, BATCH, "images", 0.97)
    if asked.keras is not None:
        dcgan = published().set_params(epochs=1, verbose=False, device="cpu")
        many = images.repeat(dcgan.batch_size // BATCH, axis=0)
        with (
            peer_steps(asked.keras, "dcgan", "float32", STEPS) as whole,
            peer_steps(asked.keras, "dcgan", "bf16", STEPS) as half,
        ):
            ways = {"latente": step(_ours(dcgan, many)), "keras in float32": whole, "keras in bf16": half}
            beside(ways, asked.rounds, dcgan.batch_size, "images", 1.3)


def _model() -> GAN:
    return GAN(
        epochs=1,
        validation=None,
        precision="float32",
        critic_augmentation=None,
        random_state=0,
        verbose=False,
        device="cpu",
        threads=1,
    )


def _ours(model: GAN, images: np.ndarray) -> Stretch:
    from latente.estimators import adversarial

    adversarial.AdversarialObjective = Clocked
    adversarial.FEWEST_STEPS = STEPS

    def stretch() -> list[float]:
        TICKS.clear()
        clone(model).fit(images)
        return TICKS[:STEPS]

    return stretch


def _bare(images: np.ndarray) -> Stretch:
    """Return the tuned loop: bytes at rest, one conversion, channels last, fused Adam, no `.item()`."""
    objective = _model().initialise(images).objective_.to(memory_format=torch.channels_last)
    generator, critic = objective.generator, objective.critic
    pixels = torch.from_numpy(images)[:, None]
    players = [torch.optim.Adam(net.parameters(), RATE, betas=BETAS, fused=True) for net in (critic, generator)]
    averaged = [weight.detach().clone() for weight in generator.parameters()]

    def scores(x: Tensor) -> Tensor:
        return critic(2 * x - 1)[:, 0]

    def step(number: int, rows: Tensor) -> None:
        real = pixels[rows].float().div_(255).contiguous(memory_format=torch.channels_last)
        made = 0.5 * (1 + generator(torch.randn(len(real), LATENTS)).tanh())
        of_real, of_made = scores(torch.cat([real, made.detach()])).split(len(real))
        loss = functional.softplus(-of_real).mean() + functional.softplus(of_made).mean()
        if number % EVERY == 0:
            real = real.requires_grad_()
            (slope,) = torch.autograd.grad(scores(real).sum(), real, create_graph=True)
            loss = loss + 0.5 * R1 * EVERY * slope.flatten(1).square().sum(1).mean()
        players[0].zero_grad(set_to_none=True)
        loss.backward(inputs=list(critic.parameters()))
        players[0].step()
        players[1].zero_grad(set_to_none=True)
        functional.softplus(-scores(made)).mean().backward(inputs=list(generator.parameters()))
        players[1].step()
        torch._foreach_lerp_(averaged, [weight.detach() for weight in generator.parameters()], 1 - DECAY)

    def stretch() -> list[float]:
        ticks = []
        order = torch.randperm(len(pixels))
        for number, rows in enumerate(order.split(BATCH)[:STEPS]):
            ticks.append(time.process_time())
            step(number, rows)
        return ticks

    return stretch


if __name__ == "__main__":
    main()
