"""Images of their own for who reads them for hours: nobody else can change them meanwhile."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np

from latente.images.cache import Note, Writer, cache_folder, cached, key_of
from latente.images.container import Images

__all__ = ["held"]

_SMALL = 64 * 2**20  # bytes that are copied into memory; what is larger, into the cache
_BYTES_AT_ONCE = 16 * 2**20


def held(images: Images) -> Images:
    """Return the images, with copies of those arrays that a foreign file is mapped into memory for.

    A training reads its images anew at each epoch. What another program does to such a file meanwhile would change
    them, or kill the process where the file becomes shorter. What came by way of the cache is ours already. A copy in
    the cache is named by its content, and found again by it. Raises InputError where the file changes while it is
    copied, or the disk has no room.
    """
    content = images.content
    if isinstance(content, np.ndarray):
        content = _held(content, images.name, images.content_hash if not images.columns else None)
    columns = {name: _held(column, f"{images.name}, {name}") for name, column in images.columns.items()}
    if content is images.content and all(columns[name] is images.columns[name] for name in columns):
        return images
    return dataclasses.replace(images, content=content, columns=columns)


def _held(array: np.ndarray, name: str, known_hash: str | None = None) -> np.ndarray:
    path = _file_of(array)
    if path is None or path.resolve().is_relative_to(cache_folder().resolve()):
        return array
    if array.nbytes <= _SMALL:
        return np.array(array)
    rows = array if array.ndim in (2, 4) else array.reshape(len(array), -1)
    fingerprint = known_hash or Images(rows).fingerprint

    def build(writer: Writer) -> Note:
        writer.check_room(rows.nbytes, f"a copy of {name}, from which to train,")
        step = max(1, _BYTES_AT_ONCE // (rows.itemsize * math.prod(rows.shape[1:])))
        for start in range(0, len(rows), step):
            writer.append("pixels", np.asarray(rows[start : start + step]))
        return {"content_hash": fingerprint}

    return cached(key_of("copy", fingerprint), build, f"a copy of {path}").arrays["pixels"].reshape(array.shape)


def _file_of(array: np.ndarray) -> Path | None:
    """Return the file that the array is mapped from, or None where it lies in memory."""
    part: object = array
    while isinstance(part, np.ndarray):
        if isinstance(part, np.memmap) and part.filename is not None:
            return Path(part.filename)
        part = part.base
    return None
