"""Folders of pictures: every result under its own name, none written twice, whatever else lies there."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from latente import InputError
from latente.restoring import Results, compare, find_pictures, restore_files
from latente.training.devices import limited_threads


@pytest.fixture
def folder(tmp_path: Path, photograph: Image.Image) -> Path:
    """Pictures in two folders, one of them damaged, and a file that is none."""
    place = tmp_path / "pictures"
    (place / "inner").mkdir(parents=True)
    photograph.save(place / "a.png")
    photograph.save(place / "inner" / "a.jpg")
    photograph.quantize(8).save(place / "inner" / "b.gif")
    (place / "broken.png").write_bytes((place / "a.png").read_bytes()[:-50])
    (place / "notes.txt").write_text("hello")
    return place


def done(model: Any, folder: Path, out: Path, **how: Any) -> Results:
    return restore_files(model, find_pictures([folder]), out, **how)


def test_results_have_their_pictures_names_and_damaged_ones_are_named(
    untrained: Any, folder: Path, tmp_path: Path
) -> None:
    results = done(untrained("downscale:2"), folder, tmp_path / "out")
    made = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert made == {"a.png", "inner/a.jpg", "inner/b.png"}
    assert set(results.restored) == {"a.png", "inner/a.jpg", "inner/b.gif"}
    assert list(results.lost) == ["broken.png"]
    assert "truncated" in results.lost["broken.png"]
    with Image.open(tmp_path / "out" / "inner" / "a.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (72, 48))


def test_results_that_are_there_are_kept_and_counted_as_done(untrained: Any, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"the user's own")
    results = done(untrained(), folder, out)
    assert set(results.kept) == {"a.png"}
    assert (out / "a.png").read_bytes() == b"the user's own"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*")}
    again = done(untrained(), folder, out)
    assert (len(again.restored), len(again.kept)) == (0, 3)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.*")} == before


def test_two_pictures_never_become_one_result(untrained: Any, tmp_path: Path, photograph: Image.Image) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    photograph.save(folder / "a.gif")
    photograph.save(folder / "a.png")
    results = done(untrained(), folder, tmp_path / "out")
    assert set(results.restored) == {"a.gif"}
    assert set(results.kept) == set()
    assert results.lost == {"a.png": "would become a.png, as another picture did; restore it into another folder"}


def test_pictures_called_alike_in_two_places_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"both have a a.png"):
        find_pictures([folder, folder / "a.png"])
    with pytest.raises(InputError, match="cannot be opened"):
        find_pictures([tmp_path / "nothing"])


def test_pictures_that_are_left_out_are_found_by_their_names(folder: Path) -> None:
    names = [place.name for place in find_pictures([folder])]
    assert [place.name for place in find_pictures([folder], [names[0], "no such.png"])] == names[1:]
    for exclude, named in ((["no such.png"], "names none of the"), (names, "names every one of the")):
        with pytest.raises(InputError, match=named):
            find_pictures([folder], exclude)


def test_an_inpainter_takes_one_mask_for_all_or_one_each(untrained: Any, folder: Path, tmp_path: Path) -> None:
    model, mask = untrained("mask:0.5"), np.zeros((24, 36), np.uint8)
    mask[3:9, 4:20] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "a.bmp")
    whole = done(model, folder, tmp_path / "one", masks=tmp_path / "mask.png")
    assert len(whole.restored) == 3
    each = done(model, folder, tmp_path / "each", masks=tmp_path / "masks")
    assert set(each.restored) == {"a.png"}
    assert "has no mask in" in each.lost["inner/a.jpg"]
    with Image.open(folder / "a.png") as before, Image.open(tmp_path / "each" / "a.png") as after:
        same = (np.asarray(before) == np.asarray(after)).all(axis=2)
    assert same[mask == 0].all()


def test_masks_of_another_size_and_unreadable_ones_are_named(untrained: Any, folder: Path, tmp_path: Path) -> None:
    model = untrained("mask:0.5")
    Image.new("L", (8, 9)).save(tmp_path / "mask.png")
    lost = done(model, folder, tmp_path / "out", masks=tmp_path / "mask.png").lost
    assert lost["a.png"] == "is 24x36, and its mask 9x8"
    (tmp_path / "mask.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"mask.png not a picture"):
        done(model, folder, tmp_path / "out", masks=tmp_path / "mask.png")


def test_progress_says_which_picture_is_at_work(untrained: Any, folder: Path, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    done(untrained(), folder, tmp_path / "out", tile=32, progress=lambda *what: told.append(what))
    assert [part for part, _ in told] == sorted(part for part, _ in told)
    assert {name for _, name in told} == {"a.png", "broken.png", "inner/a.jpg", "inner/b.gif"}


# several at once


def test_several_at_once_give_what_one_after_the_other_gives(untrained: Any, folder: Path, tmp_path: Path) -> None:
    model = untrained("downscale:2")
    with limited_threads(1):
        one = done(model, folder, tmp_path / "one")
    with limited_threads(3):
        three = done(model, folder, tmp_path / "three")
        assert torch.get_num_threads() == 3
    assert [list(kind) for kind in (one.restored, one.lost)] == [list(kind) for kind in (three.restored, three.lost)]
    for name, path in one.restored.items():
        assert path.read_bytes() == three.restored[name].read_bytes()


def test_what_had_no_memory_beside_others_is_tried_alone(
    untrained: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, main = untrained(), threading.current_thread()
    whole = model.restore_picture

    def short(*arguments: Any, **how: Any) -> np.ndarray:
        if threading.current_thread() is not main:
            raise InputError("there is not enough memory")
        return whole(*arguments, **how)

    monkeypatch.setattr(model, "restore_picture", short)
    with limited_threads(2):
        results = done(model, folder, tmp_path / "out")
    assert (set(results.restored), list(results.lost)) == ({"a.png", "inner/a.jpg", "inner/b.gif"}, ["broken.png"])


def test_ctrl_c_leaves_the_rest_undone(
    untrained: Any, tmp_path: Path, photograph: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(9):
        photograph.save(tmp_path / "pictures" / f"{number}.png")

    def stop(part: float, name: str) -> None:
        if name == "1.png":
            raise KeyboardInterrupt

    with limited_threads(2), pytest.raises(KeyboardInterrupt):
        done(untrained(), tmp_path / "pictures", tmp_path / "out", progress=stop)
    assert not (tmp_path / "out" / "8.png").exists()


# what came of it


def test_figures_are_those_of_the_files_and_of_plain_enlargement(
    untrained: Any, tmp_path: Path, photograph: Image.Image
) -> None:
    from latente.resampling import shrunk_picture

    clean, low = tmp_path / "clean", tmp_path / "low"
    for place in (clean, low):
        place.mkdir()
    photograph.save(clean / "a.png")
    small = shrunk_picture(np.asarray(photograph).transpose(2, 0, 1), 2).transpose(1, 2, 0)
    Image.fromarray(small).save(low / "a.bmp")
    places = find_pictures([low])
    results = restore_files(untrained("downscale:2"), places, tmp_path / "out")
    [one], lost = compare(places, results.paths, clean, shown=3)
    made = np.asarray(Image.open(tmp_path / "out" / "a.bmp")).astype(float)
    error = np.square(made - np.asarray(photograph)).mean()
    assert lost == {}
    assert one.psnr == pytest.approx(10 * np.log10(255**2 / error))
    assert one.input_psnr == pytest.approx(one.psnr, abs=0.05)  # an untrained one enlarges bicubically
    assert one.factor == 2
    assert one.before.startswith("data:image/png")


def test_what_cannot_be_compared_is_named(untrained: Any, folder: Path, tmp_path: Path) -> None:
    places = find_pictures([folder])
    results = restore_files(untrained(), places, tmp_path / "out")
    (tmp_path / "clean").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "clean" / "a.png")
    comparisons, lost = compare(places, results.paths, tmp_path / "clean")
    assert comparisons == []
    assert lost["a.png"] == "becomes 24x36, and its clean picture is 9x9"
    assert "has no clean picture" in lost["inner/a.jpg"]
