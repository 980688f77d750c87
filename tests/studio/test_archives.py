"""Many pictures at once: out of a zip file within its limits, and out of folders that were named at the start."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from latente.errors import InputError
from latente.studio import archives, uploads
from latente.studio.shelves import Shelves
from latente.studio.uploads import files_of, pictures_folder
from studios import Client, make_parts, png


@pytest.fixture
def empty(client: Client) -> str:
    return client.post("/api/sets", json={"name": "Fotos"}).json()["id"]


@pytest.fixture
def folder(client: Client, empty: str) -> Path:
    return client.parts.workspace.find("sets", empty)


def packed(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def give(client: Client, empty: str, content: Any) -> Any:
    return client.put(f"/api/sets/{empty}/archive", content=content)


def left(client: Client) -> list[Path]:
    return list(client.parts.workspace.path.glob(".archive-*"))


def test_the_pictures_of_a_zip_file_lie_in_the_set_by_their_groups(client: Client, empty: str, folder: Path) -> None:
    files = {"all/cats/a.png": png(0), "all/dogs/b.png": png(1), "all/readme.txt": b"x", "__MACOSX/all/a.png": b"x"}
    answer = give(client, empty, packed(files))
    assert answer.json() == {"count": 2, "refused": {"all/readme.txt": "no_picture"}}
    assert sorted(files_of(folder)) == ["cats/a.png", "dogs/b.png"]
    assert (pictures_folder(folder) / "dogs" / "b.png").read_bytes() == png(1)
    assert left(client) == []


def test_the_same_zip_file_again_changes_nothing(client: Client, empty: str, folder: Path) -> None:
    content = packed({"a.png": png(0), "b.png": png(0)})
    give(client, empty, content)
    before = files_of(folder)
    give(client, empty, content)
    assert files_of(folder) == before
    assert len(before) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip", packed({"../a.png": png(0)}), packed({"/etc/a.png": png(0)}), packed({"a.png": png(0)})[:-30]],
)
def test_what_is_no_sound_zip_file_is_refused_and_nothing_kept(
    client: Client, empty: str, folder: Path, content: bytes
) -> None:
    answer = give(client, empty, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_archive")
    assert files_of(folder) == {}
    assert left(client) == []


def test_what_unpacks_to_more_than_pictures_do_is_refused(client: Client, empty: str, folder: Path) -> None:
    answer = give(client, empty, packed({f"{number}.png": bytes(1 << 20) for number in range(3)}))
    assert (answer.status_code, answer.json()["code"]) == (413, "archive_bomb")
    assert files_of(folder) == {}


def test_limits_of_size_and_count_are_told(
    client: Client, empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = packed({f"{number}.png": png(number) for number in range(3)})
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    assert give(client, empty, content).json()["code"] == "too_many_files"
    monkeypatch.setattr(archives, "LARGEST_ARCHIVE", len(content) - 1)
    for body in (content, iter([content[:9], content[9:]])):  # with its length, and without
        assert give(client, empty, body).json()["code"] == "archive_too_large"
    assert files_of(folder) == {}
    assert left(client) == []


def test_too_large_a_picture_stays_outside_and_the_others_come(
    client: Client, empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGEST", len(png(0)) + 100)
    monkeypatch.setattr(uploads, "LARGEST", len(png(0)) + 100)
    answer = give(client, empty, packed({"a.png": png(0), "b.png": png(1) + bytes(200)}))
    assert answer.json() == {"count": 1, "refused": {"b.png": "too_large"}}
    assert list(files_of(folder)) == ["a.png"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "photos"
    for name in ("cats/a.png", "cats/young/b.png", "notes.txt", ".hidden/c.png"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(len(name)))
    (tmp_path / "secret.png").write_bytes(png(9))
    (home / "cats" / "link.png").symlink_to(tmp_path / "secret.png")
    return home


def test_the_folders_that_were_named_and_those_below_are_told_by_ids(tmp_path: Path, home: Path) -> None:
    shelves = Shelves([home])
    assert [(one.name, one.count) for one in shelves.all()] == [
        ("photos", 3),
        ("photos/cats", 3),
        ("photos/cats/young", 1),
    ]
    assert all(one.id.isalnum() for one in shelves.all())
    assert Shelves().all() == []
    with pytest.raises(InputError, match=r"--pictures .*secret\.png is no folder"):
        Shelves([tmp_path / "secret.png"])


def test_pictures_of_such_a_folder_are_copied_and_no_link_leads_out(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = make_parts(tmp_path / "workspace", [home])
    client = Client(parts)
    client.enter()
    own = client.post("/api/sets", json={"name": "Fotos"}).json()["id"]
    read, seen = archives.FolderStore.read, []

    def watched(store: Any, name: str) -> bytes:
        seen.append(dict(parts.copying))
        return read(store, name)

    monkeypatch.setattr(archives.FolderStore, "read", watched)
    cats = next(one for one in client.get("/api/shelves").json() if one["name"] == "photos/cats")
    assert client.post(f"/api/sets/{own}/shelves/{cats['id']}").json() == {"count": 2, "refused": {}}
    assert sorted(files_of(parts.workspace.find("sets", own))) == ["a.png", "young/b.png"]
    assert seen == [{own: (1, 2)}, {own: (2, 2)}]  # which a page can ask for meanwhile
    assert client.get(f"/api/sets/{own}/copying").json() is None
    for name in ("..", "photos", "%2e%2e", "x"):
        assert client.post(f"/api/sets/{own}/shelves/{name}").status_code in (404, 405)
    parts.sets.close()


def fetched(client: Client, made: Any) -> zipfile.ZipFile:
    assert made.status_code == 201, made.text
    address = f"/api/archives/{made.json()['id']}"
    content = client.get(address).content
    assert client.get(address).status_code == 404  # once
    assert left(client) == []
    return zipfile.ZipFile(io.BytesIO(content))


def test_chosen_pictures_are_taken_away_as_one_file_and_nothing_stays_behind(client: Client, set_id: str) -> None:
    chosen = fetched(client, client.post(f"/api/sets/{set_id}/archives", json={"names": ["b.png"]}))
    assert chosen.namelist() == ["b.png"]
    assert chosen.read("b.png") == png(1)
    assert client.post(f"/api/sets/{set_id}/archives", json={"names": ["../x"]}).status_code == 404
    assert client.get("/api/archives/..").status_code == 404


def test_pictures_are_left_out_and_taken_back_one_by_one(client: Client, set_id: str) -> None:
    for names, out, left_out in (
        (["a.png"], True, ["a.png"]),
        (["b.png"], True, ["a.png", "b.png"]),
        (["a.png"], False, ["b.png"]),
    ):
        assert client.post(f"/api/sets/{set_id}/left-out", json={"names": names, "out": out}).status_code == 204
        files = client.get(f"/api/sets/{set_id}/files").json()
        assert [file["name"] for file in files if file["left_out"]] == left_out
