"""What the names of files say: parts, classes, pairs, masks."""

from __future__ import annotations

import pytest

from latente.images.folders import Item, recognise


def rows(items: list[Item]) -> list[tuple[object, ...]]:
    return [(item.name, item.part, item.label, item.target, item.mask) for item in items]


def test_a_flat_folder_has_neither_parts_nor_classes() -> None:
    listing = recognise(["b.png", "a.jpg"])
    assert rows(listing.items) == [("a.jpg", None, None, None, None), ("b.png", None, None, None, None)]
    assert (listing.parts, listing.label_names) == ((), ())


def test_sub_folders_are_classes_in_alphabetical_order() -> None:
    listing = recognise(["dog/1.png", "cat/1.png", "cat/2.png"])
    assert [item.label for item in listing.items] == ["cat", "cat", "dog"]
    assert listing.label_names == ("cat", "dog")


@pytest.mark.parametrize(
    "names",
    [["only/1.png", "only/2.png"], ["x/only/1.png", "x/only/2.png"], ["1.png", "cat/2.png", "dog/3.png"]],
)
def test_one_sub_folder_or_pictures_outside_the_folders_make_no_classes(names: list[str]) -> None:
    assert recognise(names).label_names == ()


def test_parts_with_classes_inside() -> None:
    listing = recognise(["set/train/cat/1.png", "set/Test/dog/2.png", "set/valid/cat/3.png"])
    assert listing.parts == ("train", "val", "test")
    assert {item.name: (item.part, item.label) for item in listing.items} == {
        "set/train/cat/1.png": ("train", "cat"),
        "set/Test/dog/2.png": ("test", "dog"),
        "set/valid/cat/3.png": ("val", "cat"),
    }


def test_pictures_outside_the_parts_are_passed_over_and_noted() -> None:
    listing = recognise(["train/1.png", "test/2.png", "extra/3.png"])
    assert len(listing.items) == 2
    assert "1 pictures outside" in listing.notes[0]


def test_a_class_called_test_makes_no_part_without_train() -> None:
    listing = recognise(["test/1.png", "good/2.png"])
    assert listing.parts == ()
    assert listing.label_names == ("good", "test")


@pytest.mark.parametrize(("first", "second"), [("A", "B"), ("low", "high"), ("LR", "HR"), ("input", "target")])
def test_sibling_folders_are_pairs_by_equal_names(first: str, second: str) -> None:
    listing = recognise([f"{first}/1.png", f"{first}/2.png", f"{second}/1.jpg", f"{second}/2.jpg"])
    assert [(item.name, item.target) for item in listing.items] == [
        (f"{first}/1.png", f"{second}/1.jpg"),
        (f"{first}/2.png", f"{second}/2.jpg"),
    ]
    assert listing.label_names == ()


def test_folders_called_a_and_b_with_other_names_inside_are_classes() -> None:
    listing = recognise(["A/x.png", "A/y.png", "B/p.png", "B/q.png"])
    assert listing.label_names == ("A", "B")
    assert not any(item.target for item in listing.items)


def test_a_picture_without_partner_is_left_out_by_name() -> None:
    listing = recognise([f"{side}/{k}.png" for side in ("low", "high") for k in range(4)] + ["low/alone.png"])
    assert list(listing.missing) == ["low/alone.png"]
    assert len(listing.items) == 4


@pytest.mark.parametrize("pattern", ["{part}/{side}/{k}.png", "{side}/{part}/{k}.png"])
def test_parts_and_pairs_go_together_in_either_order(pattern: str) -> None:
    names = [pattern.format(part=p, side=s, k=k) for p in ("train", "test") for s in ("A", "B") for k in range(2)]
    listing = recognise(names)
    assert listing.parts == ("train", "test")
    assert sorted((item.part, item.target) for item in listing.items) == [
        (part, pattern.format(part=part, side="B", k=k)) for part in ("test", "train") for k in range(2)
    ]


def test_suffixes_lr_and_hr_are_pairs() -> None:
    listing = recognise(["img_1_SRF_2_LR.png", "img_1_SRF_2_HR.png", "b-lr.png", "b-hr.png"])
    assert {item.name: item.target for item in listing.items} == {
        "img_1_SRF_2_LR.png": "img_1_SRF_2_HR.png",
        "b-lr.png": "b-hr.png",
    }


MVTEC = [
    "bottle/train/good/000.png",
    "bottle/test/good/000.png",
    "bottle/test/broken/000.png",
    "bottle/test/broken/001.png",
    "bottle/ground_truth/broken/000_mask.png",
    "bottle/ground_truth/broken/001_mask.png",
]


def test_good_and_defects_with_masks() -> None:
    listing = recognise(MVTEC)
    assert listing.parts == ("train", "test")
    assert listing.label_names == ("good", "broken")
    assert {item.name: (item.label, item.mask) for item in listing.items} == {
        MVTEC[0]: ("good", None),
        MVTEC[1]: ("good", None),
        MVTEC[2]: ("broken", MVTEC[4]),
        MVTEC[3]: ("broken", MVTEC[5]),
    }


def test_a_defect_without_its_mask_is_left_out_by_name() -> None:
    listing = recognise(MVTEC[:-1])
    assert list(listing.missing) == [MVTEC[3]]


def test_images_beside_a_folder_of_masks() -> None:
    listing = recognise(["images/1.png", "images/2.png", "masks/1.png", "masks/2_mask.png"])
    assert [item.mask for item in listing.items] == ["masks/1.png", "masks/2_mask.png"]


def test_nothing_is_an_empty_set() -> None:
    assert recognise([]).items == []
