"""Folders and archives of pictures through the door."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from images.corpus import Case, cases, encode, picture, write
from latente.errors import InputError
from latente.images import Images, open_images, pictures
from latente.images.reading import read_picture
from latente.images.sizing import Target
from latente.words import printable


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Case], Images]:
    folder = tmp_path_factory.mktemp("corpus")
    return write(folder, cases()), open_images(folder, budget=1.0)


def save(folder: Path, **images: Image.Image) -> Path:
    """Write images by name; "__" in a name is a "/"."""
    for name, image in images.items():
        path = folder / f"{name.replace('__', '/')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{folder.name}/{file.relative_to(folder)}")
    return path


def test_the_corpus_holds_more_than_300_damaged_or_odd_files(corpus: tuple[list[Case], Images]) -> None:
    written, _ = corpus
    assert len({case.name for case in written}) == len(written)
    assert len(written) > 370
    assert sum(case.verdict != "good" for case in written) > 300


def test_every_file_of_the_corpus_is_either_used_or_named_as_damaged(
    corpus: tuple[list[Case], Images],
) -> None:
    written, images = corpus
    scan, files = images.scan, set(map(printable, images.files))
    for case in written:
        name = printable(case.name)
        assert (name in files) != (name in scan.damaged), f"{name} is either used or named as damaged"
        if case.verdict == "damaged":
            assert name in scan.damaged, f"{name} got into the images"
        elif case.verdict != "either":
            assert name in files, f"{name}: {scan.damaged.get(name)}"
            assert (name in scan.odd) == (case.verdict == "odd"), f"{name}: {scan.odd.get(name)}"
    assert scan.total == len(written)
    assert scan.count == len(images) == len(written) - len(scan.damaged)


def test_each_image_of_the_corpus_is_the_picture_of_its_own_file(corpus: tuple[list[Case], Images]) -> None:
    written, images = corpus
    exact = {case.name: case.data for case in written if case.name.startswith("really-") and ".jpg" not in case.name}
    by_name = dict(zip(images.files, images.pixels, strict=True))
    for name, data in exact.items():
        alone = read_picture(data, Target((24, 24), 3))
        np.testing.assert_array_equal(by_name[name], alone)


def test_damage_beyond_the_budget_is_refused_with_names_and_cure(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(19)})
    (tmp_path / "bad1.png").write_bytes(b"")
    assert len(open_images(tmp_path)) == 19  # 1 of 20
    (tmp_path / "bad2.jpg").write_bytes(b"no picture")
    with pytest.raises(
        InputError, match=r"2 of 21 pictures \(9.5%\).* budget of 5.0%: bad1\.png \(empty.*bad2.*budget=0\.1 "
    ) as caught:
        open_images(tmp_path)
    assert "\n" not in str(caught.value)
    images = open_images(tmp_path, budget=0.1)
    assert list(images.scan.damaged) == ["bad1.png", "bad2.jpg"]
    with pytest.raises(InputError, match=r"budget of 9\.0%"):
        open_images(tmp_path, budget=0.09)  # also once it lies in the cache


def test_damage_that_only_decoding_finds_counts_as_well(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(9)})
    data = encode(picture(10), "PNG")
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"1 of 10 pictures .* cut\.png"):
        open_images(tmp_path)
    assert len(open_images(tmp_path, budget=0.1)) == 9


def test_the_budget_that_a_refusal_advises_counts_damage_of_headers_and_of_pixels(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k) for k in range(10)})
    (tmp_path / "header.png").write_bytes(b"")
    for number in range(3):
        (tmp_path / f"cut{number}.png").write_bytes(encode(picture(number), "PNG")[:-20])
    with pytest.raises(InputError, match="4 of 14 pictures") as caught:
        open_images(tmp_path)
    advised = str(caught.value).rpartition("--budget ")[2].rstrip(")")
    assert len(open_images(tmp_path, budget=float(advised))) == 10


@pytest.mark.parametrize("make", ["empty", "other", "damaged"])
def test_a_folder_without_usable_pictures_is_one_line(tmp_path: Path, make: str) -> None:
    if make == "other":
        (tmp_path / "notes.md").write_text("hello")
    if make == "damaged":
        (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="holds no picture") as caught:
        open_images(tmp_path, budget=1.0)
    assert "\n" not in str(caught.value)


def test_one_picture_is_a_set_of_one(tmp_path: Path) -> None:
    save(tmp_path, only=picture(0))
    for source in (tmp_path, tmp_path / "only.png"):
        images = open_images(source)
        np.testing.assert_array_equal(images.pixels[0].transpose(1, 2, 0), np.asarray(picture(0)))
    assert images.name == "only"


def test_a_file_that_is_no_picture_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(InputError, match=r"notes\.md is no picture"):
        open_images(tmp_path / "notes.md")


def test_constant_pictures_are_used_and_named_as_odd(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": Image.new("RGB", (8, 8), (k, 0, 0)) for k in range(5)})
    images = open_images(tmp_path)
    assert len(images) == 5
    assert set(images.scan.odd.values()) == {"one single colour"}


def test_the_most_common_small_size_is_kept_and_others_are_brought_to_it(tmp_path: Path) -> None:
    small = {f"p{k}": picture(k, size=(100, 40)) for k in range(3)}
    save(tmp_path, **small, large=picture(9, size=(300, 200)))
    images = open_images(tmp_path)
    assert images.image_shape == (3, 40, 100)
    np.testing.assert_array_equal(images.pixels[1].transpose(1, 2, 0), np.asarray(small["p0"]))
    assert "40x100 (the most common size)" in images.scan.choice
    assert images.scan.sizes == {"40x100": 3, "200x300": 1}


def test_larger_pictures_are_scaled_to_64(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": picture(k, size=(129, 90)) for k in range(3)})
    assert open_images(tmp_path).image_shape == (3, 64, 64)
    assert open_images(tmp_path, size=(40, 50)).image_shape == (3, 40, 50)
    assert open_images(tmp_path, size=32, channels=1).image_shape == (1, 32, 32)
    assert open_images(tmp_path, crop=80).image_shape == (3, 80, 80)


def test_channels_are_the_fewest_that_lose_nothing(tmp_path: Path) -> None:
    save(tmp_path / "grey", a=picture(0, "L"), b=picture(1, "1"), c=picture(2, "LA"))
    save(tmp_path / "mixed", a=picture(0, "L"), b=picture(1, "RGB"))
    deep = Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000)
    save(tmp_path / "deep", a=deep)
    save(tmp_path / "half-deep", a=deep, b=picture(0, "L", (8, 8)))
    opened = {name: open_images(tmp_path / name) for name in ("grey", "mixed", "deep", "half-deep")}
    found = {name: (images.image_shape[0], images.pixels.dtype.name) for name, images in opened.items()}
    assert found == {
        "grey": (1, "uint8"),
        "mixed": (3, "uint8"),
        "deep": (1, "uint16"),
        "half-deep": (1, "uint8"),
    }
    np.testing.assert_array_equal(opened["deep"].pixels[0, 0], np.asarray(deep))


@pytest.mark.parametrize("channels", ["first", 5])
def test_channels_that_pictures_do_not_have_are_refused(tmp_path: Path, channels: int | str) -> None:
    save(tmp_path, a=picture(0))
    with pytest.raises(InputError, match="picture files take"):
        open_images(tmp_path, channels=channels)


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


def test_all_parts_are_brought_to_one_size(tmp_path: Path) -> None:
    train = {f"train__{k}": picture(k, size=(20, 20)) for k in range(3)}
    save(tmp_path, **train, test__0=picture(9, size=(30, 10)))
    assert open_images(tmp_path, split="test").image_shape == open_images(tmp_path).image_shape == (3, 20, 20)


def test_pairs_keep_their_ratio_of_sizes(tmp_path: Path) -> None:
    low = {f"low__{k}": picture(k, size=(20, 24)) for k in range(3)}
    save(tmp_path, **low, **{f"high__{k}": picture(10 + k, size=(40, 48)) for k in range(3)})
    images = open_images(tmp_path)
    assert images.image_shape == (3, 24, 20)
    assert images.columns["target"].shape == (3, 3, 48, 40)
    np.testing.assert_array_equal(
        images.columns["target"][2].transpose(1, 2, 0), np.asarray(picture(12, size=(40, 48)))
    )
    assert open_images(tmp_path, size=10).columns["target"].shape == (3, 3, 20, 20)


def test_a_pair_with_one_damaged_side_is_left_out_whole(tmp_path: Path) -> None:
    save(tmp_path, **{f"{side}__{k}": picture(k) for side in "AB" for k in range(4)})
    (tmp_path / "B" / "2.png").write_bytes(b"")
    images = open_images(tmp_path, budget=0.25)
    assert images.files == ("A/0.png", "A/1.png", "A/3.png")
    assert len(images.columns["target"]) == 3
    assert list(images.scan.damaged) == ["B/2.png"]


def test_defects_come_with_masks(tmp_path: Path) -> None:
    mask = Image.new("L", (24, 24))
    mask.paste(255, (3, 4, 9, 8))
    save(
        tmp_path,
        train__good__0=picture(0),
        test__good__0=picture(1),
        test__cut__0=picture(2),
        ground_truth__cut__0_mask=mask,
    )
    assert "mask" not in open_images(tmp_path).columns
    images = open_images(tmp_path, split="test")
    assert images.label_names == ("good", "cut")
    np.testing.assert_array_equal(images.labels, [1, 0])
    np.testing.assert_array_equal(images.columns["mask"][0, 0], np.asarray(mask) // 255)
    assert images.columns["mask"][1].max() == 0


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


def test_a_class_whose_pictures_only_decoding_finds_damaged_is_said_to_be_empty(tmp_path: Path) -> None:
    save(tmp_path, **{f"{label}__{k}": picture(k) for label in "ab" for k in range(2)}, c__1=picture(9))
    data = (tmp_path / "c" / "1.png").read_bytes()
    (tmp_path / "c" / "1.png").write_bytes(data[: len(data) // 2])
    assert any("the class c is empty" in note for note in open_images(tmp_path, budget=0.5).scan.notes)


def test_masks_are_counted(tmp_path: Path) -> None:
    save(tmp_path, **{f"{kind}__{k}": picture(k, "L") for kind in ("images", "labels") for k in range(3)})
    images = open_images(tmp_path)
    assert images.columns["mask"].shape == (3, 1, 24, 24)
    assert images.scan.partners == {"masks": 3}


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


def test_duplicates_are_counted_and_listed(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), b=picture(1), c=picture(0), d=picture(0))
    scan = open_images(tmp_path).scan
    assert scan.duplicates == [["a.png", "c.png", "d.png"]]
    assert "2 with the bytes of another: a.png = c.png = d.png" in str(scan)


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


def test_the_second_start_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, a=picture(0), b=picture(1))
    first = open_images(tmp_path)

    def forbidden(*args: object) -> None:
        raise AssertionError("decoded again")

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "read_frames", forbidden)
        patch.setattr(pictures, "read_headers", forbidden)
        second = open_images(tmp_path)
        assert second.fingerprint == first.fingerprint
        assert second.scan == first.scan
        assert open_images(**second.source).fingerprint == first.fingerprint
    save(tmp_path, b=picture(2))
    assert open_images(tmp_path).fingerprint != first.fingerprint


def test_the_fingerprint_is_that_of_the_same_images_in_memory(tmp_path: Path) -> None:
    save(tmp_path, x__a=picture(0), y__b=picture(1))
    images = open_images(tmp_path)
    assert images.fingerprint == Images(np.array(images.pixels), {"label": np.array([0, 1])}).fingerprint


def test_count_decodes_a_sample_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, **{f"p{k:02}": picture(k) for k in range(20)})
    calls = []
    read = pictures.read_frames
    monkeypatch.setattr(pictures, "read_frames", lambda *args: calls.append(1) or read(*args))
    images = open_images(tmp_path, count=5, seed=4)
    assert len(images) == len(calls) == 5
    assert list(images.files) == sorted(images.files)
    assert (images.scan.total, images.scan.count) == (20, 5)
    assert open_images(tmp_path, count=5, seed=5).files != images.files
    assert len(open_images(tmp_path, count=99)) == 20


def test_progress_is_reported_to_the_end(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), b=picture(1))
    seen: list[tuple[int, int, str]] = []
    open_images(tmp_path, progress=lambda done, total, what: seen.append((done, total, what)))
    assert seen[-1] == (2, 2, "decoding")
    assert {what for _, _, what in seen} == {"reading headers", "decoding"}


def test_a_zip_archive_is_read_like_the_folder_it_holds(tmp_path: Path) -> None:
    folder = save(tmp_path / "set", cat__a=picture(0), dog__b=picture(1, "RGBA"))
    from_folder, from_zip = open_images(folder), open_images(zipped(folder))
    assert from_zip.fingerprint == from_folder.fingerprint
    assert from_zip.name == "set"


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "..\\evil.png", "C:/evil.png"])
def test_an_archive_that_names_files_outside_itself_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), encode(picture(0), "PNG"))
    with pytest.raises(InputError, match="outside itself"):
        open_images(tmp_path / "x.zip")


def test_bombs_and_damage_inside_an_archive_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.png", encode(picture(0), "PNG"))
        archive.writestr("bomb.bmp", bytes(30 * 2**20))
        archive.writestr("flipped.png", encode(picture(1), "PNG"), zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(encode(picture(1), "PNG")) + 200] ^= 4
    path.write_bytes(data)
    images = open_images(path, budget=0.8)
    assert images.files == ("good.png",)
    assert "decompression bomb" in images.scan.damaged["bomb.bmp"]
    assert "CRC" in images.scan.damaged["flipped.png"]


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_damaged_archive_is_refused(tmp_path: Path, keep: int) -> None:
    path = zipped(save(tmp_path / "set", a=picture(0)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"set\.zip"):
        open_images(path)


def test_names_that_no_terminal_can_show_are_escaped(tmp_path: Path) -> None:
    for name in (b"esc\x1b[31m.png", b"latin-\xe9.png", "ünï.png".encode()):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(encode(picture(0), "PNG"))
    images = open_images(tmp_path)
    shown = [images.name_of(row) for row in range(len(images))]
    assert all(name.isprintable() for name in shown)
    assert all((tmp_path / name).is_file() for name in images.files)
    assert "ünï.png" in images.files
    str(images.scan).encode()


def test_a_plain_folder_of_photographs(data_folder: Path) -> None:
    images = open_images(data_folder / "t91")
    assert (len(images), images.image_shape) == (91, (3, 64, 64))
    assert images.scan.damaged == {}
    assert 60 < images.pixels.mean() < 160


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_pairs_of_photographs(data_folder: Path, factor: int) -> None:
    images = open_images(data_folder / "set5" / f"x{factor}", size=24)
    assert images.columns["target"].shape == (5, 3, 24 * factor, 24 * factor)
    small = images.columns["target"].reshape(5, 3, 24, factor, 24, factor).mean(axis=(3, 5))
    assert np.abs(small - images.pixels).mean() < 6  # the same places of the same pictures


def twelve(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 4096, (8, 8)).astype(np.uint16)


def states(bits: int) -> PngInfo:
    info = PngInfo()
    info.add(b"sBIT", bytes([bits]))
    return info


def test_the_depth_that_the_files_state_comes_with_the_images(tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(twelve(number) // 8).save(tmp_path / f"{number}.png", pnginfo=states(12))
    images = open_images(tmp_path)
    assert (images.dtype, images.depth) == (np.uint16, 12)
    assert images.scan is not None
    assert "uint16 of 12 bits" in images.scan.choice
    assert images.take([0, 1]).depth == 12
    Image.fromarray(twelve(0) * np.uint16(16)).save(tmp_path / "0.png", pnginfo=states(12))  # spread over 16 after all
    assert open_images(tmp_path).depth is None


def test_a_picture_of_eight_bits_among_deeper_ones_is_brought_to_their_depth_and_named(tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(twelve(number)).save(tmp_path / f"{number}.png")
    shallow = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    Image.fromarray(shallow).save(tmp_path / "shallow.png")
    images = open_images(tmp_path)
    assert (images.dtype, images.depth) == (np.uint16, 12)
    np.testing.assert_array_equal(images.pixels[:3, 0], [twelve(number) for number in range(3)])
    np.testing.assert_array_equal(images.pixels[3, 0], np.rint(shallow * (4095 / 255)))
    assert images.scan is not None
    assert "1 picture of 8 bits among those of 12: brought to 0 to 4,095: shallow.png" in str(images.scan)


def test_a_deeper_picture_among_those_of_eight_bits_is_brought_to_theirs_and_the_loss_said(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{number}": picture(number, "L", (8, 8)) for number in range(3)})
    Image.fromarray(twelve(0)).save(tmp_path / "deep.tif")
    images = open_images(tmp_path)
    assert (images.dtype, images.depth) == (np.uint8, None)
    np.testing.assert_array_equal(images.pixels[0, 0], np.rint(twelve(0) * (255 / 4095)))
    assert images.scan is not None
    assert "1 picture of 12 bits among those of 8: brought to 0 to 255, which loses" in str(images.scan)


def test_pictures_of_another_sort_of_numbers_are_left_out_by_name(tmp_path: Path) -> None:
    for number in range(19):
        tifffile.imwrite(tmp_path / f"{number:02}.tif", twelve(number).astype(np.float32))
    save(tmp_path, odd=picture(0, "L", (8, 8)))
    images = open_images(tmp_path)
    assert (images.image_shape, images.dtype, len(images)) == ((1, 8, 8), np.float32, 19)
    assert images.scan is not None
    assert images.scan.damaged == {"odd.png": "values of 8 or 16 bits among pictures of float32; convert it to them"}


def test_targets_keep_a_depth_of_their_own(tmp_path: Path) -> None:
    for number in range(2):
        for folder, values in (("noisy", twelve(number)), ("clean", (twelve(number) // 16).astype(np.uint8))):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(values).save(tmp_path / folder / f"{number}.png")
    images = open_images(tmp_path)
    np.testing.assert_array_equal(images.pixels[:, 0], [twelve(number) for number in range(2)])
    np.testing.assert_array_equal(images.columns["target"][:, 0], [twelve(number) // 16 for number in range(2)])
    assert images.columns["target"].dtype == np.uint8
