"""From which oddness on a picture counts as odd."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from latente.errors import InputError

__all__ = ["conformal_threshold", "images_for"]


def conformal_threshold(oddness: Float[np.ndarray, "n"], alpha: float) -> float:
    """Return the value that new normal things exceed in at most a share `alpha` of all cases, on the average.

    oddness: of normal things, each judged by what others teach. It is the ceil((n + 1)(1 - alpha))-th smallest of n
    (Vovk et al. 2005; Angelopoulos and Bates 2021, section 1), which takes no distribution for granted but that what is
    new comes from where these came from. Where n is less than 1 / alpha - 1 there is no such value, and the largest is
    returned, which is exceeded more often: see `images_for`.
    """
    if not len(oddness):
        raise InputError("there is no normal image to set a threshold by; give some")
    rank = min(math.ceil((len(oddness) + 1) * (1 - alpha) - 1e-9), len(oddness))
    return float(np.sort(oddness)[rank - 1])


def images_for(alpha: float) -> int:
    """Return how many normal things it takes to promise at most such a share of false alarms."""
    return math.ceil(1 / alpha - 1 - 1e-9)
