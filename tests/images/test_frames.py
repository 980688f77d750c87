"""Files of several pages or frames: the first, and said so, or all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from images.corpus import encode, picture
from images.test_formats import heic
from latente.errors import InputError
from latente.images import Images, open_images

FRAMES = [picture(k) for k in range(3)]


def animated(kind: str, frames: list[Image.Image] = FRAMES, **options: object) -> bytes:
    return encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)


KINDS = {
    "tif": lambda: animated("TIFF"),
    "webp": lambda: animated("WEBP", lossless=True),
    "png": lambda: animated("PNG"),
    "gif": lambda: animated("GIF", [frame.quantize(64) for frame in FRAMES]),
    "avif": lambda: animated("AVIF", quality=100, subsampling="4:4:4"),
    "heic": lambda: heic(*FRAMES),
}
NEAR = {"avif": 4, "heic": 3}  # how far what was saved may be from what is read


def saved(frame: Image.Image, suffix: str) -> np.ndarray:
    """The pixels that were saved; GIF has 256 colours at most."""
    return np.asarray(frame.quantize(64).convert("RGB") if suffix == "gif" else frame)


def by_name(images: Images) -> dict[str, np.ndarray]:
    return dict(zip(images.files, images.pixels.transpose(0, 2, 3, 1).astype(int), strict=True))


@pytest.mark.parametrize("suffix", KINDS)
def test_of_several_frames_the_first_counts_and_the_others_are_said(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(KINDS[suffix]())
    images = open_images(tmp_path)
    assert images.files == (f"a.{suffix}",)
    assert np.abs(by_name(images)[f"a.{suffix}"] - saved(FRAMES[0], suffix)).max() <= NEAR.get(suffix, 0)
    assert images.scan.odd == {f"a.{suffix}": "the first of 3 frames"}
    assert "2 frames of 1 file left out" in str(images.scan)
    assert "--frames all" in str(images.scan)
    assert images.scan.damaged == {}


@pytest.mark.parametrize("suffix", KINDS)
def test_all_frames_are_pictures_of_their_own(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(KINDS[suffix]())
    (tmp_path / "b.png").write_bytes(encode(picture(9), "PNG"))
    images = open_images(tmp_path, frames="all")
    assert images.files == (f"a#1.{suffix}", f"a#2.{suffix}", f"a#3.{suffix}", "b.png")
    for number, frame in enumerate(FRAMES, 1):
        read = by_name(images)[f"a#{number}.{suffix}"]
        assert np.abs(read - saved(frame, suffix)).max() <= NEAR.get(suffix, 0)
    np.testing.assert_array_equal(by_name(images)["b.png"], np.asarray(picture(9)))
    assert (images.scan.total, images.scan.count) == (4, 4)
    assert images.scan.duplicates == []
    assert "left out" not in str(images.scan)
    assert images.source["frames"] == "all"
    assert open_images(**images.source).fingerprint == images.fingerprint


def test_each_page_has_its_own_size_and_depth(tmp_path: Path) -> None:
    pages = [picture(0, "L", (10, 20)), picture(1, "RGB", (30, 8))]
    (tmp_path / "a.tif").write_bytes(animated("TIFF", pages))
    images = open_images(tmp_path, frames="all", size="keep")
    assert images.scan.sizes == {"20x10": 1, "8x30": 1}
    assert images.scan.modes == {"L": 1, "RGB": 1}
    np.testing.assert_array_equal(images.content[0].transpose(1, 2, 0), np.asarray(pages[0].convert("RGB")))
    np.testing.assert_array_equal(images.content[1].transpose(1, 2, 0), np.asarray(pages[1]))


def test_smaller_copies_of_a_page_are_no_pages(tmp_path: Path) -> None:
    page, smaller = picture(0), picture(0, size=(12, 12))
    smaller.encoderinfo = {"tiffinfo": {254: 1}}  # a reduced picture
    (tmp_path / "a.tif").write_bytes(animated("TIFF", [page, smaller]))
    assert "first of" not in str(open_images(tmp_path).scan)
    assert open_images(tmp_path, frames="all").files == ("a.tif",)


def test_a_sample_is_drawn_among_frames(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(animated("TIFF", [picture(k) for k in range(9)]))
    whole, few = open_images(tmp_path, frames="all"), open_images(tmp_path, frames="all", count=4, seed=1)
    assert len(few) == 4
    for name, pixels in by_name(few).items():
        np.testing.assert_array_equal(pixels, by_name(whole)[name])


def test_frames_of_pairs_go_together_and_classes_and_tables_count_for_each(tmp_path: Path) -> None:
    for side, offset in (("noisy", 0), ("clean", 50)):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for name, count in (("a", 3), ("b", 2 if offset else 3)):
            pages = [picture(offset + k) for k in range(count)]
            (tmp_path / "pairs" / side / f"{name}.tif").write_bytes(animated("TIFF", pages))
    pairs = open_images(tmp_path / "pairs", frames="all", budget=0.5)
    assert pairs.files == ("noisy/a#1.tif", "noisy/a#2.tif", "noisy/a#3.tif")
    np.testing.assert_array_equal(pairs.columns["target"][2].transpose(1, 2, 0), np.asarray(picture(52)))
    assert pairs.scan.damaged == {"noisy/b.tif": "has 3 frames, and its target 2"}

    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.gif").write_bytes(KINDS["gif"]())
    (tmp_path / "set" / "b.png").write_bytes(encode(picture(9), "PNG"))
    (tmp_path / "set" / "labels.csv").write_text("file,label\na.gif,1\nb.png,0\n")
    assert open_images(tmp_path / "set", frames="all").labels.tolist() == [1, 1, 1, 0]


def test_a_mask_of_one_page_serves_all_and_one_of_several_goes_page_by_page(tmp_path: Path) -> None:
    blots = [Image.new("L", (24, 24)) for _ in range(3)]
    for k, blot in enumerate(blots):
        blot.paste(255, (k, 0, k + 5, 5))
    for name, masks in (("a", blots[:1]), ("b", blots)):
        for folder, frames in (("test/cut", FRAMES), ("ground_truth/cut", masks)):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / f"{name}.tif").write_bytes(animated("TIFF", list(frames)))
    (tmp_path / "train" / "good").mkdir(parents=True)
    (tmp_path / "train" / "good" / "c.png").write_bytes(encode(picture(5), "PNG"))
    masks = open_images(tmp_path, split="test", frames="all").columns["mask"]
    for row, k in enumerate((0, 0, 0, 0, 1, 2)):
        np.testing.assert_array_equal(masks[row, 0], np.asarray(blots[k]) // 255)


def test_many_frames_are_reckoned_with_before_they_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from latente.images import decoding, limits

    (tmp_path / "a.tif").write_bytes(animated("TIFF", [picture(0)] * 40))
    for module in (limits, decoding):
        monkeypatch.setattr(module, "free_memory", lambda: 60_000)
    assert len(open_images(tmp_path)) == 1
    with pytest.raises(InputError, match="of memory at once"):
        open_images(tmp_path, frames="all")


def test_frames_is_one_of_two_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frames.*known: all, first"):
        open_images(tmp_path, frames="every")


def test_a_truncated_animation_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(picture(0), "PNG"))
    data = KINDS["tif"]()
    (tmp_path / "b.tif").write_bytes(data[: len(data) // 2])
    images = open_images(tmp_path, frames="all", budget=0.9)
    assert "a.png" in images.files
    assert "b.tif" in images.scan.damaged
