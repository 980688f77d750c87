"""`doctor`: what is well, what is broken, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

Client = Callable[..., Any]


def findings(shown: Any) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in shown.json}


def test_a_sound_machine_gets_exit_code_0(latente: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    shown = latente("doctor --json")
    assert shown.code == 0
    found = findings(shown)
    assert {finding["status"] for finding in found.values()} <= {"ok", "note"}
    assert found["torch"]["text"] == metadata.version("torch")
    assert found["data"]["text"] == str(tmp_path)
    assert str(tmp_path) in found["here"]["text"]
    assert {"python", "latente", "numpy", "pillow", "device", "threads", "cache", "sets"} <= set(found)


def test_people_get_a_line_for_each_finding(latente: Client) -> None:
    lines = latente("doctor").out.strip().splitlines()
    assert [line.split()[1] for line in lines] == [finding["name"] for finding in latente("doctor --json").json]


def test_a_missing_data_folder_is_broken_with_the_cure(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_DATA", "/nowhere/at/all")
    shown = latente("doctor --json")
    assert shown.code == 1
    data = findings(shown)["data"]
    assert data["status"] == "broken"
    assert data["text"] == "LATENTE_DATA is /nowhere/at/all, which is no folder: correct it, or unset it"


def test_a_cache_that_cannot_be_written_is_broken(
    latente: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "file" / "cache"))
    shown = latente("doctor --json")
    assert (shown.code, findings(shown)["cache"]["status"]) == (1, "broken")


def test_a_dependency_that_is_gone_is_named_with_the_cure(latente: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def gone(name: str) -> str:
        if name == "safetensors":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", gone)
    shown = latente("doctor --json")
    assert shown.code == 1
    assert findings(shown)["safetensors"]["text"] == "is missing: pip install safetensors"


def test_sets_at_hand_are_named(latente: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from latente.images.catalog import entries

    [fashion] = [entry for entry in entries() if entry.name == "fashion-mnist"]
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for file in fashion.files:
        (folder / file.name).touch()
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    assert "fashion-mnist" in findings(latente("doctor --json"))["sets"]["text"]
