"""The options of the detector of odd pictures."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from latente.checks import Choice, Number, Own, Text, Whole, option
from latente.estimators.options.common import EstimatorOptions

__all__ = ["FEATURES", "METHODS", "NETWORKS", "DetectionOptions"]

METHODS = ("auto", "gaussian", "memory", "planted", "pca", "neighbours", "transforms", "reconstruction")
NETWORKS = ("squeezenet", "vgg19-distilled")  # features that lie in a file
FEATURES = ("auto", "pixels", "orientations", "windows", "embedded", *NETWORKS)


@dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=True)
class DetectionOptions(EstimatorOptions):
    """What the detector is asked for."""

    panel: ClassVar[str] = "Detection"

    method: str = option(
        "auto",
        f"How what is normal is told from what is odd: {', '.join(METHODS)}; auto goes by the images.",
        Choice(METHODS),
    )
    features: Any = option(
        "auto",
        f"What of the images is compared: {', '.join(FEATURES)}; auto goes by the method.",
        Own(Choice(FEATURES), ("module",), role="network"),
    )
    weights: str | None = option(
        None,
        f"File with the weights of the network that features names, {' or '.join(NETWORKS)}.",
        Text("FILE", or_none=True),
    )
    autoencoder: Any = option(
        None,
        "Run of the autoencoder that reconstruction or embedded looks through; none: one is trained.",
        Own(Text("RUN", or_none=True), ("Autoencoder", "VariationalAutoencoder", "path")),
    )
    contrast: int | None = option(
        None,
        "Odd side in pixels of the window whose mean and deviation are taken out around each pixel; none: no window.",
        Whole(least=3, or_none=True, metavar="PIXELS"),
    )
    alpha: float = option(0.05, "Share of normal images that may be taken for odd.", Number(above=0, below=1))
    contamination: float | None = option(
        None,
        "Share of the training images that is odd, where they are an unlabelled mixture; then alpha has no say.",
        Number(above=0, most=0.5, or_none=True, metavar="SHARE"),
    )
    groups: Any = option(
        None,
        "Pattern in file names, such as 'tile[0-9]+', that images of the same thing share: none vouches for another.",
        Own(Text("PATTERN", or_none=True), ("array",)),
    )
