"""Names that a browser sends, made into names that any disk takes and that lead nowhere else."""

from __future__ import annotations

import posixpath
import unicodedata

from latente.images.formats import READ_SUFFIXES, suffix_of

__all__ = ["cleaned", "is_picture"]

_NO_LETTERS = frozenset('<>:"|?*')
_LONGEST, _DEEPEST = 120, 6  # bytes of a name, names in a path


def cleaned(name: str) -> str:
    """Return a relative path with / between its names, none of them hidden, empty, too long or a way out; or ""."""
    parts = unicodedata.normalize("NFC", name).replace("\\", "/").split("/")
    parts = [part for part in map(_plain, parts) if part]
    return "/".join(parts[-_DEEPEST:])


def is_picture(name: str) -> bool:
    """Whether a name ends as those of picture files do that the door opens."""
    return suffix_of(name) in READ_SUFFIXES


def _plain(part: str) -> str:
    letters = ("_" if letter in _NO_LETTERS else letter for letter in part if unicodedata.category(letter)[0] != "C")
    part = "".join(letters).strip(" .")
    stem, suffix = posixpath.splitext(part)
    suffix = suffix[:16]
    while len((stem + suffix).encode()) > _LONGEST:
        stem = stem[:-1]
    return stem + suffix
