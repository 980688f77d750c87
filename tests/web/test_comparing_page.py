"""The page of `latente restore --check` in a real browser: the slider goes from before to after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from latente.restoring import Comparison, write_page

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


def test_a_slider_shows_more_of_the_picture_before_or_after(browser: Any, tmp_path: Path) -> None:
    shown = [Comparison("a <b>.png", 2, 28.0, 31.5, DOT, DOT), Comparison("b.png", 2, before=DOT, after=DOT)]
    path = write_page(tmp_path / "page.html", "runs/larger", [*shown, Comparison("c.png", 2)], {"pictures": "3"})
    context = browser.new_context()
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(path.as_uri())
    assert tab.locator(".pair b").all_inner_texts() == ["a <b>.png", "b.png"]
    assert tab.locator(".pair figcaption span").all_inner_texts() == ["28.0\u00a0dB before, 31.5\u00a0dB after", ""]
    clip = "document.querySelector('.before').style.clipPath"
    assert tab.evaluate(clip).startswith("inset(0px 50% 0px")
    slider = tab.locator("input").first
    slider.focus()
    tab.keyboard.press("Home")
    assert tab.evaluate(clip).startswith("inset(0px 100% 0px")
    box = tab.locator(".looks").first.bounding_box()
    tab.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 5)
    assert slider.input_value() == "75"
    assert not complaints
    context.close()
