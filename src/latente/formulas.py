"""Each formula once, with its source; objectives and metrics both use these.

Results are per image, (B,), unless the name or the docstring says otherwise. With `over_batch=True` the
result is the mean over the images, 0-D, in one fused pass: a tenth of a small network's training step lies in
these few operations. All are differentiable, in nats or in the units of their arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

__all__ = [
    "ACTIVE_UNIT_VARIANCE",
    "active_units",
    "bce_with_logits",
    "bernoulli_log_prob",
    "cut",
    "decibels",
    "deviation",
    "free_bits",
    "importance_weighted_bound",
    "kl_diagonal_normal",
    "log_density_ratio",
    "mae",
    "moments",
    "mse",
    "normal_log_prob",
    "psnr",
    "renormalised",
    "squared_error",
]

ACTIVE_UNIT_VARIANCE = 0.01  # of the posterior means over the data, Burda et al. 2016, section 5.2

_LEAST_VARIANCE = 1e-5

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def squared_error(
    x: Float[Tensor, "b *image"], y: Float[Tensor, "b *image"], *, over_batch: bool = False
) -> Float[Tensor, "b"] | Float[Tensor, ""]:
    """Sum over an image's values of (x - y)^2."""
    return _sum(functional.mse_loss, x, y, over_batch)


def mse(
    x: Float[Tensor, "b *image"], y: Float[Tensor, "b *image"], *, over_batch: bool = False
) -> Float[Tensor, "b"] | Float[Tensor, ""]:
    """Mean over an image's values of (x - y)^2."""
    return _mean(functional.mse_loss, x, y, over_batch)


def mae(
    x: Float[Tensor, "b *image"], y: Float[Tensor, "b *image"], *, over_batch: bool = False
) -> Float[Tensor, "b"] | Float[Tensor, ""]:
    """Mean over an image's values of |x - y|."""
    return _mean(functional.l1_loss, x, y, over_batch)


def bce_with_logits(
    logits: Float[Tensor, "b *image"], target: Float[Tensor, "b *image"], *, over_batch: bool = False
) -> Float[Tensor, "b"] | Float[Tensor, ""]:
    """Mean over an image's values of the cross-entropy -t log p - (1 - t) log(1 - p) in nats.

    p = sigmoid(logit). target: within [0, 1]; where it is not binary, the smallest possible value is its
    entropy and not 0.
    """
    return _mean(functional.binary_cross_entropy_with_logits, logits, target, over_batch)


def psnr(x: Float[Tensor, "b *image"], y: Float[Tensor, "b *image"], data_range: int | float) -> Float[Tensor, "b"]:
    """10 log10(data_range^2 / MSE), in dB; infinite for identical images.

    data_range: the highest minus the lowest value that the images can take.
    """
    return decibels(mse(x, y), data_range)


def decibels(error: Float[Tensor, "*any"], data_range: int | float) -> Float[Tensor, "*any"]:
    """10 log10(data_range^2 / error), the PSNR that belongs to a mean squared error."""
    return 10.0 * torch.log10(data_range**2 / error)


def bernoulli_log_prob(
    logits: Float[Tensor, "b *image"], x: Float[Tensor, "b *image"], *, over_batch: bool = False
) -> Float[Tensor, "b"] | Float[Tensor, ""]:
    """Log-probability of binary images x, in nats, each value independent given its logit.

    For x within [0, 1] but not binary this is a negative cross-entropy and no log-probability.
    """
    return -_sum(functional.binary_cross_entropy_with_logits, logits, x, over_batch)


def normal_log_prob(
    x: Float[Tensor, "b *image"],
    mean: Float[Tensor, "b *image"],
    log_sigma: Float[Tensor, ""],
    *,
    over_batch: bool = False,
) -> Float[Tensor, "b"] | Float[Tensor, ""]:
    """Log-density of images under N(mean, sigma^2 I) with one sigma for all values, in nats."""
    error = squared_error(x, mean, over_batch=over_batch)
    return -0.5 * error * torch.exp(-2.0 * log_sigma) - _values(x) * (log_sigma + HALF_LOG_2PI)


def cut(x: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Return x cut to [0, 1] with the gradient of x itself: straight-through (Bengio et al. 2013, arXiv 1308.3432).

    What lies below 0 is free where 0 is right, and is drawn back where more is: the cut's own gradient, 0, would leave
    it there for good.
    """
    return x + (x.clamp(0, 1) - x).detach()


def kl_diagonal_normal(mean: Float[Tensor, "b *code"], log_var: Float[Tensor, "b *code"]) -> Float[Tensor, "b *code"]:
    """KL(N(mean, exp(log_var)) || N(0, 1)) of each dimension, in nats (Kingma & Welling 2014, appendix B)."""
    return 0.5 * (mean * mean + torch.expm1(log_var) - log_var)


def log_density_ratio(
    code: Float[Tensor, "k b *code"], mean: Float[Tensor, "b *code"], log_var: Float[Tensor, "b *code"]
) -> Float[Tensor, "k b"]:
    """log N(code; 0, I) - log N(code; mean, exp(log_var)) of k codes for each image, in nats.

    Its negative, averaged over codes drawn from the second normal, estimates the KL divergence.
    """
    standardised = (code - mean) * torch.exp(-0.5 * log_var)
    ratio = 0.5 * (standardised.square() + log_var - code.square())
    return ratio.flatten(2).sum(2)


def importance_weighted_bound(log_weights: Float[Tensor, "k b"]) -> Float[Tensor, "b"]:
    """log of the mean of k weights p(x, z) / q(z|x), a lower bound of log p(x) (Burda et al. 2016, eq. 8)."""
    return torch.logsumexp(log_weights, 0) - math.log(len(log_weights))


def free_bits(kl: Float[Tensor, "b *code"], nats: int | float) -> Float[Tensor, ""]:
    """Sum over the dimensions of max(nats, mean of the KL over the batch), 0-D (Kingma et al. 2016, eq. 15).

    Each dimension of the code is a group of its own. One whose mean is below `nats` has no gradient.
    """
    return kl.mean(0).clamp(min=nats).sum()


def active_units(means: Float[Tensor, "n *code"]) -> Bool[Tensor, "*code"]:
    """Whether each dimension's posterior mean has a variance above 0.01 over n images (Burda et al. 2016)."""
    return means.var(0, correction=0) > ACTIVE_UNIT_VARIANCE


def moments(maps: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b c 1 1"], Float[Tensor, "b c 1 1"]]:
    """Return the mean and the deviation of each channel, in float32: sums over so many places lose too much in half."""
    maps = maps.float()
    mean = maps.mean((2, 3), keepdim=True)
    return mean, deviation((maps - mean).square().mean((2, 3), keepdim=True))


def deviation(variance: Tensor) -> Tensor:
    """Return the root of variances, each made larger by 1e-5: of one that is 0 the root has no slope."""
    return (variance + _LEAST_VARIANCE).sqrt()


def renormalised(
    maps: Float[Tensor, "b c h w"], own: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]
) -> Float[Tensor, "b c h w"]:
    """Return maps whose `own` moments have become those that are wanted (Huang & Belongie 2017, eq. 8).

    own, wanted: mean and deviation of each channel, as `moments` gives them.
    """
    (mean, deviation), (new_mean, new_deviation) = own, wanted
    return (maps.float() - mean) / deviation * new_deviation + new_mean


def _sum(loss: Callable[..., Tensor], x: Tensor, y: Tensor, over_batch: bool) -> Tensor:
    """Sum an elementwise loss of torch over each image, or take the mean of these sums over the batch."""
    if over_batch:
        return loss(x, y, reduction="sum") / len(x)
    return loss(x, y, reduction="none").flatten(1).sum(1)


def _mean(loss: Callable[..., Tensor], x: Tensor, y: Tensor, over_batch: bool) -> Tensor:
    """Average an elementwise loss of torch over each image, or over all values of the batch."""
    if over_batch:
        return loss(x, y)
    return loss(x, y, reduction="none").flatten(1).mean(1)


def _values(x: Tensor) -> int:
    return math.prod(x.shape[1:])
