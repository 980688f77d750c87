"""Who trains for hours reads what was there at the start, whatever happens to the file meanwhile."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import Autoencoder, InputError, open_images, resume
from latente.images import Images, held, holding
from latente.images.cache import kept
from toys import difference

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 8, 8), dtype=np.uint8)
OPTIONS: dict[str, Any] = {"hidden": (4,), "latent_dim": 2, "epochs": 2, "batch_size": 16, "random_state": 0}


@pytest.fixture(params=["in memory", "in the cache"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Where the copy lies; a cache of this test's own."""
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    if request.param == "in the cache":
        monkeypatch.setattr(holding, "_SMALL", 0)
    return str(request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", PIXELS)
    return tmp_path / "x.npy"


def rewrite(path: Path, content: bytes) -> None:
    """Change a file in place and set its time back, as a tool that restores files does."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class Meddles:
    """A corruption in whose third call somebody else changes the file."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path, self.content, self.calls = path, content, 0

    def __call__(self, x: Any, generator: Any, shared: bool = False) -> Any:
        self.calls += 1
        if self.calls == 3:
            rewrite(self.path, self.content)
        return x


@pytest.mark.parametrize("change", ["zeroed", "truncated"])
@pytest.mark.parametrize("opened", ["by its path", "as a map"])
def test_a_training_does_not_see_what_becomes_of_its_file(change: str, opened: str, file: Path, place: str):
    whole = Autoencoder(**OPTIONS).fit(PIXELS)
    size = file.stat().st_size
    content = file.read_bytes()[:128] + b"\0" * (size - 128) if change == "zeroed" else b""
    X = np.load(file, mmap_mode="r") if opened == "as a map" else file
    model = Autoencoder(**OPTIONS, corruption=Meddles(file, content)).fit(X)
    assert difference(dict(model.objective_.state_dict()), dict(whole.objective_.state_dict())) is None


def test_a_copy_is_found_again_listed_and_of_whatever_lies_in_foreign_files(file: Path, place: str):
    pixels, target = np.load(file, mmap_mode="r")[::2, None], np.load(file, mmap_mode="c")[1::2, None]
    images = Images(pixels, {"target": target, "label": np.arange(24)}, name="pairs")
    copies = [held(images) for _ in range(2)]
    for copy in copies:
        assert np.array_equal(copy.pixels, pixels)
        assert np.array_equal(copy.columns["target"], target)
        assert copy.columns["label"] is images.columns["label"]
        assert held(copy) is copy
        assert copy.fingerprint == images.fingerprint
    assert [one.name for one in kept()] == ([f"a copy of {file}"] * 2 if place == "in the cache" else [])


def test_what_is_in_memory_or_came_by_the_cache_is_not_copied(tmp_path: Path):
    np.savez(tmp_path / "set.npz", images=PIXELS)
    for images in (open_images(PIXELS), open_images(tmp_path / "set.npz")):
        assert held(images) is images


def test_a_file_that_changes_while_it_is_copied_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(holding, "_SMALL", 0)
    images = dataclasses.replace(Images(np.load(file, mmap_mode="r")[:, None]), content_hash="what it was before")
    with pytest.raises(InputError, match=r"a copy of .*x.npy differs from it.*try again"):
        held(images)
    assert kept() == []


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_file_changed_with_the_same_size_and_time_is_not_gone_on_with(suffix: str, tmp_path: Path):
    path = tmp_path / f"x.{suffix}"
    save = np.save if suffix == "npy" else np.savez
    save(path, PIXELS)
    Autoencoder(**OPTIONS, out=tmp_path / "run").fit(path)
    save(tmp_path / f"other.{suffix}", PIXELS[::-1])
    rewrite(path, (tmp_path / f"other.{suffix}").read_bytes())
    with pytest.raises(InputError, match="fingerprint differs"):
        resume(tmp_path / "run", epochs=3)
    assert np.array_equal(open_images(path).pixels[:, 0], PIXELS[::-1])
