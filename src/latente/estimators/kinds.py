"""The kinds of models that `--model` names: the one list, light to import."""

from __future__ import annotations

import dataclasses
import importlib
from collections import ChainMap
from typing import TYPE_CHECKING, Any

from latente.errors import did_you_mean

if TYPE_CHECKING:
    from latente.estimators.base import Estimator

__all__ = ["KINDS", "RUNS", "Kind", "kind_named", "kind_of_run"]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of model.

    name: what `--model` takes. title: what people read. family: the heading under which lists name it. sentence: what
    it is for. estimator, options: where its class and that of its options are, "module:name"; the latter is light.
    """

    name: str
    title: str
    family: str
    sentence: str
    estimator: str
    options: str

    def load_class(self) -> type[Estimator]:
        """Return the estimator's class; this imports torch."""
        kind: type[Estimator] = _imported(self.estimator)
        return kind

    def load_options(self) -> type:
        """Return the dataclass that declares its options, see `latente.checks`."""
        options: type = _imported(self.options)
        return options


def _kind(name: str, title: str, family: str, sentence: str, module: str, estimator: str, options: str) -> Kind:
    home = "latente.estimators"
    return Kind(name, title, family, sentence, f"{home}.{module}:{estimator}", f"{home}.options.{module}:{options}")


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(
            "autoencoder",
            "autoencoder",
            "autoencoders",
            "Finds a short code for each image, from which it can be drawn again; with --corruption, a denoiser.",
            "autoencoders",
            "Autoencoder",
            "AutoencoderOptions",
        ),
        _kind(
            "vae",
            "variational autoencoder",
            "autoencoders",
            "Learns a density of images with a normal code for each, from which new ones can be drawn.",
            "variational",
            "VariationalAutoencoder",
            "VariationalOptions",
        ),
        _kind(
            "stacked",
            "stacked autoencoder classifier",
            "classifiers",
            "Sorts images by their labels: layers learn to denoise, one after the other, then all learn the labels.",
            "stacked",
            "StackedAutoencoderClassifier",
            "StackedOptions",
        ),
        _kind(
            "classifier",
            "classifier",
            "classifiers",
            "Sorts images by their labels, which a convolutional or dense network learns.",
            "classifier",
            "ImageClassifier",
            "ClassifierOptions",
        ),
        _kind(
            "restorer",
            "restorer",
            "restorers",
            "Makes pictures better, at their own size: enlarges, denoises or deblurs them, fills in what is missing.",
            "restoration",
            "Restorer",
            "RestorationOptions",
        ),
        _kind(
            "translator",
            "translator",
            "restorers",
            "Turns pictures of one kind into their partners of another, such as edges into photographs, by pairs.",
            "translation",
            "ImageTranslator",
            "TranslationOptions",
        ),
        _kind(
            "gan",
            "generative adversarial network",
            "generators",
            "Makes new images that a critic cannot tell from those it learned from, of a class where asked to.",
            "adversarial",
            "GAN",
            "AdversarialOptions",
        ),
        _kind(
            "style",
            "fast style transfer",
            "styles",
            "Paints photographs in the style of any picture, in one pass, once it has learned to.",
            "fast_style",
            "FastStyleTransfer",
            "FastStyleOptions",
        ),
        _kind(
            "detector",
            "detector",
            "detectors",
            "Finds the odd ones: learns what normal images have in common, and tells which others lack it, and where.",
            "detection",
            "AnomalyDetector",
            "DetectionOptions",
        ),
    )
}


# every kind of which there are runs: one that learns of no set of images has a verb of its own, and no `--model`
RUNS: ChainMap[str, Kind] = ChainMap(
    KINDS,
    {
        "transfer": _kind(
            "transfer",
            "style transfer",
            "styles",
            "Paints a photograph in the style of a picture, by `latente style`.",
            "style",
            "StyleTransfer",
            "TransferOptions",
        ),
    },
)


def kind_of_run(name: object) -> Kind:
    """Return the kind whose runs say so; raises InputError, with the nearest name, where there is none."""
    if not isinstance(name, str) or name not in RUNS:
        raise did_you_mean("model", name, RUNS)
    return RUNS[name]


def kind_named(name: object) -> Kind:
    """Return the kind that `--model` calls so; raises InputError, with the nearest name, where there is none."""
    if not isinstance(name, str) or name not in KINDS:
        raise did_you_mean("model", name, KINDS)
    return KINDS[name]


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
