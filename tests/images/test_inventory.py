"""Which files of a folder are pictures, and what their names and tables say of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from images.corpus import picture, save, zipped
from latente.errors import InputError
from latente.images import open_images


@pytest.mark.parametrize("as_zip", [False, True])
def test_parts_and_classes(tmp_path: Path, as_zip: bool) -> None:
    folder = save(
        tmp_path / "set",
        train__dog__1=picture(1),
        train__cat__1=picture(2),
        train__cat__2=picture(3),
        test__cat__1=picture(4),
    )
    source = zipped(folder) if as_zip else folder
    images = open_images(source)
    assert images.parts == ("train", "test")
    assert images.label_names == ("cat", "dog")
    np.testing.assert_array_equal(images.labels, [0, 0, 1])
    assert images.scan.classes == {"cat": 2, "dog": 1}
    assert images.scan.parts == {"train": 3, "test": 1}
    test = open_images(source, split="test")
    np.testing.assert_array_equal(test.pixels[0].transpose(1, 2, 0), np.asarray(picture(4)))
    with pytest.raises(InputError, match="known: test, train"):
        open_images(source, split="val")


def test_strays_lost_classes_and_other_files_are_named(tmp_path: Path) -> None:
    save(tmp_path, **{f"{label}__{k}": picture(k) for label in "ab" for k in range(10)}, x=picture(50), y=picture(51))
    for name in ("c/1.png", "d/1.raw", "a/info.xml", "README"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"nothing that can be read")
    images = open_images(tmp_path)
    assert images.scan.classes == {"a": 10, "b": 10}
    assert list(images.scan.aside) == ["x.png", "y.png"]
    text = str(images.scan)
    for words in (
        "2: a x 10, b x 10",
        "2 beside the folders of the classes: x.png, y.png",
        "the class c is empty: 1 picture of it",
        "the folder d makes no class: .raw x 1",
        "3 other files were passed over: no suffix x 1, .xml x 1, .raw x 1",
    ):
        assert words in text


@pytest.mark.parametrize("junk", ["@eaDir", "$RECYCLE.BIN", "__MACOSX", ".thumbnails", "System Volume Information"])
def test_what_systems_leave_in_folders_is_no_picture(tmp_path: Path, junk: str) -> None:
    folder = save(tmp_path / "set", a=picture(0), b=picture(1), **{f"{junk}__c": picture(2)})
    for source in (folder, zipped(folder)):
        assert [Path(name).name for name in open_images(source).files] == ["a.png", "b.png"]


def test_a_folder_of_array_files_says_what_it_is(tmp_path: Path) -> None:
    for k in range(3):
        np.save(tmp_path / f"{k}.npy", np.zeros((8, 8)))
    with pytest.raises(InputError, match=r"holds no pictures but 3 array files \(0\.npy.*numpy\.stack") as caught:
        open_images(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_table_in_the_folder_gives_labels_and_attributes(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), b=picture(1), c=picture(2))
    (tmp_path / "table.csv").write_text("file,kind,age,height\nb.png,dog,1,2\na.png,cat,3,4\nc.png,dog,5,6\n")
    images = open_images(tmp_path)
    assert images.label_names == ("cat", "dog")
    np.testing.assert_array_equal(images.labels, [0, 1, 1])
    np.testing.assert_array_equal(images.columns["attributes"], [[3, 4], [1, 2], [5, 6]])
    assert images.attribute_names == ("age", "height")
    assert open_images(tmp_path / "table.csv").fingerprint == images.fingerprint


def test_a_table_beside_the_folder_is_found_and_a_strange_one_is_not_used(tmp_path: Path) -> None:
    folder = save(tmp_path / "set", a=picture(0), b=picture(1))
    (folder / "prices.csv").write_text("item,price\nx,1\ny,2\n")
    (tmp_path / "set.csv").write_text("a,5\nb,6\n")
    np.testing.assert_array_equal(open_images(folder).labels, [5, 6])
    other = tmp_path / "other.csv"
    other.write_text("a,1\nb,0\n")
    chosen = open_images(folder, labels=other)
    np.testing.assert_array_equal(chosen.labels, [1, 0])
    np.testing.assert_array_equal(open_images(**chosen.source).labels, [1, 0])


def test_a_column_called_split_makes_the_parts(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), b=picture(1), c=picture(2), d=picture(3))
    (tmp_path / "t.csv").write_text("file,label,split\na.png,cat,train\nb.png,dog,test\nc.png,dog,train\nd.png,dog,\n")
    train, test = open_images(tmp_path), open_images(tmp_path, split="test")
    assert (train.files, test.files) == (("a.png", "c.png"), ("b.png",))
    assert train.label_names == test.label_names == ("cat", "dog")
    assert (train.labels.tolist(), test.labels.tolist()) == ([0, 1], [1])
    assert "1 picture without a part in t.csv" in str(train.scan)


def test_tables_and_texts_that_are_not_used_are_named(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(4)})
    (tmp_path / "notes.txt").write_text("a word " + "x" * 200_000 + " and more\nanother line, with a comma\n")
    (tmp_path / "prices.csv").write_text("item,price\nq,1\nr,2\n")
    (tmp_path / "few.csv").write_text("file,label\np0.png,1\n")
    (tmp_path / "ragged.csv").write_text("file,label\np0.png,1\np1.png\n")
    images = open_images(tmp_path)
    assert images.labels is None
    for note in (
        "prices.csv was not used: it names none of the pictures",
        "few.csv was not used: it names 1 of 4 pictures; choose it by labels",
        "ragged.csv was not used: row 3 has 1 columns",
        "4 other files were passed over: .csv x 3, .txt x 1",
    ):
        assert note in str(images.scan)
    (tmp_path / "huge.csv").write_text("file,label\np0.png," + "x" * 200_000 + "\n")
    with pytest.raises(InputError, match=r"huge\.csv cannot be read as a table: field larger"):
        open_images(tmp_path, labels=tmp_path / "huge.csv")


def test_a_table_that_was_not_asked_for_refuses_nothing(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(3)})
    (tmp_path / "t.csv").write_text("file,kind,age,height\np0.png,cat,1,NaN\np1.png,dog,2,2.5\np2.png,dog,3,2\n")
    images = open_images(tmp_path)
    assert (images.label_names, images.attribute_names) == (("cat", "dog"), ("age",))
    assert "height of t.csv was left out: it is no finite number for 1 picture (such as p0.png)" in str(images.scan)
    with pytest.raises(InputError, match=r"t\.csv has no finite number in height for p0\.png"):
        open_images(tmp_path, labels=tmp_path / "t.csv")


def test_folders_of_classes_go_before_a_table_that_was_not_asked_for(tmp_path: Path) -> None:
    save(tmp_path, cat__a=picture(0), dog__b=picture(1))
    (tmp_path / "t.csv").write_text("file,kind\na.png,x\nb.png,y\n")
    images = open_images(tmp_path)
    assert images.label_names == ("cat", "dog")
    assert "the folders are the labels, not those of t.csv" in str(images.scan)
    assert open_images(tmp_path, labels=tmp_path / "t.csv").label_names == ("x", "y")


def test_two_tables_that_fit_are_a_question_for_the_caller(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), b=picture(1))
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("a,5\nb,6\n")
    images = open_images(tmp_path)
    assert images.labels is None
    assert "one.csv, two.csv" in str(images.scan)


@pytest.mark.parametrize("labels", ["missing.csv", [1, 2]])
def test_labels_of_pictures_must_be_a_table(tmp_path: Path, labels: object) -> None:
    save(tmp_path, a=picture(0), b=picture(1))
    with pytest.raises(InputError, match="labels="):
        open_images(tmp_path, labels=labels)


def test_a_chosen_table_that_names_no_picture_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "set", a=picture(0))
    (tmp_path / "other.csv").write_text("x.png,1\ny.png,2\n")
    with pytest.raises(InputError, match="names none of the pictures"):
        open_images(folder, labels=tmp_path / "other.csv")


def test_celebas_own_layout(tmp_path: Path) -> None:
    folder = tmp_path / "celeba"
    save(folder, **{f"img_align_celeba__00000{k}": picture(k, size=(20, 24)) for k in range(1, 7)})
    rows = "\n".join(f"00000{k}.png {(-1) ** k}  1" for k in range(1, 7))
    (folder / "list_attr_celeba.txt").write_text(f"6\nSmiling Male\n{rows}\n")
    parts = "\n".join(f"00000{k}.png {(k - 1) // 2}" for k in range(1, 7))
    (folder / "list_eval_partition.txt").write_text(parts)
    (folder / "list_bbox_celeba.txt").write_text("6\nimage_id x\n" + "\n".join(f"00000{k}.png 5" for k in range(1, 7)))
    for source in (folder, folder / "img_align_celeba"):
        images = open_images(source, split="val")
        assert images.parts == ("train", "val", "test")
        assert [Path(name).name for name in images.files] == ["000003.png", "000004.png"]
        np.testing.assert_array_equal(images.columns["attributes"], [[-1, 1], [1, 1]])
        assert images.attribute_names == ("Smiling", "Male")


def test_loops_of_links_are_neither_followed_nor_fatal(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), sub__b=picture(1), **{f"p{k}": picture(k) for k in range(40)})
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "ring1.png").symlink_to(tmp_path / "ring2.png")
    (tmp_path / "ring2.png").symlink_to(tmp_path / "ring1.png")
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe.png")
    images = open_images(tmp_path, budget=0.2)
    assert len(images) == 42
    assert set(images.scan.damaged) == {"ring1.png", "ring2.png", "nowhere.png", "pipe.png"}
    assert "folders that lead to one that is read already, and were not followed: sub/up" in images.scan.notes


def test_links_to_pictures_and_folders_elsewhere_are_followed(tmp_path: Path) -> None:
    save(tmp_path / "there", a=picture(0))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "there")
    assert open_images(tmp_path / "here").files == ("link/a.png",)


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), __MACOSX__b=picture(1))
    for name in (".DS_Store", "._a.png", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"x")
    assert open_images(tmp_path).files == ("a.png",)
