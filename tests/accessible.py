"""Whether a page that is open in a browser can be used by everybody, as far as a program can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

__all__ = ["faults", "go_to"]

AXE = Path(__file__).parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
NARROW = 400  # pixels of a telephone


def faults(tab: Any) -> list[str]:
    """Return what axe-core finds wrong with the page as it is, and whether it is wider than its screen."""
    if not AXE.exists():
        pytest.skip("needs axe-core: make web")
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
    wrong = [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]
    width, screen = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return wrong + ([f"{width} pixels wide, on a screen of {screen}"] if width > screen else [])


def go_to(tab: Any, words: str) -> None:
    """Press the tabulator until what has these words is reached."""
    for _ in range(80):
        tab.keyboard.press("Tab")
        reached = tab.evaluate(
            """() => {
              const { labels, ariaLabel, innerText, tagName } = document.activeElement;
              const isOwn = ["A", "BUTTON", "INPUT", "SELECT", "SUMMARY"].includes(tagName);
              const picture = document.activeElement.querySelector("img")?.alt;
              return isOwn ? [picture, ariaLabel, labels?.[0]?.innerText, innerText].join("|") : "";
            }"""
        )
        if words in reached:
            return
    pytest.fail(f"the keyboard does not reach {words!r}")
