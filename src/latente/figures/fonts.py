"""Letters that matplotlib's own font lacks: drawn by a font of this machine that has them, else told in a line."""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings
from collections.abc import Iterable, Iterator
from unicodedata import category

from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter

__all__ = ["legible"]

_stand_ins: dict[str, str] = {}  # so that a name is called the same in all figures


@contextlib.contextmanager
def legible(figure: Figure, *, spells: bool = True) -> Iterator[None]:
    """For the time of the block let a figure be drawn in fonts that have its letters, without boxes in their place.

    A text that no font of this machine can draw becomes a number, such as "[1]", and what can be drawn of it; a warning
    says which is which, and what to do. spells: False where a browser draws, whose fonts are its own.
    """
    texts = [text for text in _texts(figure) if text.get_text()]
    letters = {letter for text in texts for letter in text.get_text() if _needs_glyph(letter)}
    lacking = frozenset(letters - _in_font(findfont(FontProperties()), letters))
    if not lacking:
        yield
        return
    families, missing = _families(lacking)
    logger = logging.getLogger("matplotlib.font_manager")
    with contextlib.ExitStack() as afterwards:
        for text in texts:
            afterwards.callback(text.set_fontfamily, text.get_fontfamily())
            text.set_fontfamily([*rcParams["font.family"], *families])
        if missing and spells:
            _stand_in(figure, texts, missing, afterwards)
        afterwards.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        afterwards.callback(logger.removeFilter, _is_needed)
        logger.addFilter(_is_needed)
        yield


def _is_needed(record: logging.LogRecord) -> bool:
    """Whether a line of matplotlib's log says more than that a font is not as bold as asked for."""
    return not record.msg.startswith("findfont: Failed to find font weight")


def _texts(figure: Figure) -> list[Text]:
    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            axis.get_ticklabels()  # which brings them up to date
    return figure.findobj(Text)


def _needs_glyph(letter: str) -> bool:
    """Whether a letter is drawn by itself: joiners and selectors of variants are not, nor are ends of lines."""
    return category(letter) not in ("Cf", "Cc") and letter not in "\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}"


@functools.cache
def _families(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Return the families of fonts that have the letters, the one with most of them first, and what none has."""
    fonts = sorted(fontManager.ttflist, key=_order)
    having = {font.name: _in_font(font.fname, letters) for font in reversed(fonts)}  # of a family its first font
    names, missing = list(dict.fromkeys(font.name for font in fonts)), set(letters)
    families: list[str] = []
    while best := max(names, key=lambda name: len(having[name] & missing), default=None):
        if not having[best] & missing:
            break
        families.append(best)
        missing -= having[best]
    return families, frozenset(missing)


def _order(font: FontEntry) -> tuple[bool, bool, bool, str]:
    """Sort plain fonts first, and among them those without serifs, which go with matplotlib's own."""
    return font.style != "normal", font.weight not in (400, "normal", "regular"), "Sans" not in font.name, font.name


def _in_font(path: str, letters: Iterable[str]) -> set[str]:
    """Return which of the letters are in a font; none where it holds pictures of one size, as of coloured emoji."""
    try:
        font = FT2Font(path)
        if not font.scalable or "Last Resort" in font.family_name or "Color Emoji" in font.family_name:
            return set()
        return {letter for letter in letters if font.get_char_index(ord(letter))}
    except (OSError, RuntimeError):  # a file that is gone, or no font
        return set()


def _stand_in(figure: Figure, texts: Iterable[Text], missing: frozenset[str], afterwards: contextlib.ExitStack) -> None:
    """Put numbers in the place of texts with missing letters, until `afterwards` is closed, and say once which are."""
    known = len(_stand_ins)

    def drawable(text: str) -> str:
        if not missing & set(text):
            return text
        number = _stand_ins.setdefault(text, f"[{len(_stand_ins) + 1}]")
        rest = "".join(letter for letter in text if letter not in missing)
        return f"{number} {rest.strip()}" if any(map(str.isalnum, rest)) else number

    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            names = [label.get_text() for label in axis.get_ticklabels()]
            if missing.intersection("".join(names)):  # which an axis writes anew whenever it is drawn
                afterwards.callback(axis.set_major_formatter, axis.get_major_formatter())
                axis.set_major_formatter(FixedFormatter(list(map(drawable, names))))
    for text in texts:
        afterwards.callback(text.set_text, text.get_text())
        text.set_text(drawable(text.get_text()))
    if new := [f"{number} for {text!r}" for text, number in list(_stand_ins.items())[known:]]:
        warnings.warn(
            f"no font on this machine has the letters of some names: figures write {', '.join(new)}; install a font "
            "that has them, such as Noto Sans",
            stacklevel=4,
        )
