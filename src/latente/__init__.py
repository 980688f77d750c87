"""Latente trains, inspects and uses image autoencoders and their generative relatives.

Every public name is fetched from its home on first use, so that `import latente` loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latente.errors import InputError, Interrupted, ModelError, TrainingError
    from latente.estimators import Autoencoder, StackedAutoencoderClassifier, VariationalAutoencoder, load, resume
    from latente.images import Images, open_images

__version__ = "0.1.0"

__all__ = [
    "Autoencoder",
    "Images",
    "InputError",
    "Interrupted",
    "ModelError",
    "StackedAutoencoderClassifier",
    "TrainingError",
    "VariationalAutoencoder",
    "__version__",
    "load",
    "open_images",
    "resume",
]

_HOMES = {
    "Autoencoder": "latente.estimators",
    "Images": "latente.images",
    "InputError": "latente.errors",
    "Interrupted": "latente.errors",
    "ModelError": "latente.errors",
    "StackedAutoencoderClassifier": "latente.estimators",
    "TrainingError": "latente.errors",
    "VariationalAutoencoder": "latente.estimators",
    "load": "latente.estimators",
    "open_images": "latente.images",
    "resume": "latente.estimators",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'latente' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value  # from now on an ordinary attribute
    return value


def __dir__() -> list[str]:
    return list(__all__)
