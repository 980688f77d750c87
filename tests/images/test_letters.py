"""The 5x7 letters and the reader of C font tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latente.errors import InputError
from latente.images.generated.letters import letters, read_font_header

ROW = "{0x04, 0x04, 0x02, 0x00, 0x00, 0x00, 0x00}"
WEIGHTS = 2 ** np.arange(4, -1, -1)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def as_bytes(pixels: np.ndarray) -> list[list[int]]:
    return (pixels[:, 0] @ WEIGHTS).tolist()


def test_the_letters_are_32_bitmaps_that_differ_by_two_pixels_at_least() -> None:
    flat = letters().pixels.reshape(32, 35)
    distance = (flat[:, None] != flat[None]).sum(axis=2) + 35 * np.eye(32, dtype=int)
    assert distance.min() == 2


def test_letters_look_like_their_names() -> None:
    images = letters()
    assert "".join(images.label_names[:-1]) == "`abcdefghijklmnopqrstuvwxyz{|}~"
    assert images.label_names[31] == "DEL"
    by_name = dict(zip(images.label_names, images.pixels[:, 0], strict=True))
    assert np.array_equal(by_name["|"], np.tile([False, False, True, False, False], (7, 1)))
    for symmetric in "ovx|":
        assert np.array_equal(by_name[symmetric], by_name[symmetric][:, ::-1])
    assert np.array_equal(by_name["{"], by_name["}"][:, ::-1])
    assert np.array_equal(by_name["n"][2:], by_name["h"][2:])


def test_letters_scale_to_exactly_zero_and_one_and_back() -> None:
    import torch

    from latente.images.scaling import Scaling

    pixels = letters().pixels
    scaling = Scaling.fit(pixels)
    scaled = scaling.apply(torch.from_numpy(pixels))
    assert set(scaled.unique().tolist()) == {0.0, 1.0}
    assert scaling.bounded
    assert np.array_equal(scaling.invert(scaled), pixels)


def test_letters_come_in_ascii_order_whatever_the_seed() -> None:
    assert np.array_equal(letters(seed=7).pixels, letters().pixels)
    assert letters(5).label_names == ("`", "a", "b", "c", "d")
    assert np.array_equal(letters(33).pixels, letters().pixels)


def test_a_font_header_gives_the_bits_high_bit_left(tmp_path: Path) -> None:
    text = f"""
        #ifndef FONT_H
        #include <stdint.h>  /* = {{ is no table */
        const uint8_t font[2][7] = {{
            {ROW},   // 0x60, `
            {{0x1F, 0x10, 1, 0X1f, 0, 0x0a, 0x00}}  // 0x7b, {{
        }};
        #endif
    """
    images = read_font_header(written(tmp_path / "font.h", text))
    assert images.pixels.shape == (2, 1, 7, 5)
    assert images.pixels.dtype == np.bool_
    assert images.pixels[0, 0, 2].tolist() == [False, False, False, True, False]
    assert as_bytes(images.pixels) == [[4, 4, 2, 0, 0, 0, 0], [31, 16, 1, 31, 0, 10, 0]]
    assert images.label_names == ("`", "{")
    assert images.name == "font"


@pytest.mark.parametrize(
    "table",
    [
        f"uint8_t f[1][7]={{{ROW}}};",
        f"static const unsigned char f[][7] PROGMEM = {{ {ROW}, }};",
        f"char f[COUNT][7] = {{\r\n\t{ROW}\r\n}};",
        f"char f[0x1][7] =\n{{ /* one\n{{two */ {ROW.replace('0x04', '4')} }};",
        "char f[7] = {0x04, 0x04, 0x02, 0x00, 0x00, 0x00, 0x00};",
        "char f[] = {4,4,2,\n0,0,0, // of 0x60\n 0};",
    ],
)
def test_a_table_may_be_spelled_in_many_ways(tmp_path: Path, table: str) -> None:
    images = read_font_header(written(tmp_path / "font.h", table))
    assert as_bytes(images.pixels) == [[4, 4, 2, 0, 0, 0, 0]]
    assert images.label_names == ("0",)


@settings(max_examples=30, deadline=None)
@given(table=st.lists(st.lists(st.integers(0, 31), min_size=7, max_size=7), min_size=1, max_size=300))
def test_any_table_of_any_length_is_read_back(tmp_path_factory: pytest.TempPathFactory, table: list[list[int]]) -> None:
    body = ",\n".join("{" + ", ".join(f"0x{value:02X}" for value in row) + "}" for row in table)
    path = written(tmp_path_factory.mktemp("font") / "font.h", f"uint8_t f[{len(table)}][7] = {{\n{body}\n}};\n")
    assert as_bytes(read_font_header(path).pixels) == table


def test_our_own_letters_survive_the_way_through_a_header(tmp_path: Path) -> None:
    ours = letters()
    lines = [
        "  {" + ", ".join(f"0x{value:02x}" for value in row) + f"}},  // 0x{0x60 + k:02x}, {ours.label_names[k]}"
        for k, row in enumerate(as_bytes(ours.pixels))
    ]
    path = written(tmp_path / "own.h", "uint8_t own[32][7] = {\n" + "\n".join(lines) + "\n};\n")
    read = read_font_header(path)
    assert np.array_equal(read.pixels, ours.pixels)
    assert read.label_names == ours.label_names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no table"),
        ("int x = 3;", "holds no table"),
        ("\x00\x01binary", "holds no table"),
        (f"char a[1][7] = {{{ROW}}};\nchar b[1][7] = {{{ROW}}};", "holds 2 tables"),
        ("char f[1][7] = {\n{0x04, 0x04}\n};", "line 2: a character of 2 bytes; each needs 7"),
        ("char f[1][8] = {\n{1, 2, 3, 4, 5, 6, 7, 8}\n};", "line 2: a character of 8 bytes"),
        ("char f[] = {1, 2, 3, 4, 5, 6,\n7, 8};", "line 2: a character of 1 bytes"),
        (f"char f[2][7] = {{{ROW},\n{{}}}};", "line 2: a character of 0 bytes"),
        (f"char f[1][7] = {{\n\n{ROW.replace('0x02', '0x20')}}};", "line 3: 0x20 is no row of 5 pixels"),
        (f"char f[1][7] = {{{ROW.replace('0x02', '-1')}}};", "line 1: -1 is no row"),
        (f"char f[1][7] = {{{ROW.replace('0x02', '0xZZ')}}};", "line 1: 0xZZ is no row"),
        (f"\nchar f[3][7] = {{{ROW}}};", "line 2: 1 characters are not as many as declared"),
        ("char f[][7] = {};", "line 1: 0 characters"),
        (f"char f[1][7] = {{\n{ROW}\n", "line 3: the table has no end"),
        (f"char f[1][7] = {{\n{ROW} /* open", "line 2: /\\* is no row of 5 pixels"),
    ],
)
def test_a_malformed_table_is_refused_with_its_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path / "font.h", text)
    with pytest.raises(InputError, match=message) as caught:
        read_font_header(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_header_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.h cannot be read"):
        read_font_header(tmp_path / "missing.h")
    with pytest.raises(InputError, match="cannot be read"):
        read_font_header(tmp_path)
