"""What a verb is given, opened: a trained model, images that fit it, codes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.cli import console as show
from latente.cli.options import given
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from latente.images import Images

__all__ = ["codes_of", "images_for", "model_of"]


def model_of(run: Path) -> Any:
    """Return the trained model of a run folder."""
    from latente.estimators import load

    return load(run)


def images_for(model: Any, source: str, split: str | None = None, count: int | None = None) -> Images:
    """Open the images behind `source` as the model's training images were: same size, channels and crop."""
    with show.progress() as step:
        images: Images = model.open(source, progress=step, **given({"split": split, "count": count}))
    return images


def codes_of(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the codes (N, D) in a .npz file of `latente encode`, or a .npy file, and their images' names.

    Raises InputError where the file holds no such codes.
    """
    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = {"codes": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as codes: {error}") from error
    codes = arrays.get("codes")
    if codes is None or codes.ndim != 2 or codes.dtype.kind not in "fiu":
        raise InputError(f"{path} holds no codes: give the .npz file of `latente encode`, or a .npy array (N, D)")
    names = tuple(map(str, arrays.get("files", ())))
    return codes, names if len(names) == len(codes) and all(names) else ()
