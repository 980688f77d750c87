"""The page of `latente rank` in a real browser: keys choose, and both lists are downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from latente.culling import Candidate, write_page

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

NAMES = ["a.png", "b.png", "c <i>.png", "d.png"]
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


def test_keys_choose_and_both_lists_are_downloaded(browser: Any, tmp_path: Path) -> None:
    shown = [Candidate(name, "", DOT, group="oddest") for name in NAMES[2::-1]]
    shown += [Candidate("a.png", "blurred", DOT, group="blurred"), Candidate("lost.png", "empty", is_out=True)]
    path = write_page(tmp_path / "page.html", "ranking", "my set", shown, NAMES, facts={"pictures": "4"})
    context = browser.new_context()
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(path.as_uri())
    # lost.png cannot be read, and is none of the four
    assert tab.locator("#count").inner_text() == "0 of 4 pictures left out, and 1 unreadable file"
    for key in ("ArrowRight", "x", "ArrowRight", "x", "ArrowLeft", "ArrowLeft", "k"):
        tab.keyboard.press(key)
    # c is left out, b never was, and a is once, for all its places on the page
    assert tab.locator(".pick.out b").all_inner_texts() == ["c <i>.png", "a.png", "a.png", "lost.png"]
    lists = {}
    for button in ("save-left", "save-kept"):
        with tab.expect_download() as download:
            tab.locator(f"#{button}").click()
        download.value.save_as(tmp_path / button)
        lists[download.value.suggested_filename] = (tmp_path / button).read_text(encoding="utf-8").splitlines()
    assert lists == {
        "my-set-left-out.txt": ["a.png", "c <i>.png", "lost.png"],
        "my-set-kept.txt": ["b.png", "d.png"],
    }
    tab.locator("#keep-all").click()
    assert tab.locator("#count").inner_text() == "No picture is left out"
    assert not complaints
    context.close()
