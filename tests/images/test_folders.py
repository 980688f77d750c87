"""What the names of files say: parts, classes, pairs, masks."""

from __future__ import annotations

import pytest

from latente.errors import InputError
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


def test_pictures_outside_the_parts_are_set_aside_by_name() -> None:
    listing = recognise(["train/1.png", "test/2.png", "extra/3.png"])
    assert len(listing.items) == 2
    assert listing.aside == {"extra/3.png": "outside train, test"}


CLASSES = [f"{label}/{k}.png" for label in ("cat", "dog") for k in range(4)]


@pytest.mark.parametrize("above", ["", "set/", "x/set/"])
@pytest.mark.parametrize("strays", [["x.png"], ["x.png", "y.png", "z.png"]])
def test_a_few_pictures_beside_the_classes_are_set_aside_by_name(strays: list[str], above: str) -> None:
    listing = recognise([*(above + name for name in CLASSES), *(above + name for name in strays)])
    assert listing.label_names == ("cat", "dog")
    assert list(listing.aside) == [above + name for name in strays]
    assert len(listing.items) == 8


def test_a_picture_beside_the_folder_of_the_set_is_set_aside() -> None:
    listing = recognise([*(f"set/{name}" for name in CLASSES), "logo.png"])
    assert listing.label_names == ("cat", "dog")
    assert list(listing.aside) == ["logo.png"]


def test_a_picture_beside_the_classes_of_a_part_is_set_aside() -> None:
    listing = recognise([*(f"train/{name}" for name in CLASSES), *(f"test/{name}" for name in CLASSES), "test/x.png"])
    assert (listing.parts, listing.label_names) == (("train", "test"), ("cat", "dog"))
    assert list(listing.aside) == ["test/x.png"]


def test_many_pictures_beside_folders_are_the_set_and_the_folders_no_classes_which_is_said() -> None:
    listing = recognise([*(f"{k}.png" for k in range(5)), *CLASSES])
    assert len(listing.items) == 13
    assert listing.label_names == ()
    assert listing.aside == {}
    assert listing.notes == ["the folders cat, dog are not taken as classes, since 5 pictures lie beside them"]


def test_class_folders_with_equal_names_of_files_are_classes() -> None:
    for first, second in (("cat", "dog"), ("a", "b"), ("0", "1")):
        listing = recognise([f"{label}/{k}.png" for label in (first, second) for k in range(4)])
        assert listing.label_names == (first, second)
        assert not any(item.target for item in listing.items)


def test_a_class_called_test_makes_no_part_without_train() -> None:
    listing = recognise(["test/1.png", "good/2.png"])
    assert listing.parts == ()
    assert listing.label_names == ("good", "test")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("A", "B"), ("low", "high"), ("Low-Res", "High-Res"), ("LR", "HR"), ("LQ", "GT"), ("noisy", "clean")),
        *(("input", "target"), ("set_noisy", "set_clean")),
    ],
)
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


@pytest.mark.parametrize(("first", "second"), [("noisy", "clean"), ("LR", "HR"), ("input", "target"), ("low", "high")])
def test_a_stray_beside_pairs_is_set_aside(first: str, second: str) -> None:
    for pattern in ("{side}/{k}.png", "{k}_{side}.png"):
        names = [pattern.format(side=side, k=k) for side in (first, second) for k in range(3)]
        listing = recognise([*names, "stray.png"])
        assert len(listing.items) == sum(item.target is not None for item in listing.items) == 3
        assert list(listing.aside) == ["stray.png"]
        assert listing.pairs.lower() == f"{first} -> {second}".lower()


def test_pairs_in_folders_of_scenes() -> None:
    listing = recognise([f"{scene}/{side}/{k}.png" for scene in "xy" for side in ("low", "high") for k in range(2)])
    assert {item.name: item.target for item in listing.items} == {
        f"{scene}/low/{k}.png": f"{scene}/high/{k}.png" for scene in "xy" for k in range(2)
    }


def test_three_folders_of_which_two_are_called_like_pairs_are_classes_and_a_note_says_so() -> None:
    listing = recognise([f"{level}/{k}.png" for level in ("low", "medium", "high") for k in range(4)])
    assert listing.label_names == ("high", "low", "medium")
    assert "low and high are not taken as pairs" in listing.notes[0]
    assert "pairs=low,high" in listing.notes[0]


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [
        ("{side}/{k}.png", ("in", "out")),
        ("{k}_{side}.png", ("in", "out")),
        ("{k}_{side}.png", ("_in", "_out")),
        ("{k}{side}.png", ("in", "out")),
        ("x-{side}/{k}.png", ("in", "out")),
        ("y/{side}/z/{k}.png", ("in", "out")),
        ("{side}/{k}_{side}.png", ("in", "out")),
    ],
)
def test_the_caller_may_name_folders_or_ends_of_names(pattern: str, signs: tuple[str, str]) -> None:
    names = {side: [pattern.format(side=side, k=k) for k in range(3)] for side in ("in", "out")}
    listing = recognise([*names["in"], *names["out"], "stray.png"], pairs=signs)
    assert [(item.name, item.target) for item in listing.items] == list(zip(*names.values(), strict=True))
    assert list(listing.aside) == ["stray.png"]


def test_signs_of_the_caller_that_make_no_pairs_are_refused() -> None:
    with pytest.raises(InputError, match=r"pairs='in,out': no two pictures"):
        recognise(CLASSES, pairs=("in", "out"))


def test_two_pictures_of_one_name_are_not_both_half_of_a_pair() -> None:
    listing = recognise([*(f"{side}/{k}.png" for side in ("low", "high") for k in range(3)), "low/1.jpg"])
    assert len(listing.items) == 3
    assert listing.missing == {"low/1.png": "is called like low/1.jpg, which is used instead"} or listing.missing == {
        "low/1.jpg": "is called like low/1.png, which is used instead"
    }


def test_suffixes_lr_and_hr_are_pairs() -> None:
    listing = recognise(["img_1_SRF_2_LR.png", "img_1_SRF_2_HR.png", "b-lr.png", "b-hr.png"])
    assert {item.name: item.target for item in listing.items} == {
        "img_1_SRF_2_LR.png": "img_1_SRF_2_HR.png",
        "b-lr.png": "b-hr.png",
    }


def test_targets_in_another_place_go_by_path_or_else_by_name() -> None:
    listing = recognise(["set/a/1.png", "set/b/1.png"], targets=["../t/b/1.jpg", "../t/a/1.jpg"], where="t")
    assert [item.target for item in listing.items] == ["../t/a/1.jpg", "../t/b/1.jpg"]
    assert [item.label for item in listing.items] == ["a", "b"]
    listing = recognise(["a/1.png", "b/2.png"], targets=["../t/1.png", "../t/3.png"], where="t")
    assert [item.target for item in listing.items] == ["../t/1.png"]
    assert listing.missing == {"b/2.png": "has no target in t", "../t/3.png": "is the target of no image"}
    with pytest.raises(InputError, match="no picture in t is called like"):
        recognise(["1.png"], targets=["../t/2.png"], where="t")


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


def test_labels_beside_images_are_masks() -> None:
    listing = recognise(
        [f"{part}/{kind}/{k}.png" for part in ("train", "test") for kind in ("images", "labels") for k in (1, 2)]
    )
    assert listing.parts == ("train", "test")
    assert {item.name: item.mask for item in listing.items} == {
        f"{part}/images/{k}.png": f"{part}/labels/{k}.png" for part in ("train", "test") for k in (1, 2)
    }


def test_files_that_end_in_mask_are_the_masks_of_those_without() -> None:
    listing = recognise(["1.png", "1_mask.png", "b-2.jpg", "b-2-mask.png"])
    assert {item.name: item.mask for item in listing.items} == {"1.png": "1_mask.png", "b-2.jpg": "b-2-mask.png"}


def test_folders_that_happen_to_be_called_so_are_classes_and_a_note_says_why() -> None:
    listing = recognise([f"{label}/{label}{k}.png" for label in ("mask", "no_mask") for k in range(3)])
    assert listing.label_names == ("mask", "no_mask")
    assert "mask is not taken for masks" in listing.notes[0]
    listing = recognise([f"{label}/{label}{k}.png" for label in ("images", "labels") for k in range(3)])
    assert listing.label_names == ("images", "labels")
    assert "labels is not taken for masks" in listing.notes[0]


def test_nothing_is_an_empty_set() -> None:
    assert recognise([]).items == []
