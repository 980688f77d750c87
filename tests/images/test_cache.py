"""The cache of decoded sets: whole or not there at all."""

from __future__ import annotations

import json
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import TrainingError
from latente.images import Images
from latente.images.cache import Writer, cache_folder, cached, key_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Build:
    """Writes two arrays row by row, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.pixels = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 8), dtype=np.uint8)
        self.label = np.arange(50)
        self.calls = 0

    def __call__(self, writer: Writer) -> dict[str, Any]:
        self.calls += 1
        for start in range(0, 50, 7):
            writer.append("pixels", self.pixels[start : start + 7])
        writer.append("label", self.label)
        return {"name": "set"}


def test_what_was_written_row_by_row_comes_back_mapped() -> None:
    build = Build()
    stored = cached("key", build)
    np.testing.assert_array_equal(stored.arrays["pixels"], build.pixels)
    np.testing.assert_array_equal(stored.arrays["label"], build.label)
    assert isinstance(stored.arrays["pixels"], np.memmap)
    assert stored.note["name"] == "set"


def test_the_noted_hash_is_the_fingerprint_of_the_same_arrays_in_memory() -> None:
    build = Build()
    stored = cached("key", build)
    assert stored.note["content_hash"] == Images(build.pixels, {"label": build.label}).fingerprint


def test_the_second_time_nothing_is_built() -> None:
    build = Build()
    cached("key", build)
    cached("key", build)
    assert build.calls == 1


def test_writing_into_what_comes_out_does_not_change_the_cache() -> None:
    build = Build()
    stored = cached("key", build)
    stored.arrays["pixels"][:] = 0
    np.testing.assert_array_equal(cached("key", build).arrays["pixels"], build.pixels)
    assert build.calls == 1


def damage_length(folder: Path) -> None:
    os.truncate(folder / "pixels.npy", 1000)


def damage_content(folder: Path) -> None:
    path = folder / "pixels.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def damage_file(folder: Path) -> None:
    (folder / "label.npy").unlink()


def damage_note(folder: Path) -> None:
    (folder / "set.json").write_text('{"format": 1, "arr')


def damage_format(folder: Path) -> None:
    note = json.loads((folder / "set.json").read_text())
    (folder / "set.json").write_text(json.dumps(note | {"format": 0}))


@pytest.mark.parametrize("damage", [damage_length, damage_content, damage_file, damage_note, damage_format])
def test_a_damaged_set_is_noticed_and_made_again(folder: Path, damage: Any) -> None:
    build = Build()
    cached("key", build)
    damage(folder / "sets" / "key")
    np.testing.assert_array_equal(cached("key", build).arrays["pixels"], build.pixels)
    assert build.calls == 2
    cached("key", build)
    assert build.calls == 2


def test_a_build_that_fails_leaves_nothing_behind(folder: Path) -> None:
    def fail(writer: Writer) -> dict[str, Any]:
        writer.append("pixels", np.zeros((1, 1, 8, 8)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("key", fail)
    assert list((folder / "sets").iterdir()) == []


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 64 KiB, which the system reports as it does a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_one_clear_error_and_leaves_nothing_behind(folder: Path) -> None:
    def build(writer: Writer) -> dict[str, Any]:
        for _ in range(100):
            writer.append("pixels", np.zeros((64, 1, 8, 8)))
        return {}

    with pytest.raises(TrainingError, match=r"the disk is full.*LATENTE_CACHE") as caught:
        cached("key", build)
    assert "\n" not in str(caught.value)
    assert list((folder / "sets").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "file"))
    with pytest.raises(TrainingError, match="cannot be written"):
        cached("key", Build())


def test_what_a_killed_process_left_is_removed_after_a_day(folder: Path) -> None:
    cached("other", Build())
    old, fresh = folder / "sets" / ".key.0123.part", folder / "sets" / ".key.4567.part"
    for part in (old, fresh):
        part.mkdir()
        (part / "pixels.npy").write_bytes(b"half")
    os.utime(old, (1, 1))
    cached("key", Build())
    assert not old.exists()
    assert fresh.exists()


def test_two_builders_at_once_both_get_the_set() -> None:
    results, barrier = [], threading.Barrier(2)

    class Slow(Build):
        def __call__(self, writer: Writer) -> dict[str, Any]:
            info = super().__call__(writer)
            barrier.wait(timeout=20)
            return info

    threads = [threading.Thread(target=lambda: results.append(cached("key", Slow()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    for stored in results:
        np.testing.assert_array_equal(stored.arrays["pixels"], Build().pixels)


def test_of_two_builders_the_first_ones_set_stays_where_it_is() -> None:
    class Overtaken(Build):
        def __call__(self, writer: Writer) -> dict[str, Any]:
            self.first = cached("key", Build())
            self.inode = (cache_folder() / "sets" / "key").stat().st_ino
            return super().__call__(writer)

    build = Overtaken()
    stored = cached("key", build)
    assert (cache_folder() / "sets" / "key").stat().st_ino == build.inode
    np.testing.assert_array_equal(stored.arrays["pixels"], build.first.arrays["pixels"])
    assert [path.name for path in (cache_folder() / "sets").iterdir()] == ["key"]


def test_keys_differ_where_anything_differs() -> None:
    keys = {
        key_of("a"),
        key_of("a", None),
        key_of("a", 1),
        key_of("a", [1, 2]),
        key_of("a", {"x": 1}),
        key_of("b"),
    }
    assert len(keys) == 6
    assert key_of("a", {"x": [1, 2]}) == key_of("a", {"x": (1, 2)})


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("LATENTE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/latente")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path("/home/me/.cache/latente")


def test_rows_of_another_shape_are_refused() -> None:
    def build(writer: Writer) -> dict[str, Any]:
        writer.append("pixels", np.zeros((1, 1, 8, 8)))
        writer.append("pixels", np.zeros((1, 1, 8, 9)))
        return {}

    with pytest.raises(ValueError, match="pixels"):
        cached("key", build)
