"""The examples of a page: which there are, and how one after the other is run in a folder of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from latente.cli import main
from latente.images import open_images

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}


def examples(page: Path) -> list[str]:
    """Return the examples of a page in their order: command lines one by one, blocks of other languages whole."""
    found: list[str] = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        if language == "sh":
            found += [line.split(" #")[0].strip() for line in block.splitlines() if line.strip()]
        else:
            found.append(block)
    return found


@dataclasses.dataclass
class Stage:
    """Where the examples of a page run. names: what its Python has defined; out: what the last example printed."""

    folder: Path
    names: dict[str, Any] = dataclasses.field(default_factory=lambda: {"__name__": "__main__"})
    out: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.names[name]

    def picture(self, name: str) -> np.ndarray:
        with Image.open(self.folder / name) as picture:
            return np.asarray(picture)

    def run(self, example: str, case: Case) -> None:
        """Run an example as it stands, but for what the case changes; what it printed is `out`.

        What is neither a command nor Python is only kept, as `out`.
        """
        for before, after in case.swaps:
            assert before in example, f"{before!r} is not in {example!r}"
            example = example.replace(before, after)
        if case.is_text:
            self.out = example
            return
        if case.before is not None:
            case.before(self)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            if example.startswith("latente "):
                code = main([*shlex.split(example)[1:], *shlex.split(case.more)])
                assert code == 0, printed.getvalue()
            else:
                exec(compile(example, case.start, "exec"), self.names)
        self.out = printed.getvalue()


@dataclasses.dataclass(frozen=True)
class Case:
    """An example of a page and the result that it has to reach.

    start: how it begins. check: raises AssertionError where the result is another; None where the example is run
    elsewhere, `why` says where. more: options that make a command shorter than it is (of two alike the last counts).
    swaps: what is put in the place of what in it, for the same reason. before: what has to be done first. is_text: of
    what is there to be read and not to be run.
    """

    start: str
    check: Callable[[Stage], None] | None
    more: str = ""
    swaps: tuple[tuple[str, str], ...] = ()
    why: str = ""
    before: Callable[[Stage], None] | None = None
    is_text: bool = False


def elsewhere(start: str, why: str) -> Case:
    return Case(start, None, why=why)


def photographs(folder: Path, count: int, side: int = 72) -> None:
    """Fill a folder with pieces of photographs, some wider than others, and with one file that is damaged."""
    folder.mkdir()
    for number, pixels in enumerate(open_images("photos", count=count, size=side).pixels):
        wide = pixels[:, : side - 8 * (number % 2)].transpose(1, 2, 0)
        Image.fromarray(wide).save(folder / f"{number:02}.png")
    (folder / "damaged.png").write_bytes((folder / "00.png").read_bytes()[:200])


def squared_error(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean squared difference of two arrays of 8 bits, of values brought to [0, 1]."""
    return float(np.mean((a / 255 - b / 255.0) ** 2))


def error_of_mean_image(pixels: np.ndarray) -> float:
    """Return the error of the simplest model, which answers every image with their mean."""
    return squared_error(pixels, pixels.mean(axis=0, keepdims=True))
