"""From all that a model makes of each image to the figures by which it is judged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from latente.metrics.images import PSNR_CEILING, measure_images, psnr

__all__ = ["averages", "elbo_error", "means", "measure"]

# of the arrays that a model's `outputs` holds, those that are no terms though they have one number for each image
_NO_TERMS = ("labels", "scores", "chance")


def measure(outputs: Mapping[str, np.ndarray], bounded: bool | None = None) -> dict[str, np.ndarray]:
    """Return each image's figures, (N,) each: the terms of the objective, and the image metrics where there are any.

    outputs: as a model's `outputs` returns them; reconstructions are compared with "targets", else with "images", the
    data range being 1, and "input_psnr" is that of what the model was given, where that was another. bounded: whether
    the data lie within [0, 1] by nature; only then has "bce" a meaning; None goes by the values at hand. A model with
    the terms "reconstruction" and "kl" gets its "elbo" as well.
    """
    terms = {name: values for name, values in outputs.items() if values.ndim == 1 and name not in _NO_TERMS}
    if "reconstruction" in terms and "kl" in terms:
        after = list(terms).index("kl") + 1
        elbo = ("elbo", -terms["reconstruction"] - terms["kl"])
        terms = dict([*list(terms.items())[:after], elbo, *list(terms.items())[after:]])
    if "reconstructions" not in outputs:
        return terms
    originals = outputs.get("targets", outputs["images"])
    figures = measure_images(originals, outputs["reconstructions"], 1.0)
    inputs = outputs.get("inputs", outputs["images"] if "targets" in outputs else originals)
    if inputs is not originals and inputs.shape == originals.shape:
        figures["input_psnr"] = psnr(originals, inputs, data_range=1.0)
    return terms | {name: values for name, values in figures.items() if name != "bce" or bounded is not False}


def means(figures: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the mean of each figure over the images for which it is known (not NaN); left out where none is.

    A PSNR counts with at most 100 dB (`PSNR_CEILING`).
    """
    result = {}
    for name, values in figures.items():
        known = np.asarray(values, dtype=np.float64)
        known = known[~np.isnan(known)]
        if len(known):
            result[name] = float(np.minimum(known, PSNR_CEILING).mean() if name.endswith("psnr") else known.mean())
    return result


def averages(figures: Mapping[str, np.ndarray], noises: int) -> dict[str, float]:
    """Return the means of figures, and in the place of "chance", where they hold it, the standard error that it makes.

    noises: how many the model shares out among its images; see `elbo_error`.
    """
    errors = elbo_error(figures["chance"], noises) if "chance" in figures else {}
    return means({name: values for name, values in figures.items() if name != "chance"}) | errors


def elbo_error(chance: np.ndarray, noises: int) -> dict[str, float]:
    """Return the standard error of the mean reconstruction term, and so of "elbo", that the noise of the codes makes.

    chance: by how much each image's term differs from that of its posterior's mean (N,). Image k met the noise k modulo
    `noises`, and every second noise is the one before it, mirrored: the images of such a pair share their chance, and
    count as one draw. That the images of the pairs differ is counted in, so the error is rather too large than too
    small. Nothing is known of it, and nothing returned, where there is only one pair.
    """
    pairs = np.arange(len(chance)) % min(noises, len(chance)) // 2
    sizes = np.bincount(pairs)
    if len(sizes) < 2:
        return {}
    sums = np.bincount(pairs, chance.astype(np.float64))
    deviations = sums - sizes * (sums.sum() / len(chance))
    variance = len(sizes) / (len(sizes) - 1) * float((deviations**2).sum()) / len(chance) ** 2
    return {"elbo_error": variance**0.5}
