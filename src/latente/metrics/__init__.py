"""Metrics: figures about results, each named after its protocol (see `PROTOCOLS`)."""

from __future__ import annotations

from latente.metrics import classification, images, likelihoods
from latente.metrics.images import (
    PSNR_CEILING,
    SMALLEST_SSIM_SIDE,
    bce,
    evaluate_images,
    mae,
    measure_images,
    mse,
    psnr,
    ssim,
)
from latente.metrics.likelihoods import latent_use
from latente.metrics.outputs import means, measure

__all__ = [
    "PROTOCOLS",
    "PSNR_CEILING",
    "SMALLEST_SSIM_SIDE",
    "bce",
    "evaluate_images",
    "latent_use",
    "mae",
    "means",
    "measure",
    "measure_images",
    "mse",
    "psnr",
    "ssim",
]

PROTOCOLS = {
    "objective": "what training minimises; mean over images",
    **images.PROTOCOLS,
    **likelihoods.PROTOCOLS,
    **classification.PROTOCOLS,
}
