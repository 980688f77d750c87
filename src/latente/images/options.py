"""What a caller asked of the door, checked once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from latente.errors import InputError, did_you_mean

__all__ = ["BUDGET", "Options", "Progress"]

# the share of a folder's pictures that may be damaged before the door refuses the whole
BUDGET = 0.05

# called as progress(done, total, what) while pictures are read; it must be quick
Progress = Callable[[int, int, str], None]


@dataclasses.dataclass(frozen=True)
class Options:
    """The keyword arguments of `open_images`, as given there; sizes are (height, width).

    Raises InputError, naming the option, where a value is out of its range.
    """

    split: str | None = None
    size: tuple[int, int] | None = None
    crop: tuple[int, int] | None = None
    channels: int | str | None = None
    count: int | None = None
    seed: int = 0
    labels: Any = None
    budget: float = BUDGET
    progress: Progress | None = None

    @classmethod
    def check(cls, *, size: Any, crop: Any, **others: Any) -> Options:
        """Return the options, with sizes such as 64 or [48, 64] brought to (height, width)."""
        options = cls(size=_height_width("size", size), crop=_height_width("crop", crop), **others)
        channels, count, budget, seed = options.channels, options.count, options.budget, options.seed
        if channels not in (None, "first", "last") and not _is_positive(channels):
            raise InputError(f"channels={channels!r} is neither a number of channels nor 'first' or 'last'")
        if count is not None and not _is_positive(count):
            raise InputError(f"count={count!r} is not a whole number above zero")
        if not _is_share(budget):
            raise InputError(f"budget={budget!r} is not a share between 0 and 1")
        if seed != 0 and not _is_positive(seed):
            raise InputError(f"seed={seed!r} is not a whole number from zero up")
        return options

    def report(self, done: int, total: int, what: str) -> None:
        if self.progress is not None:
            self.progress(done, total, what)

    def part(self, parts: Sequence[str], name: str) -> str | None:
        """Return the part to open: the one asked for, else "train" where there are parts, else None for
        everything.

        Raises InputError, naming the parts on offer, where the one asked for is not among them.
        """
        if self.split is not None and self.split not in parts:
            if not parts:
                raise InputError(f"{name} has no parts; leave split={self.split!r} out")
            raise did_you_mean(f"part of {name}", self.split, parts)
        if self.split is None and parts and "train" not in parts:
            raise InputError(f"{name} has no part train; choose one by split: {', '.join(parts)}")
        return self.split or ("train" if parts else None)

    def sample(self, found: int) -> list[int] | None:
        """Return `count` of the rows 0 ... found - 1, drawn by the seed, in order; None for all of them."""
        if self.count is None or self.count >= found:
            return None
        return sorted(np.random.default_rng(self.seed).permutation(found)[: self.count].tolist())

    def shown(self) -> dict[str, Any]:
        """The options that decide which images come out, where they differ from the defaults; JSON-able."""
        given = {
            "split": self.split,
            "size": list(self.size) if self.size else None,
            "crop": list(self.crop) if self.crop else None,
            "channels": self.channels,
            "count": self.count,
            "seed": self.seed or None,
            "labels": self.labels,
            "budget": self.budget if self.budget != BUDGET else None,
        }
        return {name: value for name, value in given.items() if value is not None}


def _height_width(name: str, value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    sides = (value, value) if not isinstance(value, tuple | list) else tuple(value)
    if len(sides) != 2 or not all(map(_is_positive, sides)):
        raise InputError(f"{name}={value!r} is neither a side in pixels, such as 64, nor (height, width)")
    return int(sides[0]), int(sides[1])


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
