"""Tables beside pictures: labels, attributes, CelebA's lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente.errors import InputError
from latente.images.tables import Columns, parse_table, read_numbers, typed_columns


def columns_of(text: str, names: list[str]) -> Columns:
    table = parse_table(text.encode(), "t.csv")
    rows = table.match(names)
    return typed_columns(table, [rows.get(name) for name in names], names)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_words_become_labels_with_sorted_names(mark: str) -> None:
    columns = columns_of(f"file{mark}kind\na.png{mark}dog\nb.png{mark}cat\n", ["a.png", "b.png"])
    assert columns.label_names == ("cat", "dog")
    np.testing.assert_array_equal(columns.label, [1, 0])
    assert columns.attributes is None


def test_one_whole_number_is_a_label_and_needs_no_header() -> None:
    columns = columns_of("a.png,3\nb.png,7\n", ["b.png", "a.png"])
    np.testing.assert_array_equal(columns.label, [7, 3])
    assert columns.label_names == ()


def test_several_numbers_are_attributes_with_the_names_of_the_header() -> None:
    columns = columns_of("id,age,height\na,3,1.5\nb,4,1.25\n", ["x/a.png", "x/b.png"])
    assert columns.attribute_names == ("age", "height")
    np.testing.assert_array_equal(columns.attributes, np.array([[3, 1.5], [4, 1.25]], np.float32))
    assert columns.label is None


def test_a_word_beside_numbers_is_the_label() -> None:
    columns = columns_of("id,kind,age\na,cat,3\nb,dog,4\n", ["a.png", "b.png"])
    assert columns.label_names == ("cat", "dog")
    assert columns.attribute_names == ("age",)
    assert columns.attributes is not None
    assert columns.attributes.dtype == np.int16


def test_celebas_own_list() -> None:
    text = "2\nSmiling Male\n000001.jpg -1  1\n000002.jpg  1 -1\n"
    columns = columns_of(text, ["img_align_celeba/000002.jpg", "img_align_celeba/000001.jpg"])
    assert columns.attribute_names == ("Smiling", "Male")
    np.testing.assert_array_equal(columns.attributes, [[1, -1], [-1, 1]])


def test_a_picture_that_the_table_does_not_know_has_the_label_minus_one() -> None:
    np.testing.assert_array_equal(columns_of("a.png,3\n", ["a.png", "b.png"]).label, [3, -1])


def test_a_missing_attribute_is_an_error_that_names_the_picture() -> None:
    with pytest.raises(InputError, match=r"b\.png"):
        columns_of("id,x,y\na,1,2\nb,1,\n", ["a.png", "b.png"])


def test_rows_of_unequal_length_are_an_error_that_names_the_row() -> None:
    with pytest.raises(InputError, match="row 2 has 2 columns"):
        parse_table(b"a.png,1,2\nb.png,1\n", "t.csv")


def test_quotes_and_a_byte_order_mark_are_understood() -> None:
    table = parse_table('\ufefffile,kind\n"a, the first.png",cat\n'.encode(), "t.csv")
    assert table.rows == {"a, the first.png": ("cat",)}


def test_a_table_of_numbers_alone_is_an_array(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2.5\n-3,4e2\n")
    np.testing.assert_array_equal(read_numbers(path), [[1, 2.5], [-3, 400]])
    path.write_text("a.png,1\nb.png,2\n")
    assert read_numbers(path) is None
