"""Files of tensors: whole or not at all, checked before use, and bit for bit what was saved."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import safetensors.torch
import torch

from latente import files
from latente.errors import ModelError, TrainingError
from latente.files import left_behind, load_tensors, own_memory, replacing, save_tensors, write_json
from toys import difference

_SHARED = torch.rand(4, 3)
TREE = {
    "weights": {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(True)},
    "numbers": [1, 2.5, math.inf, None, "text", True],
    "by number": {0: {"step": torch.tensor(3.0)}, 7: []},
    "view": torch.arange(10)[::2],
    "shared": [_SHARED, _SHARED, _SHARED[2:], _SHARED.T],
}


def test_a_tree_comes_back_as_it_was(tmp_path: Path):
    save_tensors(tmp_path / "tree.safetensors", TREE)
    assert difference(load_tensors(tmp_path / "tree.safetensors"), TREE) is None
    assert os.listdir(tmp_path) == ["tree.safetensors"]


def test_tensors_lie_where_torch_would_put_them_or_products_round_otherwise(tmp_path: Path):
    sizes = {f"{size} numbers": torch.rand(size) for size in (1, 3, 5, 17)}
    loaded = own_memory(safetensors.torch.load(safetensors.torch.save(sizes)))
    save_tensors(tmp_path / "tree.safetensors", sizes)
    for tensors in (loaded, load_tensors(tmp_path / "tree.safetensors")):
        assert {name: tensor.data_ptr() % 64 for name, tensor in tensors.items()} == dict.fromkeys(sizes, 0)
        assert difference(tensors, sizes) is None


def test_what_is_no_data_is_refused(tmp_path: Path):
    with pytest.raises(TypeError, match="/code is a function"):
        save_tensors(tmp_path / "tree.safetensors", {"code": lambda: None})
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("position", [0, 9, 40, -1, -20])
def test_a_flipped_bit_anywhere_is_found(tmp_path: Path, position: int):
    path = tmp_path / "tree.safetensors"
    save_tensors(path, TREE)
    content = bytearray(path.read_bytes())
    content[position] ^= 4
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged|not written by"):
        load_tensors(path)


def test_truncated_foreign_and_missing_files_are_refused(tmp_path: Path):
    path = tmp_path / "tree.safetensors"
    save_tensors(path, TREE)
    for content in (path.read_bytes()[:-3], b"", b"\x80\x04pickle", (2**62).to_bytes(8, "little") + b"{}"):
        path.write_bytes(content)
        with pytest.raises(ModelError, match="damaged"):
            load_tensors(path)
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(2)}))
    with pytest.raises(ModelError, match="not written by"):
        load_tensors(path)
    with pytest.raises(ModelError, match="does not exist"):
        load_tensors(tmp_path / "other")


def test_a_full_disk_leaves_the_checkpoint_before_intact_and_says_so(tmp_path: Path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "tree.safetensors"
    save_tensors(path, TREE)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**12, limits[1]))
    try:
        with pytest.raises(
            TrainingError, match=r"disk is full: .*tree.safetensors was not written and the file before"
        ):
            save_tensors(path, {"other": torch.zeros(2**12)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert difference(load_tensors(path), TREE) is None
    assert os.listdir(tmp_path) == ["tree.safetensors"]


def test_a_disk_too_full_for_a_checkpoint_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "tree.safetensors"
    save_tensors(path, TREE)
    monkeypatch.setattr("latente.files.shutil.disk_usage", lambda folder: SimpleNamespace(free=10))
    monkeypatch.setattr(files, "_write", lambda *args: pytest.fail("it was written"))
    with pytest.raises(TrainingError, match=r"disk is full: .*tree.safetensors was not written and the file before"):
        save_tensors(path, {"other": torch.zeros(3)})
    assert difference(load_tensors(path), TREE) is None


def test_the_file_is_one_of_safetensors_in_every_type_of_numbers(tmp_path: Path):
    types = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16)
    types += (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64)
    tree = {str(dtype): torch.ones(3, 1, dtype=dtype) for dtype in types} | {"none": torch.zeros(0, 2)}
    save_tensors(tmp_path / "tree.safetensors", tree)
    saved = safetensors.torch.load_file(tmp_path / "tree.safetensors")
    assert difference({name.removeprefix("/"): value for name, value in saved.items()}, tree) is None


def test_tensors_are_written_from_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own, places = torch.zeros(5), []
    monkeypatch.setattr(
        files, "_write", lambda path, tensors, _: path.touch() or places.append(tensors["/own"].data_ptr())
    )
    save_tensors(tmp_path / "tree.safetensors", {"own": own})
    assert places == [own.data_ptr()]


def test_a_name_that_the_file_has_already_leaves_no_temporary_one(tmp_path: Path):
    last, before = tmp_path / "last.safetensors", tmp_path / "before.safetensors"
    save_tensors(last, {"step": 1})
    os.link(last, before)  # as who was killed between the two names of a checkpoint leaves it
    save_tensors(last, {"step": 2}, keep=before)
    assert (load_tensors(before), load_tensors(last)) == ({"step": 1}, {"step": 2})
    assert sorted(tmp_path.iterdir()) == [before, last]


@pytest.mark.parametrize("place", ["file/new.json", "nowhere/new.json", "folder", "n" * 300])
def test_what_keeps_a_file_from_being_written_is_told_with_its_own_name(place: str, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(TrainingError) as refused:
        write_json(tmp_path / place, {})
    assert str(tmp_path / place) in str(refused.value)
    assert "choose another folder" in str(refused.value)
    assert ".part" not in str(refused.value)
    assert left_behind(tmp_path) == []


def test_a_temporary_file_that_cannot_be_removed_does_not_hide_the_reason(tmp_path: Path, monkeypatch):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(TrainingError, match=r"^\S*/new.json cannot be written \(Permission denied\)"):
        write_json(tmp_path / "new.json", {})


def test_a_name_that_is_long_for_the_disk_is_written_all_the_same(tmp_path: Path):
    path = tmp_path / ("ü" * 125 + ".json")
    write_json(path, {})
    assert path.read_text(encoding="utf-8") == "{}\n"


def test_only_temporary_files_of_our_own_are_known_as_left_behind(tmp_path: Path):
    with replacing(tmp_path / "new\nname.json") as own:
        own.write_text("half")
        for name in (".download.part", "model.part", ".x.0123456789ab.part", ".x.latente-mine.part"):
            (tmp_path / name).write_text("mine")
        assert left_behind(tmp_path) == [own]


def test_json_keeps_names_that_are_no_utf8(tmp_path: Path):
    name = os.fsdecode(b"gr\xf6\xdfe.npy")
    write_json(tmp_path / "options.json", {"source": name, "größe": 1})
    text = (tmp_path / "options.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"source": name, "größe": 1}
    assert "größe" in text
