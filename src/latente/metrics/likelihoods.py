"""How probable a variational model finds images: means of the terms that it returns per image, in nats."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float

from latente import formulas
from latente.languages import say

__all__ = ["PROTOCOLS", "latent_use"]

_CAVEAT = say("a bound of log p(x) for Gaussian likelihoods and for binary data, else made of cross-entropies")

PROTOCOLS = {
    "reconstruction": say(
        "-log p(x|z) in nats per image, codes drawn from the posterior with noise that all "
        "images share; a cross-entropy where a Bernoulli meets data that are not binary; mean over images"
    ),
    "kl": say("KL divergence from the posterior to the prior in nats per image, in closed form; mean over images"),
    "elbo": say(
        "evidence lower bound, -reconstruction - kl, in nats per image ({caveat}); mean over images", caveat=_CAVEAT
    ),
    "elbo_error": say(
        "standard error of elbo and reconstruction, in nats, by the chance of the codes' noise: 50 noises "
        "and their mirror images, each of which meets a share of the images"
    ),
    "bound": say(
        "importance-weighted bound in nats per image (Burda et al. 2016), the number of samples stated beside it "
        "({caveat}); mean over images",
        caveat=_CAVEAT,
    ),
}


def latent_use(
    mean: Float[np.ndarray, "n *code"], log_var: Float[np.ndarray, "n *code"]
) -> tuple[Float[np.ndarray, "k"], Bool[np.ndarray, "k"]]:
    """Return the mean KL in nats of each latent dimension over n posteriors, and whether the dimension is active."""
    means, log_variances = (torch.from_numpy(part).double().flatten(1) for part in (mean, log_var))
    kl = formulas.kl_diagonal_normal(means, log_variances)
    return kl.mean(0).numpy(), formulas.active_units(means).numpy()
