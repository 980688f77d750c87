"""What the machine has left."""

from __future__ import annotations

from pathlib import Path

import pytest

from latente import machine


def test_what_is_free_is_less_than_there_is():
    free = machine.free_memory()
    if free is None:
        pytest.skip("the system does not tell")
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 0 < free < total


def test_a_container_has_what_its_limit_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if machine.free_memory() is None:
        pytest.skip("the system does not tell")
    for name, text in (("max", "5000\n"), ("current", "4500\n"), ("stat", "anon 9\ninactive_file 200\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    monkeypatch.setattr(machine, "_GROUPS", tmp_path)
    assert machine.free_memory() == 700
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.free_memory() > 5000
