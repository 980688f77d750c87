"""Pictures are decoded once, and what that finds is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from images.corpus import picture, save
from latente.images import decoding, open_images, survey


def test_constant_pictures_are_used_and_named_as_odd(tmp_path: Path) -> None:
    save(tmp_path, **{f"p{k}": Image.new("RGB", (8, 8), (k, 0, 0)) for k in range(5)})
    images = open_images(tmp_path)
    assert len(images) == 5
    assert set(images.scan.odd.values()) == {"one single colour"}


def test_duplicates_are_counted_and_listed(tmp_path: Path) -> None:
    save(tmp_path, a=picture(0), b=picture(1), c=picture(0), d=picture(0))
    scan = open_images(tmp_path).scan
    assert scan.duplicates == [["a.png", "c.png", "d.png"]]
    assert "2 with the bytes of another: a.png = c.png = d.png" in str(scan)


def test_the_second_start_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, a=picture(0), b=picture(1))
    first = open_images(tmp_path)

    def forbidden(*args: object) -> None:
        raise AssertionError("decoded again")

    with monkeypatch.context() as patch:
        patch.setattr(decoding, "read_frames", forbidden)
        patch.setattr(survey, "read_headers", forbidden)
        second = open_images(tmp_path)
        assert second.fingerprint == first.fingerprint
        assert second.scan == first.scan
        assert open_images(**second.source).fingerprint == first.fingerprint
    save(tmp_path, b=picture(2))
    assert open_images(tmp_path).fingerprint != first.fingerprint


def test_count_decodes_a_sample_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, **{f"p{k:02}": picture(k) for k in range(20)})
    calls = []
    read = decoding.read_frames
    monkeypatch.setattr(decoding, "read_frames", lambda *args: calls.append(1) or read(*args))
    images = open_images(tmp_path, count=5, seed=4)
    assert len(images) == len(calls) == 5
    assert list(images.files) == sorted(images.files)
    assert (images.scan.total, images.scan.count) == (20, 5)
    assert open_images(tmp_path, count=5, seed=5).files != images.files
    assert len(open_images(tmp_path, count=99)) == 20
