"""The scan: everything in JSON, the gist of it in words."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from latente.errors import InputError
from latente.images import Scan
from latente.images.scan import count_classes, listed
from latente.words import printable

FULL = Scan(
    "photos",
    "folder, flat",
    total=1200,
    count=1190,
    sizes={"10x10": 5, "64x64": 1185},
    modes={"RGB": 1190},
    classes={"cat": 600, "dog": 590},
    parts={"train": 1200, "test": 300},
    aside={"x.png": "beside the others", "y.png": "beside the others", "z.png": "outside train"},
    partners={"masks": 7},
    damaged={f"bad{k}.png": "truncated" for k in range(10)},
    odd={"tiny.png": "only 1x1 pixels"},
    duplicates=[["a.png", "b.png"]],
    notes=["3 other files were passed over"],
    choice="64x64, 3 channels, uint8",
)


def test_the_text_says_what_was_found_and_what_was_made_of_it() -> None:
    text = str(FULL)
    for words in (
        "photos (folder, flat)",
        "1,190 of 1,200",
        "train x 1,200, test x 300",
        "classes    2: cat x 600, dog x 590",
        "with       masks x 7",
        "set aside  2 beside the others: x.png, y.png",
        "set aside  1 outside train: z.png",
        "64x64 x 1,185, 10x10 x 5",
        "1 with the bytes of another: a.png = b.png",
        "10: bad0.png (truncated)",
        "and 2 more",
        "tiny.png (only 1x1 pixels)",
        "3 other files",
        "64x64, 3 channels, uint8",
    ):
        assert words in text
    assert len({line.index(line[11:]) for line in text.splitlines()}) == 1


def test_json_has_every_entry_and_comes_back() -> None:
    data = json.loads(json.dumps(FULL.to_json()))
    assert len(data["damaged"]) == 10
    assert Scan.from_json(data) == FULL


def test_an_empty_scan_has_no_empty_lines() -> None:
    assert str(Scan("x", "array", total=3, count=3)).splitlines() == ["source     x (array)", "images     3"]


@pytest.mark.parametrize(("budget", "refused"), [(0.0, True), (0.009, True), (0.01, False), (1.0, False)])
def test_the_budget_is_the_largest_share_that_passes(budget: float, refused: bool) -> None:
    scan = Scan("x", "folder", total=100, damaged={"a.png": "empty"})
    if refused:
        with pytest.raises(InputError, match=r"1 of 100 pictures .* a\.png \(empty\)"):
            scan.check(budget)
    else:
        scan.check(budget)


def test_classes_are_counted_by_name_and_unknown_ones_named_so() -> None:
    label = np.array([1, 1, 0, -1, 7])
    assert count_classes(label, ("cat", "dog")) == {"unknown": 1, "cat": 1, "dog": 2, "7": 1}


def test_lists_are_cut_and_names_are_made_printable() -> None:
    assert listed("abc") == "a, b, c"
    assert listed("abcde", most=2) == "a, b and 3 more"
    assert printable("画像 1.png") == "画像 1.png"
    assert printable("a\nb\x1b\udce9") == "a\\nb\\x1b\\udce9"


def test_the_budget_that_a_refusal_advises_is_enough_whatever_is_damaged() -> None:
    for total in range(1, 101):
        for damaged in range(1, total + 1):
            scan = Scan("x", "folder", total=total, damaged={f"{k}.png": "empty" for k in range(damaged)})
            with pytest.raises(InputError) as caught:
                scan.check(0)
            scan.check(float(re.findall(r"--budget (\S+)\)", str(caught.value))[0]))


def test_a_text_of_everything_has_a_line_for_each_file() -> None:
    lines = Scan("x", "folder", total=30, damaged={f"{k}.png": "empty" for k in range(30)}).text(None).splitlines()
    assert [line.split()[0] for line in lines if "(empty)" in line] == [f"{k}.png" for k in range(30)]
