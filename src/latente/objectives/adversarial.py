"""What a generator and a critic want of each other: adversarial losses, and the penalties that keep them together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn
from torch.nn import functional

from latente.errors import did_you_mean
from latente.objectives.objective import Batch, Objective, Player
from latente.objectives.players import players_of

__all__ = ["LOSSES", "AdversarialLoss", "AdversarialObjective"]

Augmentation = Callable[[Mapping[str, Tensor], Generator], dict[str, Tensor]]

_FEWEST_LINES = 10  # of a log, before which nobody has won
_INVERSION_STARTS = 256  # codes of which an inversion begins with the nearest
_INVERSION_STEPS, _INVERSION_RATE = 100, 0.1
_INVERSION_PULL = 1e-3  # of the prior towards 0, beside the squared error of a whole image


@dataclass(frozen=True)
class AdversarialLoss:
    """What either player wants of the critic's scores (B,) of real and of made images; 0-D each.

    between: the score in the middle between real and made; None where only differences of scores mean something.
    compares: whether the generator's loss looks at the scores of real images, too.
    """

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    between: float | None = 0.0
    compares: bool = False


def _square(scores: Tensor, wanted: float) -> Tensor:
    return 0.5 * (scores - wanted).square().mean()


LOSSES: dict[str, AdversarialLoss] = {
    # Goodfellow et al. 2014, section 3: minus the log-probability that the critic errs
    "non-saturating": AdversarialLoss(
        lambda real, made: functional.softplus(-real).mean() + functional.softplus(made).mean(),
        lambda real, made: functional.softplus(-made).mean(),
    ),
    # Jolicoeur-Martineau 2019 (arXiv 1807.00734), as Huang et al. 2024 (arXiv 2501.05441) pair one with one
    "relativistic": AdversarialLoss(
        lambda real, made: functional.softplus(made - real).mean(),
        lambda real, made: functional.softplus(real - made).mean(),
        between=None,
        compares=True,
    ),
    # Mao et al. 2017, eq. 2 with a = 0, b = c = 1
    "least-squares": AdversarialLoss(
        lambda real, made: _square(real, 1.0) + _square(made, 0.0),
        lambda real, made: _square(made, 1.0),
        between=0.5,
    ),
    # Lim & Ye 2017; Miyato et al. 2018, eq. 16 and 17
    "hinge": AdversarialLoss(
        lambda real, made: functional.relu(1 - real).mean() + functional.relu(1 + made).mean(),
        lambda real, made: -made.mean(),
    ),
    # Arjovsky et al. 2017, algorithm 1; with the penalty of Gulrajani et al. 2017 instead of clipped weights
    "wasserstein": AdversarialLoss(
        lambda real, made: made.mean() - real.mean(),
        lambda real, made: -made.mean(),
        between=None,
    ),
}


class AdversarialObjective(Objective):
    """A generator makes images that a critic cannot tell from real ones (Goodfellow et al. 2014).

    generator: codes (B, latent_dim + classes) -> images (B, C, H, W). critic: images -> scores (B, 1), or
    (B, classes), of which that of an image's own class counts (which is the projection of Miyato & Koyama 2018); higher
    is more real. A code is a normal latent of `latent_dim` values, and where there are `classes`, one value more for
    each: 1 for the image's own, 0 for the others. bounded: whether images lie within [0, 1]; then the generator's end
    is (1 + tanh) / 2, unless `ends` is False, and the critic sees them within [-1, 1].

    loss: the name of one of the losses of this file. r1, r2: weights of half the squared gradient of the critic's score
    at real and at made images (Mescheder et al. 2018, eq. 9; R2 is the same at made ones), every `penalty_every`th step
    and then so many times as much (Karras et al. 2020). gradient_penalty: weight of (gradient's norm - 1)^2 between
    them (Gulrajani et al. 2017, eq. 3), at every step. critic_steps: steps of the critic for each of the generator.
    augmentation: what changes real and made images alike before the critic sees them, and lets gradients through
    (Zhao et al. 2020).

    Logged terms: "real_right" and "made_right", the shares that the critic takes for what they are (0.5 each where it
    is at a loss), "spread", how much made images differ among each other, 1 being as much as real ones, and
    "penalty", all penalties together, 0 in steps without.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        *,
        latent_dim: int,
        classes: int = 0,
        bounded: bool = True,
        ends: bool = True,
        loss: str = "non-saturating",
        r1: int | float = 0.0,
        r2: int | float = 0.0,
        gradient_penalty: int | float = 0.0,
        penalty_every: int = 1,
        critic_steps: int = 1,
        augmentation: Augmentation | None = None,
    ) -> None:
        super().__init__()
        if loss not in LOSSES:
            raise did_you_mean("loss", loss, LOSSES)
        self.generator, self.critic = generator, critic
        self.latent_dim, self.classes = latent_dim, classes
        self.bounded, self.ends, self.loss = bounded, ends, loss
        self.r1, self.r2, self.gradient_penalty = r1, r2, gradient_penalty
        self.penalty_every, self.critic_steps = penalty_every, critic_steps
        self.augmentation = augmentation
        self.columns = ("label",) if classes else ()
        self._step = 0

    @property
    def _formulas(self) -> AdversarialLoss:
        return LOSSES[self.loss]  # by its name: functions without one cannot be pickled

    # -- who plays

    def players(self) -> dict[str, Player]:
        return {
            "critic": Player(list(self.critic.parameters())),
            "generator": Player(list(self.generator.parameters())),
        }

    def turns(self, step: int) -> Sequence[str] | None:
        return None if (step + 1) % self.critic_steps == 0 else ("critic",)

    def averaged(self) -> Iterable[str]:
        return ("generator",)

    def schedule(self, step: int, steps: int) -> None:
        self._step = step

    def trouble(self, lines: Sequence[Mapping[str, Any]]) -> str | None:
        """Return who has won, where one of the two has, and what helps the other; nothing of the very beginning."""
        players = players_of(lines) if len(lines) >= _FEWEST_LINES else None
        return None if players is None else players.trouble(self.loss, self.r1)

    def forward(self, turn: str, batch: Batch, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a player's loss; the generator makes images once a step, in the critic's turn, which serve both."""
        if turn == "critic":
            return self._critic_turn(batch, generator)
        made = batch["made"]
        if not self._formulas.compares:
            scores = self.score(made, self._labels(batch), generator)
            return self._formulas.generator(scores, scores), {}
        real, scores = self._scores_of_both(batch["images"], made, batch, generator)
        return self._formulas.generator(real.detach(), scores), {}

    def _critic_turn(self, batch: Batch, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
        real, labels = batch["images"], self._labels(batch)
        codes = self.with_classes(self.latents(len(real), generator), labels)
        # for the generator's turn with its graph; what only the critic steps on needs none
        with torch.set_grad_enabled("generator" in (self.turns(self._step) or ("generator",))):
            batch["made"] = self.decode(codes)
        made = batch["made"].detach()
        scores_real, scores_made = self._scores_of_both(real, made, batch, generator)
        loss = self._formulas.critic(scores_real, scores_made)
        penalty = self._penalty(real, made, batch, generator)
        with torch.no_grad():
            terms = self._accuracies(scores_real, scores_made)
            terms["spread"] = made.std(0, correction=0).mean() / real.std(0, correction=0).mean().clamp(min=1e-8)
        if penalty is not None:
            loss = loss + penalty
        terms["penalty"] = loss.new_zeros(()) if penalty is None else penalty.detach()
        return loss, terms

    def _scores_of_both(self, real: Tensor, made: Tensor, batch: Batch, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return the critic's scores of real and of made images, from one pass."""
        labels = self._labels(batch)
        both = None if labels is None else torch.cat([labels, labels])
        return self.score(torch.cat([real, made]), both, generator).split(len(real))

    def _penalty(self, real: Tensor, made: Tensor, batch: Batch, generator: Generator) -> Tensor | None:
        """Return what the critic pays for steep scores; None at steps that ask for nothing."""
        parts, labels = [], self._labels(batch)
        if self._step % self.penalty_every == 0:
            for weight, images in ((self.r1, real), (self.r2, made)):
                if weight:
                    squares = self._gradient(images, labels, generator).square().sum(1)
                    parts.append(0.5 * weight * self.penalty_every * squares.mean())
        if self.gradient_penalty:
            share = torch.rand(len(real), *[1] * (real.ndim - 1), generator=generator, device=real.device)
            norms = self._gradient(made + share * (real - made), labels, generator).norm(dim=1)
            parts.append(self.gradient_penalty * (norms - 1).square().mean())
        return torch.stack(parts).sum() if parts else None

    def _gradient(self, images: Tensor, labels: Tensor | None, generator: Generator) -> Float[Tensor, "b values"]:
        images = images.detach().requires_grad_()
        scores = self.score(images, labels, generator)
        (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
        return gradient.flatten(1)

    def _accuracies(self, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        between = self._formulas.between
        middle = 0.5 * (real.mean() + made.mean()) if between is None else real.new_tensor(between)
        return {"real_right": (real > middle).float().mean(), "made_right": (made < middle).float().mean()}

    def _labels(self, batch: Batch) -> Int[Tensor, "b"] | None:
        return batch["label"].long() if self.classes else None

    # -- what comes of it

    def latents(self, count: int, generator: Generator) -> Float[Tensor, "b latent"]:
        """Draw latents from N(0, I)."""
        return torch.randn(count, self.latent_dim, generator=generator, device=generator.device)

    def with_classes(self, latents: Float[Tensor, "b latent"], labels: Tensor | None) -> Float[Tensor, "b code"]:
        """Return codes: latents, and beside them which class each image shall be of, where there are classes."""
        if labels is None:
            return latents
        return torch.cat([latents, functional.one_hot(labels, self.classes).to(latents.dtype)], 1)

    def decode(self, codes: Float[Tensor, "b code"]) -> Float[Tensor, "b *image"]:
        """Return the images, in the network's range, that codes stand for."""
        raw = self.generator(codes).float()
        return 0.5 * (1 + raw.tanh()) if self.bounded and self.ends else raw

    def score(
        self, images: Float[Tensor, "b *image"], labels: Tensor | None = None, generator: Generator | None = None
    ) -> Float[Tensor, "b"]:
        """Return how real the critic finds images in the network's range; without labels, of their likeliest class.

        generator: draws what changes the images in training.
        """
        if generator is not None and self.augmentation is not None:
            images = self.augmentation({"images": images}, generator)["images"]
        scores = self.critic(2 * images - 1 if self.bounded else images).float()
        return scores.amax(1) if labels is None else scores.gather(1, labels[:, None])[:, 0]

    def encode(self, images: Float[Tensor, "b *image"]) -> Float[Tensor, "b code"]:
        """Return the codes whose images come nearest, found by 100 steps of Adam from the best of 256 draws.

        The squared error of the whole image is minimised, and with it a thousandth of the code's squared length; the
        draws are the same for all images.
        """
        fixed = torch.Generator(images.device).manual_seed(0)
        latents = self.latents(_INVERSION_STARTS, fixed)
        labels = torch.arange(len(latents), device=images.device) % self.classes if self.classes else None
        starts = self.with_classes(latents, labels)
        shown = torch.cat([self.decode(part) for part in starts.split(64)]).flatten(1)
        codes = starts[torch.cdist(images.flatten(1), shown).argmin(1)].clone().requires_grad_()
        optimizer = torch.optim.Adam([codes], lr=_INVERSION_RATE)
        with torch.enable_grad():
            for step in range(_INVERSION_STEPS):
                optimizer.param_groups[0]["lr"] = (
                    _INVERSION_RATE * 0.5 * (1 + math.cos(math.pi * step / _INVERSION_STEPS))
                )
                error = (self.decode(codes) - images).square().sum() + _INVERSION_PULL * codes.square().sum()
                (codes.grad,) = torch.autograd.grad(error, [codes])
                optimizer.step()
        return codes.detach()
