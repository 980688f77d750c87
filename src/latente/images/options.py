"""What a caller asks of the door: each option declared once, with its default, its help and its check."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypedDict

from latente.checks import Check, Choice, Number, Own, Text, Whole, check_options, option
from latente.errors import InputError, did_you_mean
from latente.languages import say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

__all__ = ["KEEP", "Channels", "DoorOptions", "Keep", "Names", "Progress", "Sides", "Signs", "Size", "Source", "Titles"]

# called as progress(done, total, what) while pictures are read; it must be quick
Progress = Callable[[int, int, str], None]

Size = tuple[int, int]  # (height, width)
Keep = Literal["keep"]
KEEP: Keep = "keep"  # the size of pictures that stay as large as each is


class Source(TypedDict, total=False):
    """The keyword arguments, fit for JSON, with which `open_images` opens the same images again."""

    source: str
    split: str
    size: list[int] | int | Keep
    crop: list[int]
    channels: int | str
    count: int
    seed: int
    labels: str
    pairs: list[str]
    target: str
    exclude: list[str]
    condition: list[str]
    frames: str
    budget: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sides:
    """The side of a square in pixels, or (height, width), typed 64 or 48x64; keeps: whether "keep" is a size too."""

    keeps: bool = False
    or_none: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        return ("int", "tuple of 2 int", *["str"] * self.keeps)

    @property
    def metavar(self) -> str:
        return "N|HxW|keep" if self.keeps else "N|HxW"

    def read(self, text: str) -> int | Size | Keep:
        if self.keeps and text == KEEP:
            return KEEP
        sides = text.lower().split("x")
        if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
            keep = ", nor keep" if self.keeps else ""
            raise InputError(f"{text!r} is neither a side, such as 64, nor height x width, such as 48x64{keep}")
        return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))

    def check(self, name: str, value: Any) -> None:
        if self.keeps and isinstance(value, str) and value == KEEP:
            return
        sides = value if isinstance(value, tuple | list) else (value, value)
        if len(sides) != 2 or not all(map(_is_positive, sides)):
            keep = ", or 'keep'" if self.keeps else ""
            raise InputError(f"{name} must be a side in pixels such as 64, or (height, width){keep}, not {value!r}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Channels:
    """A number of channels, or "first" or "last" for an array that does not tell which axis holds them."""

    or_none: bool = False
    metavar: str = "N|first|last"
    types: ClassVar[tuple[str, ...]] = ("int", "str")

    def read(self, text: str) -> int | str:
        if not text.isdecimal() and text not in ("first", "last"):
            raise InputError(f"{text!r} is neither a number of channels nor first or last")
        return int(text) if text.isdecimal() else text

    def check(self, name: str, value: Any) -> None:
        if not _is_positive(value) and not (isinstance(value, str) and value in ("first", "last")):
            raise InputError(f"{name} must be a number of channels, 'first' or 'last', not {value!r}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Signs:
    """Two words that tell inputs from targets, typed with a comma between them: folders, or ends of names."""

    or_none: bool = False
    metavar: str = "INPUT,TARGET"
    types: ClassVar[tuple[str, ...]] = ("tuple of 2 str",)

    def read(self, text: str) -> tuple[str, ...]:
        signs = tuple(sign.strip() for sign in text.split(","))
        self.check(repr(text), signs)
        return signs

    def check(self, name: str, value: Any) -> None:
        is_two = isinstance(value, tuple | list) and len(value) == 2 and all(isinstance(one, str) for one in value)
        if not is_two or not all(value) or value[0] == value[1]:
            raise InputError(f"{name} must be two different folders or ends of names, such as noisy,clean")


_LABELS: Check = Own(Text("CSV"), ("path", "array"), is_path_too=True)
_TARGET: Check = Own(Text("IMAGES"), ("path", "images"), is_path_too=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Names:
    """A text file with one name a line, or in Python the names themselves."""

    or_none: bool = False
    metavar: str = "FILE"
    types: ClassVar[tuple[str, ...]] = ("path", "list of str")

    def read(self, text: str) -> str:
        return text

    def check(self, name: str, value: Any) -> None:
        is_names = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
        if not is_names and not isinstance(value, str | os.PathLike):
            raise InputError(f"{name} must be a text file with one name a line, or names, not {value!r}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Titles:
    """Names of columns, typed with commas between them."""

    or_none: bool = False
    metavar: str = "A,B"
    types: ClassVar[tuple[str, ...]] = ("list of str",)

    def read(self, text: str) -> tuple[str, ...]:
        titles = tuple(title.strip() for title in text.split(","))
        self.check(repr(text), titles)
        return titles

    def check(self, name: str, value: Any) -> None:
        is_names = isinstance(value, tuple | list) and all(isinstance(one, str) and one for one in value)
        if not is_names or not value or len(set(value)) != len(value):
            raise InputError(f"{name} must be different names of columns, such as mass,speed, not {value!r}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DoorOptions:
    """The keyword arguments of `open_images`.

    Raises InputError, naming the option, where a value is out of its range.
    """

    panel: ClassVar[str] = "Images"

    split: str | None = option(
        None, "Part of the set, such as train, val or test.", Text("PART"), shown="train, where there are parts"
    )
    size: int | Sequence[int] | Keep | None = option(
        None, "Scale to this size, or keep each picture's.", Sides(keeps=True), shown="as the pictures suggest"
    )
    crop: int | Sequence[int] | None = option(None, "Cut this much out of the centre first.", Sides())
    channels: int | str | None = option(
        None, "1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; of an array which axis holds them.", Channels()
    )
    count: int | None = option(None, "At most this many images.", Whole(), shown="all")
    seed: int = option(0, "Draws which images.", Whole(least=0))
    labels: str | os.PathLike[str] | ArrayLike | None = option(
        None, "Table of labels or attributes for a folder.", _LABELS
    )
    pairs: Sequence[str] | None = option(
        None, "Folders, or ends of names, of inputs and their targets.", Signs(), shown="known ones, as noisy,clean"
    )
    target: Any = option(None, "What should come of the images: one for each.", _TARGET)
    exclude: str | os.PathLike[str] | Sequence[str] | None = option(
        None, "Leave out the pictures that a list names, one a line.", Names(), shown="nothing is left out"
    )
    condition: Sequence[str] | None = option(
        None,
        "Columns of numbers that are each image's condition, of those that the set or its table has.",
        Titles(),
        shown="the set's own",
        flag="--condition-columns",
    )
    frames: str = option(
        "first",
        "Of files with several pages or frames: first or all.",
        Choice(("first", "all"), kind="choice of frames"),
    )
    budget: float = option(0.05, "Share of damaged files to leave out.", Number(least=0, most=1, metavar="SHARE"))
    progress: Progress | None = None

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def keeps(self) -> bool:
        """Whether each picture keeps its own size."""
        return self.size == KEEP

    @property
    def sides(self) -> Size | None:
        """The (height, width) that is asked for, None where the pictures decide."""
        return None if self.size is None or self.size == KEEP else _height_width(self.size)

    @property
    def window(self) -> Size | None:
        """The (height, width) to cut out of the centre first."""
        return None if self.crop is None else _height_width(self.crop)

    @property
    def signs(self) -> tuple[str, str] | None:
        """What tells inputs from targets, where the caller says it."""
        return None if self.pairs is None else (self.pairs[0], self.pairs[1])

    @property
    def excluded(self) -> tuple[str, ...]:
        """The names of pictures to leave out. Raises InputError where the list of them cannot be read."""
        if self.exclude is None:
            return ()
        return _lines(Path(self.exclude)) if isinstance(self.exclude, str | os.PathLike) else tuple(self.exclude)

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
                raise InputError(say("{name} has no parts; leave split={split} out", name=name, split=repr(self.split)))
            raise did_you_mean(f"part of {name}", self.split, parts)
        if self.split is None and parts and "train" not in parts:
            raise InputError(
                say("{name} has no part train; choose one by split: {parts}", name=name, parts=", ".join(parts))
            )
        return self.split or ("train" if parts else None)

    def sample(self, total: int) -> np.ndarray | None:
        """Return `count` of the rows 0 ... total - 1, drawn by the seed, in order; None for all of them."""
        if self.count is None or self.count >= total:
            return None
        import numpy as np  # here, since command lines read these declarations before they need it

        return np.sort(np.random.default_rng(self.seed).permutation(total)[: self.count])

    def source(self, name: str) -> Source:
        """Return what opens `name` again with these options; nothing where the labels are an array in memory."""
        source: Source = {"source": name}
        if self.split is not None:
            source["split"] = self.split
        if self.sides is not None:
            source["size"] = list(self.sides)
        elif self.keeps:
            source["size"] = KEEP
        if self.window is not None:
            source["crop"] = list(self.window)
        if self.channels is not None:
            source["channels"] = self.channels
        if self.count is not None:
            source["count"] = self.count
        if self.seed:
            source["seed"] = self.seed
        if self.frames != DoorOptions.frames:
            source["frames"] = self.frames
        if isinstance(self.labels, str | os.PathLike):
            source["labels"] = str(Path(self.labels).absolute())
        elif self.labels is not None:
            return {}
        if self.pairs is not None:
            source["pairs"] = list(self.pairs)
        if isinstance(self.target, str | os.PathLike):
            path = Path(self.target)  # or the name of a set
            source["target"] = str(path.absolute() if path.exists() else path)
        elif self.target is not None:
            return {}
        if self.exclude is not None:
            source["exclude"] = list(self.excluded)  # the list may change, and the images are to be the same
        if self.condition is not None:
            source["condition"] = list(self.condition)
        if self.budget != DoorOptions.budget:
            source["budget"] = self.budget
        return source


def _lines(path: Path) -> tuple[str, ...]:
    try:
        lines = path.expanduser().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = str(error.strerror) if isinstance(error, OSError) else say("it is no text in UTF-8")
        template = "exclude={path} cannot be read: {why}; give a text file with one name a line"
        raise InputError(say(template, path=repr(str(path)), why=why)) from error
    return tuple(line for line in lines if line.strip())


def _height_width(size: int | Sequence[int]) -> Size:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
