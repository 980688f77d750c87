"""How probable a variational model finds images: means of the terms that it returns per image, in nats."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float

from latente import formulas
from latente.errors import InputError

__all__ = ["PROTOCOLS", "evaluate_likelihoods", "latent_use"]

_CAVEAT = "a bound of log p(x) for Gaussian likelihoods and for binary data, else made of cross-entropies"

PROTOCOLS = {
    "reconstruction": "-log p(x|z) in nats per image, codes drawn from the posterior with noise that all "
    "images share; a cross-entropy where a Bernoulli meets data that are not binary; mean over images",
    "kl": "KL divergence from the posterior to the prior in nats per image, in closed form; mean over images",
    "elbo": f"evidence lower bound, -reconstruction - kl, in nats per image ({_CAVEAT}); mean over images",
    "bound": "importance-weighted bound in nats per image (Burda et al. 2016), the number of samples stated "
    f"beside it ({_CAVEAT}); mean over images",
}


def evaluate_likelihoods(
    reconstruction: Float[np.ndarray, "n"],
    kl: Float[np.ndarray, "n"],
    bound: Float[np.ndarray, "n"] | None = None,
) -> dict[str, float]:
    """Return the means over the images of "reconstruction", "kl", "elbo" and, where given, "bound".

    All in nats per image, as in `PROTOCOLS`. reconstruction, kl: as a variational objective's `evaluate`
    returns them. bound: as its `bound` does. Raises InputError where there are no images.
    """
    if not len(reconstruction):
        raise InputError("there are no images to evaluate")
    metrics = {"reconstruction": reconstruction, "kl": kl, "elbo": -reconstruction - kl}
    if bound is not None:
        metrics["bound"] = bound
    return {name: float(values.mean(dtype=np.float64)) for name, values in metrics.items()}


def latent_use(
    mean: Float[np.ndarray, "n *code"], log_var: Float[np.ndarray, "n *code"]
) -> tuple[Float[np.ndarray, "k"], Bool[np.ndarray, "k"]]:
    """Return the mean KL in nats of each latent dimension over n posteriors, and whether the dimension is active."""
    means, log_variances = (torch.from_numpy(part).double().flatten(1) for part in (mean, log_var))
    kl = formulas.kl_diagonal_normal(means, log_variances)
    return kl.mean(0).numpy(), formulas.active_units(means).numpy()
