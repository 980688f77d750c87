"""Files on their way in: whole and right, or not there at all; sent once, and under names that lead nowhere."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.requests import ClientDisconnect, Request

from latente.studio import uploads, workspace
from latente.studio.names import cleaned, is_picture
from latente.studio.uploads import files_of, pictures_folder
from studios import Client, png


@pytest.fixture
def empty(client: Client) -> str:
    return client.post("/api/sets", json={"name": "Fotos"}).json()["id"]


@pytest.fixture
def folder(client: Client, empty: str) -> Path:
    return client.parts.workspace.find("sets", empty)


def test_what_is_dropped_again_is_asked_for_no_more(client: Client, empty: str, folder: Path) -> None:
    files = {"cats/a.png": png(0), "dogs/b.png": png(1)}
    assert len(client.give(empty, {"cats/a.png": png(0)})["missing"]) == 1  # and then the connection broke
    assert client.give(empty, files)["missing"] == [hashlib.sha256(png(1)).hexdigest()]
    assert client.give(empty, files)["missing"] == []
    assert {name: (pictures_folder(folder) / name).read_bytes() for name in files} == files


def test_a_file_of_other_content_than_announced_is_none(client: Client, empty: str, folder: Path) -> None:
    sha256 = hashlib.sha256(png(0)).hexdigest()
    listed = {"files": [{"name": "a.png", "sha256": sha256, "size": 3}]}
    client.post(f"/api/sets/{empty}/files", json=listed)
    answer = client.put(f"/api/sets/{empty}/files/{sha256}", content=png(0)[:-1])
    assert (answer.status_code, answer.json()["code"]) == (400, "other_content")
    assert list(pictures_folder(folder).iterdir()) == []
    assert client.put(f"/api/sets/{empty}/files/{sha256}", content=png(0)).status_code == 204


def test_a_picture_has_its_name_only_once_its_sum_is_known(client: Client, empty: str, folder: Path) -> None:
    content = png(0)
    sha256 = hashlib.sha256(content).hexdigest()
    client.post(f"/api/sets/{empty}/files", json={"files": [{"name": "a.png", "sha256": sha256, "size": 3}]})
    seen: list[list[str]] = []

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(content), 100):
            yield content[start : start + 100]
            seen.append([path.name for path in pictures_folder(folder).iterdir()])

    assert client.put(f"/api/sets/{empty}/files/{sha256}", content=slowly()).status_code == 204
    assert len(seen) > 2
    assert not any("a.png" in names for names in seen)
    assert [path.name for path in pictures_folder(folder).iterdir()] == ["a.png"]


def test_a_connection_that_breaks_is_no_fault_of_the_server_and_leaves_nothing(
    client: Client, empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = hashlib.sha256(png(0)).hexdigest()
    client.post(f"/api/sets/{empty}/files", json={"files": [{"name": "a.png", "sha256": sha256, "size": 3}]})

    async def broken(request: Request) -> AsyncIterator[bytes]:
        yield png(0)[:100]
        raise ClientDisconnect

    monkeypatch.setattr(Request, "stream", broken)
    assert client.put(f"/api/sets/{empty}/files/{sha256}", content=png(0)).status_code == 400
    assert list(pictures_folder(folder).iterdir()) == []


def test_a_file_that_nobody_announced_is_refused(client: Client, empty: str) -> None:
    for sha256 in (hashlib.sha256(png(0)).hexdigest(), "x" * 64, "." * 64):
        answer = client.put(f"/api/sets/{empty}/files/{sha256}", content=png(0))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_announced")


def test_too_large_a_file_is_refused_however_it_comes(
    client: Client, empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = hashlib.sha256(b"x" * 101).hexdigest()
    listed = {"files": [{"name": "a.png", "sha256": sha256, "size": 101}]}
    client.post(f"/api/sets/{empty}/files", json=listed)
    monkeypatch.setattr(uploads, "LARGEST", 100)
    assert client.post(f"/api/sets/{empty}/files", json=listed).json()["refused"] == {"a.png": "too_large"}
    for content in (b"x" * 101, iter([b"x" * 50, b"x" * 51])):  # with its length, and without
        answer = client.put(f"/api/sets/{empty}/files/{sha256}", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert list(pictures_folder(folder).iterdir()) == []


def test_what_was_promised_is_read_anew_only_where_it_has_changed(
    client: Client, empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.give(empty, {"a.png": png(0)})
    files_of(folder)
    monkeypatch.setattr(uploads, "read_json", lambda path: pytest.fail("it was read again"))
    content = hashlib.sha256(png(0)).hexdigest()
    assert client.put(f"/api/sets/{empty}/files/{content}", content=png(0)).status_code == 204
    assert client.get(f"/api/sets/{empty}/thumbs/{content}").status_code == 200
    monkeypatch.undo()
    client.give(empty, {"b.png": png(1)})
    assert list(files_of(folder)) == ["a.png", "b.png"]


def test_one_content_under_two_names_is_sent_once_and_is_both(client: Client, empty: str, folder: Path) -> None:
    answer = client.give(empty, {"a.png": png(0), "b.png": png(0)})
    assert len(answer["missing"]) == 1
    assert [(pictures_folder(folder) / name).read_bytes() for name in ("a.png", "b.png")] == [png(0), png(0)]


def test_another_picture_of_the_same_name_does_not_take_its_place(client: Client, empty: str, folder: Path) -> None:
    client.give(empty, {"a.png": png(0)})
    client.give(empty, {"A.png": png(1)})
    name = f"A-{hashlib.sha256(png(1)).hexdigest()[:8]}.png"
    assert sorted(files_of(folder)) == [name, "a.png"]
    assert client.give(empty, {"A.png": png(1)})["missing"] == []


def test_no_picture_is_refused_by_name_and_the_others_come(client: Client, empty: str, folder: Path) -> None:
    files = {"a.png": png(0), "notes.txt": b"x", "page.svg": b"<svg/>", "x/.DS_Store": b"x", "..": b"y"}
    assert set(client.give(empty, files)["refused"]) == files.keys() - {"a.png"}
    assert list(files_of(folder)) == ["a.png"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.png", "a.png"),
        ("../../etc/a.png", "etc/a.png"),
        ("/etc/a.png", "etc/a.png"),
        ("C:\\Users\\a.png", "C_/Users/a.png"),
        (".hidden/.a.png", "hidden/a.png"),
        ("a\0b\n\u202e.png", "ab.png"),
        ("\ud800.png", "png"),
        ("mañana.png", "mañana.png"),
        ("a/./b/../c.png", "a/b/c.png"),
        ("1/2/3/4/5/6/7/a.png", "3/4/5/6/7/a.png"),
        ("...", ""),
        ("", ""),
    ],
)
def test_a_name_becomes_one_that_leads_nowhere_else(name: str, kept: str) -> None:
    assert cleaned(name) == kept


def test_a_long_name_keeps_its_ending_and_fits_any_disk() -> None:
    name = cleaned("ñ" * 500 + ".jpeg")
    assert name.endswith("ñ.jpeg")
    assert len(name.encode()) <= 120
    assert is_picture(name)


def test_a_full_disk_is_told_before_anything_is_sent(
    client: Client, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "_RESERVE", 1 << 62)
    listed = {"files": [{"name": "a.png", "sha256": "0" * 64, "size": 3}]}
    answer = client.post(f"/api/sets/{empty}/files", json=listed)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")


def test_what_is_shown_of_a_picture_is_made_anew_and_of_no_picture_nothing(client: Client, empty: str) -> None:
    hostile = png(0) + b"<script>alert(1)</script>"
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    client.give(empty, {"a.png": hostile, "b.png": b"<html><script>alert(1)</script>", "c.png": drawing})
    shown = client.get(f"/api/sets/{empty}/thumbs/{hashlib.sha256(hostile).hexdigest()}")
    assert shown.headers["content-type"] == "image/webp"
    assert b"script" not in shown.content
    assert Image.open(io.BytesIO(shown.content)).size == (12, 9)
    for other in (b"<html><script>alert(1)</script>", drawing):
        sha256 = hashlib.sha256(other).hexdigest()
        assert client.get(f"/api/sets/{empty}/thumbs/{sha256}").json()["code"] == "damaged"
