"""What the machine has free, asked before work that a small file could make endless."""

from __future__ import annotations

import shutil
from pathlib import Path

from latente import words
from latente.errors import InputError
from latente.languages import say
from latente.machine import free_memory

__all__ = ["MAX_BYTES", "MAX_PIXELS", "check_disk", "check_memory", "is_bomb"]

MAX_PIXELS = 2**28  # of one picture: ten times those of a camera; more is an accident or a bomb
MAX_BYTES = 256 * 2**20  # of one file
_USABLE = 0.9  # of what is free; the rest is left to others


def is_bomb(packed: int, unpacked: int, harmless: int, ratio: int) -> bool:
    """Say whether what unpacks to more than `ratio` times its size is a bomb; below `harmless` bytes nothing is."""
    return unpacked > max(harmless, ratio * packed)


def check_memory(needed: int, what: str) -> None:
    """Raise InputError where `what` needs more memory at once than is free."""
    free = free_memory()
    if free is not None and needed > _USABLE * free:
        template = "{what} needs {needed} of memory at once, and {free} are free; give smaller images or a smaller file"
        sizes = {"needed": words.memory(needed), "free": words.memory(max(free, 0))}
        raise InputError(say(template, what=what, **sizes))


def check_disk(needed: int, folder: Path, what: str) -> None:
    """Raise InputError where `what` needs more room than the disk of `folder`, which may not exist yet, has free."""
    place = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        free = shutil.disk_usage(place).free
    except OSError:  # the writer will say what is wrong with the folder
        return
    if needed > _USABLE * free:
        template = (
            "{what} needs {needed} in the cache folder {folder}, whose disk has {free} free; give a smaller size or "
            "count, free some space, or set LATENTE_CACHE to another folder"
        )
        sizes = {"needed": words.memory(needed), "free": words.memory(free)}
        raise InputError(say(template, what=what, folder=str(folder), **sizes))
