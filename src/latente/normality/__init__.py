"""Normality: what normal features have in common, how far others lie from it, and from where on that is odd."""

from __future__ import annotations

from latente.normality.base import FOLDS, Normality, folds
from latente.normality.discriminator import Discriminator
from latente.normality.faults import planted
from latente.normality.gaussian import Gaussian, Moments
from latente.normality.neighbours import Hyperplane, Nearest
from latente.normality.origin import Origin
from latente.normality.residual import Residual
from latente.normality.thresholds import conformal_threshold, images_for

__all__ = [
    "FOLDS",
    "Discriminator",
    "Gaussian",
    "Hyperplane",
    "Moments",
    "Nearest",
    "Normality",
    "Origin",
    "Residual",
    "conformal_threshold",
    "folds",
    "images_for",
    "planted",
]
