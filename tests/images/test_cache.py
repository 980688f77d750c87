"""The cache of decoded sets: whole or not there at all."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import TrainingError
from latente.images import Images, cache, claims
from latente.images.cache import Writer, cache_folder, cached, clear, kept, key_of
from latente.images.claims import claimed, is_abandoned


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
    stored = cached("key", build, "set")
    np.testing.assert_array_equal(stored.arrays["pixels"], build.pixels)
    np.testing.assert_array_equal(stored.arrays["label"], build.label)
    assert isinstance(stored.arrays["pixels"], np.memmap)
    assert stored.note["name"] == "set"


def test_the_noted_hash_is_the_fingerprint_of_the_same_arrays_in_memory() -> None:
    build = Build()
    stored = cached("key", build, "set")
    assert stored.note["content_hash"] == Images(build.pixels, {"label": build.label}).fingerprint


def test_the_second_time_nothing_is_built() -> None:
    build = Build()
    cached("key", build, "set")
    cached("key", build, "set")
    assert build.calls == 1


def test_writing_into_what_comes_out_does_not_change_the_cache() -> None:
    build = Build()
    stored = cached("key", build, "set")
    stored.arrays["pixels"][:] = 0
    np.testing.assert_array_equal(cached("key", build, "set").arrays["pixels"], build.pixels)
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
    cached("key", build, "set")
    damage(folder / "sets" / "key")
    np.testing.assert_array_equal(cached("key", build, "set").arrays["pixels"], build.pixels)
    assert build.calls == 2
    cached("key", build, "set")
    assert build.calls == 2


def test_a_build_that_fails_leaves_nothing_behind(folder: Path) -> None:
    def fail(writer: Writer) -> dict[str, Any]:
        writer.append("pixels", np.zeros((1, 1, 8, 8)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("key", fail, "set")
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
        cached("key", build, "set")
    assert "\n" not in str(caught.value)
    assert list((folder / "sets").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "file"))
    with pytest.raises(TrainingError, match="cannot be written"):
        cached("key", Build(), "set")


def wait_for(line: str, program: str) -> subprocess.Popen[str]:
    """Start a Python program, and return it once it has printed the line."""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == line
    return process


BUILDER = """
import time
import numpy as np
from latente.images.cache import cached
def build(writer):
    writer.append("pixels", np.zeros((64, 1, 8, 8)))
    print("building", flush=True)
    time.sleep(60)
cached("key", build, "theirs")
"""


def test_the_next_build_removes_what_a_killed_one_left_and_nothing_of_a_living_one(folder: Path) -> None:
    killed, living = (wait_for("building", BUILDER) for _ in range(2))
    try:
        assert [one.state for one in kept()] == ["being made", "being made"]
        killed.kill()
        killed.wait()
        assert sorted(one.state for one in kept()) == ["being made", "left"]
        cached("other", Build(), "mine")
        assert sorted((one.name, one.state) for one in kept()) == [("key", "being made"), ("mine", "whole")]
    finally:
        for process in (killed, living):
            process.kill()
            process.communicate()


def test_a_folder_that_is_taken_for_abandoned_before_it_is_locked_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def removed_by_another(path: Path) -> AbstractContextManager[bool]:
        made.append(path)
        if len(made) == 1:
            path.rmdir()
        return claimed(path)

    monkeypatch.setattr(cache, "claimed", removed_by_another)
    np.testing.assert_array_equal(cached("key", Build(), "set").arrays["pixels"], Build().pixels)
    assert len(made) == 2


def test_where_there_are_no_locks_a_day_without_work_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "fcntl", None)
    (tmp_path / "part").mkdir()
    with claimed(tmp_path / "part") as is_ours:
        assert is_ours
    assert not is_abandoned(tmp_path / "part")
    os.utime(tmp_path / "part", (1, 1))
    assert is_abandoned(tmp_path / "part")


def test_what_is_kept_has_name_size_and_age_and_can_be_cleared(folder: Path) -> None:
    assert kept() == clear() == []
    stored = cached("one", Build(), "first set")
    cached("two", Build(), "second set")
    os.utime(folder / "sets" / "one", (time.time() - 3600,) * 2)
    newest, oldest = kept()
    assert (newest.name, oldest.name) == ("second set", "first set")
    assert oldest.size == sum(path.stat().st_size for path in (folder / "sets" / "one").iterdir()) > 9600
    assert 3600 <= oldest.age < 3700
    assert {one.name for one in clear()} == {"first set", "second set"}
    assert list((folder / "sets").iterdir()) == []
    np.testing.assert_array_equal(stored.arrays["pixels"], Build().pixels)  # whoever has it mapped goes on


def test_two_builders_at_once_both_get_the_set() -> None:
    results, barrier = [], threading.Barrier(2)

    class Slow(Build):
        def __call__(self, writer: Writer) -> dict[str, Any]:
            info = super().__call__(writer)
            barrier.wait(timeout=20)
            return info

    threads = [threading.Thread(target=lambda: results.append(cached("key", Slow(), "set"))) for _ in range(2)]
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
            self.first = cached("key", Build(), "set")
            self.inode = (cache_folder() / "sets" / "key").stat().st_ino
            return super().__call__(writer)

    build = Overtaken()
    stored = cached("key", build, "set")
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
        cached("key", build, "set")
