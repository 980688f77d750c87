"""A finished piece of work as one file: out of a studio, and into another, with nothing of the first in its way."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from latente.studio.orders import Wished
from latente.studio.tickets import Ticket
from latente.studio.uploads import files_of
from studios import Client, png


@pytest.fixture
def ticket(client: Client, set_id: str) -> Ticket:
    """A finished training, as its folders hold it."""
    workspace, ticket = client.parts.workspace, client.parts.jobs.new(Wished(set_id, "new"))
    ticket.phase = "done"
    ticket.write(workspace)
    made, run = ticket.results(workspace) / "made", ticket.home(workspace)
    for folder in (made, run / "model", run / "checkpoints"):
        folder.mkdir(parents=True)
    (made / "0.png").write_bytes(png(4))
    (run / "model" / "model.json").write_text("{}")
    (run / "checkpoints" / "last.safetensors").write_bytes(b"x")
    (run / "link.png").symlink_to("/etc/passwd")
    return ticket


def pack(client: Client, ticket: Ticket) -> bytes:
    made = client.post(f"/api/jobs/{ticket.id}/project").json()
    return client.get(f"/api/archives/{made['id']}").content


def changed(content: bytes, **files: bytes | None) -> bytes:
    """Return a zip file with other contents under some names, or without them."""
    out, names = io.BytesIO(), {name.replace("__", "/"): value for name, value in files.items()}
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in dict.fromkeys([*old.namelist(), *names]):
            value = names[name] if name in names else old.read(name)
            if value is not None:
                new.writestr(name, value)
    return out.getvalue()


def test_what_is_packed_is_all_again_under_new_ids(client: Client, ticket: Ticket, set_id: str) -> None:
    answer = client.put("/api/projects", content=pack(client, ticket))
    assert answer.status_code == 201
    one = client.parts.jobs.ticket(answer.json()["id"])
    workspace = client.parts.workspace
    assert one.id != ticket.id
    assert one.of not in ("", set_id)
    assert files_of(workspace.find("sets", one.of)) == files_of(workspace.find("sets", set_id))
    assert (one.results(workspace) / "made" / "0.png").read_bytes() == png(4)
    assert sorted(path.name for path in one.home(workspace).iterdir()) == ["model"]
    assert client.get(f"/api/jobs/{one.id}").json()["state"] == "finished"
    assert client.get(f"/api/jobs/{ticket.id}").json()["state"] == "finished"
    assert list(workspace.path.glob(".archive-*")) == []


def test_what_is_not_finished_is_not_packed(client: Client, set_id: str) -> None:
    ticket = client.parts.jobs.new(Wished(set_id, "new"))
    assert client.post(f"/api/jobs/{ticket.id}/project").json()["code"] == "not_done"


@pytest.mark.parametrize(
    "files",
    [
        {"project.json": None},
        {"project.json": b'{"format": 2, "sets": []}'},
        {"job__ticket.json": None},
        {"job__ticket.json": b'{"id": 1}'},
        {"job__ticket.json": json.dumps({"phase": "train"}).encode()},
        {"set__set.json": b"[]"},
        {"run__../../x": b"x"},
    ],
)
def test_what_is_no_such_file_is_refused_and_nothing_kept(
    client: Client, ticket: Ticket, files: dict[str, bytes | None]
) -> None:
    content, before = changed(pack(client, ticket), **files), contents(client.parts.workspace.path)
    answer = client.put("/api/projects", content=content)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_project")
    assert contents(client.parts.workspace.path) == before


def test_a_stranger_s_order_names_nothing_of_this_machine(client: Client, ticket: Ticket) -> None:
    workspace = client.parts.workspace
    own = json.loads((ticket.folder(workspace) / "ticket.json").read_text())
    hostile = json.dumps({**own, "at": "../../../etc", "model": ".."}).encode()
    answer = client.put("/api/projects", content=changed(pack(client, ticket), **{"job__ticket.json": hostile}))
    one = client.parts.jobs.ticket(answer.json()["id"])
    assert (one.at, one.home(workspace).name) == ("", one.id)


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
