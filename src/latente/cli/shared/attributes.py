"""Attributes of images, by name: columns of a table, conditions, and classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latente.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from latente.images import Images

__all__ = ["values_of"]


def values_of(images: Images, name: str) -> tuple[str, np.ndarray]:
    """Return the attribute's name as the set spells it, and its value for each image (N,), NaN where unknown.

    Attributes are -1 or 1, conditions are continuous, and a class is an attribute too: 1 for its own images, 0 for all
    others. Case does not matter where only one name fits. Raises InputError, with the nearest name, for an unknown one.
    """
    import numpy as np

    columns: dict[str, np.ndarray] = {}
    if images.labels is not None and (labels := np.asarray(images.labels)).size:
        for label, title in enumerate(images.label_names or map(str, range(labels.max() + 1))):
            columns[title] = np.where(labels < 0, np.nan, labels == label)
    for key, names in (("condition", images.condition_names), ("attributes", images.attribute_names)):
        if key in images.columns:
            columns |= dict(zip(names, np.asarray(images.columns[key], dtype=np.float64).T, strict=False))
    if not columns:
        raise InputError(f"{images.name} has neither attributes nor classes; add them with --labels CSV")
    alike = [column for column in columns if column.lower() == name.lower()]
    if name in columns:
        return name, columns[name]
    if len(alike) != 1:
        raise did_you_mean(f"attribute of {images.name}", name, columns)
    return alike[0], columns[alike[0]]
