"""Metrics: figures about results, each named after its protocol (see `PROTOCOLS`)."""

from __future__ import annotations

from collections.abc import Iterable

from latente.languages import say
from latente.metrics import classification, distributions, images, likelihoods, ranking
from latente.metrics.attributes import AttributeClassifier, AttributeShare, attribute_shares
from latente.metrics.distributions import (
    coverage,
    density,
    floor,
    frechet_distance,
    half_sampled,
    kernel_distance,
    precision,
    recall,
)
from latente.metrics.groups import Group, by_attribute, by_class, lacking, share_interval
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
from latente.metrics.luminance import LUMINANCE_PROTOCOL, luminance, measure_luminance
from latente.metrics.outputs import averages, elbo_error, means, measure
from latente.metrics.ranking import (
    IntervalEstimate,
    aupro,
    auroc,
    average_precision,
    best_threshold,
    rank_figures,
    with_interval,
)

__all__ = [
    "LUMINANCE_PROTOCOL",
    "PROTOCOLS",
    "PSNR_CEILING",
    "SMALLEST_SSIM_SIDE",
    "AttributeClassifier",
    "AttributeShare",
    "Group",
    "IntervalEstimate",
    "attribute_shares",
    "aupro",
    "auroc",
    "average_precision",
    "averages",
    "bce",
    "best_threshold",
    "by_attribute",
    "by_class",
    "coverage",
    "density",
    "elbo_error",
    "evaluate_images",
    "floor",
    "frechet_distance",
    "half_sampled",
    "kernel_distance",
    "lacking",
    "latent_use",
    "luminance",
    "mae",
    "means",
    "measure",
    "measure_images",
    "measure_luminance",
    "mse",
    "precision",
    "protocols_of",
    "psnr",
    "rank_figures",
    "recall",
    "share_interval",
    "ssim",
    "with_interval",
]

PROTOCOLS = {
    "objective": say("what training minimises; mean over images"),
    # of what paints in one pass, by the features through which it learned, mean over images and styles
    "closed": say(
        "part of the way from the Gram matrices of a photograph to those of a style, in squares; 1 is all of it"
    ),
    **images.PROTOCOLS,
    **likelihoods.PROTOCOLS,
    **classification.PROTOCOLS,
    **ranking.PROTOCOLS,
    **distributions.PROTOCOLS,
}


def protocols_of(names: Iterable[str], data_range: str | None = None) -> dict[str, str]:
    """Return the protocol of each of these figures that has one, by name.

    data_range: what in the data's units has been scaled to 0 and 1, in words, which the image metrics then state.
    """
    known = {name: PROTOCOLS[name] for name in names if name in PROTOCOLS}
    if data_range is None:
        return known
    template = "{protocol}; data range: {data_range}"
    return {
        name: say(template, protocol=text, data_range=data_range) if name in images.PROTOCOLS else text
        for name, text in known.items()
    }
