"""Tables beside pictures: labels, attributes, CelebA's lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente.errors import InputError
from latente.images.matching import Pictures
from latente.images.tables import Columns, Table, parse_table, read_numbers, typed_columns


def table_of(content: str | bytes, names: list[str]) -> Table:
    return parse_table(content.encode() if isinstance(content, str) else content, "t.csv", Pictures(names))


def columns_of(content: str | bytes, names: list[str], *, lenient: bool = False) -> Columns:
    return typed_columns(table_of(content, names), names, lenient=lenient)


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
        table_of("a.png,1,2\nb.png,1\n", ["a.png", "b.png"])


def test_quotes_and_a_byte_order_mark_are_understood() -> None:
    table = table_of('\ufefffile,kind\n"a, the first.png",cat\n', ["a, the first.png"])
    assert table.header == ("file", "kind")
    assert table.rows == [("a, the first.png", "cat")]


def test_a_table_of_numbers_alone_is_an_array(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2.5\n-3,4e2\n")
    np.testing.assert_array_equal(read_numbers(path), [[1, 2.5], [-3, 400]])
    path.write_text("a.png,1\nb.png,2\n")
    assert read_numbers(path) is None


FILES = ["cats/img_007.png", "cats/Img_008.PNG", "dogs/9.jpg", "dogs/010.jpg"]


@pytest.mark.parametrize(
    "cells",
    [
        ["cats/img_007.png", "cats/Img_008.PNG", "dogs/9.jpg", "dogs/010.jpg"],
        ["img_007.png", "Img_008.PNG", "9.jpg", "010.jpg"],
        ["img_007", "Img_008", "9", "010"],
        ["IMG_007.PNG", "img_008.png", "9.JPG", "010.JPG"],
        ["./cats/img_007.png", "./cats/Img_008.PNG", "./dogs/9.jpg", "./dogs/010.jpg"],
        [r"cats\img_007.png", r".\cats\Img_008.PNG", r"C:\data\dogs\9.jpg", r"dogs\010.jpg"],
        ["/home/me/cats/img_007.png", "/x/cats/Img_008.PNG", "/x/dogs/9.jpg", "dogs/010.jpg"],
        ["img_7", "img_8", "009", "10"],
        ["img_007.tif", "Img_008.tif", "9.tif", "010.tif"],
        ["img_007.png", "Img_008.PNG", "9.0", "10.0"],
        ["old/img_007.png", "old/Img_008.PNG", "other/9.jpg", "other/010.jpg"],
    ],
)
def test_a_picture_is_known_by_its_path_its_name_or_its_stem_however_it_is_written(cells: list[str]) -> None:
    for text in (
        "".join(f"{cell},{k + 5}\n" for k, cell in enumerate(cells)),
        "file,label\n" + "".join(f"{cell},{k + 5}\n" for k, cell in enumerate(cells)),
        "label,who,file\n" + "".join(f"{k + 5},x{k},{cell}\n" for k, cell in enumerate(cells)),
        ",label,file\n" + "".join(f"{k},{k + 5},{cell}\n" for k, cell in enumerate(cells)),
        "".join(f"{k},{cell},{k + 5}\n" for k, cell in enumerate(cells)),
    ):
        np.testing.assert_array_equal(columns_of(text, FILES).label, [5, 6, 7, 8])


def test_a_loose_likeness_takes_no_picture_from_a_close_one() -> None:
    names = ["1.png", "01.png", "a/1.png", "b/1.png"]
    matches = Pictures(names).match(["01", "b/1.png", "1.png", "a/1.jpg"])
    assert matches.row_of == {"01.png": 0, "b/1.png": 1, "1.png": 2, "a/1.png": 3}
    assert Pictures(["cat/1.png", "dog/2.png"]).match(["dog/1.png", "cat/1.png"]).row_of == {"cat/1.png": 1}


def test_letters_with_accents_are_equal_in_both_of_their_spellings() -> None:
    assert Pictures(["caf\u00e9.png"]).match(["cafe\u0301.png"]).row_of == {"caf\u00e9.png": 0}


def test_rows_that_name_nothing_or_the_same_are_noted_by_name() -> None:
    text = "file,label\na.png,cat\nzzz.png,dog\n,dog\na.png,cat\nb.png,dog\nb.png,cat\n1.png,cat\n"
    names = ["a.png", "b.png", "x/1.png", "y/1.png"]
    table = table_of(text, names)
    assert typed_columns(table, names).label.tolist() == [0, 1, 0, 0]
    assert table.notes == [
        "t.csv names 1 file not among the pictures: zzz.png",
        "t.csv has 1 row without the name of a file",
        "t.csv names some pictures again with other values; the first ones count: b.png",
        "t.csv names what several pictures are called, each of which gets its row: 1.png",
    ]


def test_pictures_in_other_folders_than_the_table_says_are_noted() -> None:
    table = table_of("old/a.png,1\nold/b.png,2\n", ["new/a.png", "new/b.png"])
    assert table.notes == ["t.csv has 2 pictures in other folders; their names alone tell them"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_words_in_any_usual_encoding_are_right(encoding: str) -> None:
    text = "file,label\nä.png,Bär\nb.png,Bör\nc.png,Bür\n"
    table = table_of(text.encode(encoding), ["ä.png", "b.png", "c.png"])
    columns = typed_columns(table, ["ä.png", "b.png", "c.png"])
    assert columns.label_names == ("Bär", "Bör", "Bür")
    assert columns.label.tolist() == [0, 1, 2]
    assert any("Windows-1252" in note for note in table.notes) == (encoding == "cp1252")


@pytest.mark.parametrize("text", ["file;x;y\na;1,5;2\nb;-0,25;3\n", "a.png;1,5;2\nb.png;-0,25;3\n"])
def test_decimal_commas_are_decimal_points_and_that_is_noted(text: str) -> None:
    columns = columns_of(text, ["a.png", "b.png"])
    np.testing.assert_array_equal(columns.attributes, [[1.5, 2], [-0.25, 3]])
    assert columns.notes == (f"t.csv: in {columns.attribute_names[0]}, commas are taken for decimal points",)


def test_commas_between_thousands_are_none_where_points_or_other_commas_stand() -> None:
    columns = columns_of('file,x,y\na,"1,234","1,234.5"\nb,"12,345,678","0.5"\n', ["a.png", "b.png"])
    np.testing.assert_array_equal(columns.attributes, [[1234, 1234.5], [12345678, 0.5]])
    assert all("between thousands" in note for note in columns.notes)


@pytest.mark.parametrize("missing", ["NaN", "nan", "", "NA", "None", "n/a", "inf", "-inf"])
def test_a_number_that_is_missing_is_an_error_or_leaves_its_column_out_by_name(missing: str) -> None:
    text = f"id,x,height\na,1,2.5\nb,1,{missing}\n"
    with pytest.raises(InputError, match=r"t\.csv has no finite number in height for b\.png"):
        columns_of(text, ["a.png", "b.png"])
    columns = columns_of(text, ["a.png", "b.png"], lenient=True)
    assert columns.attribute_names == ("x",)
    assert columns.notes == ("height of t.csv was left out: it is no finite number for 1 picture (such as b.png)",)


def test_a_label_that_is_missing_is_unknown() -> None:
    assert columns_of("id,label\na,cat\nb,NaN\nc,\n", ["a.png", "b.png", "c.png"]).label.tolist() == [0, -1, -1]
    assert columns_of("id,label\na,3\nb,NaN\nc,\n", ["a.png", "b.png", "c.png"]).label.tolist() == [3, -1, -1]


@pytest.mark.parametrize("value", [1e300, 1e-300, 2.0**24 + 1, 3e38, 40000.0, 1.0])
def test_every_finite_number_keeps_its_value(value: float) -> None:
    columns = columns_of(f"id,x,y\na,{value!r},1\nb,0,2\n", ["a.png", "b.png"])
    np.testing.assert_allclose(columns.attributes[:, 0], [value, 0], rtol=1e-7)


def test_a_number_too_large_for_a_label_is_an_attribute() -> None:
    columns = columns_of("id,label\na,1e300\nb,2\n", ["a.png", "b.png"])
    assert columns.label is None
    np.testing.assert_array_equal(columns.attributes, [[1e300], [2]])


def test_columns_called_label_and_split_are_what_they_say() -> None:
    text = "file,who,label,class_id,split\na.png,me,cat,0,train\nb.png,you,dog,1,TEST\nc.png,me,cat,0,valid\n"
    text += "d.png,me,cat,0,\n"
    names = ["a.png", "b.png", "c.png", "d.png"]
    table = table_of(text, names)
    columns = typed_columns(table, names)
    assert (columns.label_names, columns.label.tolist()) == (("cat", "dog"), [0, 1, 0, 0])
    assert columns.attributes is None
    assert columns.notes == ("columns of words in t.csv were not used: who",)
    assert table.parts() == {"a.png": "train", "b.png": "test", "c.png": "val"}


def test_the_labels_are_the_same_for_every_part_of_the_pictures() -> None:
    table = table_of("a.png,cat\nb.png,dog\nc.png,emu\n", ["a.png", "b.png", "c.png"])
    some, others = typed_columns(table, ["a.png"]), typed_columns(table, ["c.png", "b.png"])
    assert some.label_names == others.label_names == ("cat", "dog", "emu")
    assert others.label.tolist() == [2, 1]


def test_control_characters_break_no_line_and_are_escaped() -> None:
    columns = columns_of("a.png,big\x0bcat\nb.png,big\x85cat\n", ["a.png", "b.png"])
    assert columns.label_names == ("big\\x0bcat", "big\\x85cat")


@pytest.mark.parametrize("text", ["x,y\n1,2\n3,NaN\n", "x,y\n1,2\n3,inf\n", "1,2\n3,\n"])
def test_a_table_of_numbers_that_lacks_some_says_which(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"t\.csv holds no finite number in 1 cell, first in row 2, (y|column 2)"):
        read_numbers(path)


def test_a_table_of_numbers_may_have_decimal_commas_and_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("größe;y\n1,5;2\n3;1e300\n".encode("utf-16"))
    np.testing.assert_array_equal(read_numbers(path), [[1.5, 2], [3, 1e300]])
