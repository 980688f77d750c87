"""Pages in a language that marks what was translated, so that whatever was not stands out."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from latente import languages
from latente.metrics import PROTOCOLS

_OPEN, _CLOSE = "⟦", "⟧"
_TEXT_OF_NOBODY = re.compile(r"<(style|script|code|pre)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"')
_WORD = re.compile(r"[^\W\d_]{2,}")
# names, units and what is typed
KNOWN = {
    "Latente",
    "latente",
    "PSNR",
    "SSIM",
    "MSE",
    "ELBO",
    "AUROC",
    "PCA",
    "KL",
    "dB",
    "kB",
    "MB",
    "nats",
    "torch",
    "numpy",
    "scikit",
    "learn",
    "python",
    "cpu",
    "min",
    "CSV",
    "UMAP",
    "SNE",
    "RGB",
    "RGBA",
    "es",
    "en",
}


class _Marked:
    """A table that has every template, its own words between brackets and what fills it outside of them."""

    def get(self, template: str, _: str) -> str:
        parts = re.split(r"(\{\w+\})", template)
        return "".join(f"{_OPEN}{part}{_CLOSE}" if k % 2 == 0 and part else part for k, part in enumerate(parts))


def mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Spanish be English between brackets; what is recognised is what was before."""
    languages._patterns()  # which are kept
    monkeypatch.setattr(languages, "_templates", lambda language: _Marked())


def left_in_english(page: Path, *names: str) -> set[str]:
    """Return the words of a page, read or read aloud, that stand outside of brackets and are no names."""
    return _words(_shown(page.read_text(encoding="utf-8"))) - _vocabulary(page.parent, *names)


def left_in_description(description: Mapping[str, object], folder: Path, *names: str) -> set[str]:
    """Return the same of what the scripts of a page are given to show."""
    shown = {name: description[name] for name in ("columns", "directions", "map", "conditions", "score")}
    texts = re.findall(r'"(?:name|names|word|map)":("[^"]*"|\[[^]]*\])', json.dumps(shown, ensure_ascii=False))
    return _words(" ".join(texts)) - _vocabulary(folder, *names)


def _shown(text: str) -> str:
    text = _TEXT_OF_NOBODY.sub(" ", text)
    return html.unescape(" ".join([*_READ_ALOUD.findall(text), re.sub(r"<[^>]*>", " ", text)]))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(re.sub(f"{_OPEN}[^{_CLOSE}]*{_CLOSE}", " ", text)))


def _vocabulary(folder: Path, *names: str) -> set[str]:
    """Return the words of options, metrics and layers, which are the same in all languages, and those of some names."""
    known = {*KNOWN, *_WORD.findall(" ".join([*names, *PROTOCOLS, *dir(torch.nn)]))}
    for file in folder.glob("**/*.json*"):
        known |= set(_WORD.findall(file.read_text(encoding="utf-8")))
    return known
