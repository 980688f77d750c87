"""What people complain of in such tools, none of which holds here.

Three of the ten have their tests elsewhere: that all is in the tab and gone with it (`tests/web/test_studio_page.py`),
that any website may command it (`test_guard.py`), and that a failed training is shown as trained and stays for ever
(`test_jobs.py`).
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import threading
from pathlib import Path

import pytest

import latente.studio
from latente.studio import commands, jobs, tickets
from latente.studio.orders import Wished
from latente.studio.uploads import pictures_folder
from studios import TOKEN, Client, png, wait_until

PACKAGE = Path(latente.studio.__file__).parent
MESSAGES = Path(__file__).parents[2] / "web" / "studio" / "messages"
JARGON = r"epoch|época|\bloss\b|pérdida|batch|\blatent\b|encoder|codificador|hyperparam|gradient|tensor"


def start(client: Client, set_id: str) -> str:
    job: str = client.post("/api/jobs", json={"set": set_id, "goal": "odd"}).json()["id"]
    return job


def reach(client: Client, job: str, wanted: str) -> None:
    wait_until(lambda: (client.parts.jobs.tick(), client.get(f"/api/jobs/{job}").json()["state"] == wanted)[1])


def test_a_reload_finds_the_training_as_it_stands(client: Client, set_id: str) -> None:
    job = start(client, set_id)
    reach(client, job, "running")
    again = Client(client.parts)
    again.get(f"/?token={TOKEN}", follow_redirects=False)
    assert [(one["id"], one["state"]) for one in again.get("/api/jobs").json()] == [(job, "running")]
    assert again.get(f"/api/jobs/{job}").json()["state"] == "running"


def test_one_that_was_told_to_stop_and_does_not_is_ended_and_the_next_one_starts(
    client: Client, set_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (client.parts.workspace.path / "deaf").touch()
    first, second = start(client, set_id), start(client, set_id)
    reach(client, first, "running")
    (client.parts.workspace.path / "deaf").unlink()
    client.post(f"/api/jobs/{first}/pause")
    reach(client, first, "stopping")
    monkeypatch.setattr(jobs, "_PATIENCE", 0.0)
    reach(client, second, "running")
    assert client.get(f"/api/jobs/{first}").json()["state"] == "paused"


def test_thirteen_thousand_files_go_up_as_one_does(client: Client) -> None:
    one = client.post("/api/sets", json={"name": "Fotos"}).json()["id"]
    content, names = png(0), [f"{number // 1000}/{number:05}.png" for number in range(13_000)]
    sha256 = hashlib.sha256(content).hexdigest()
    for begin in range(0, len(names), 5000):
        files = [{"name": name, "sha256": sha256, "size": len(content)} for name in names[begin : begin + 5000]]
        assert client.post(f"/api/sets/{one}/files", json={"files": files}).json() == {
            "missing": [sha256],
            "refused": {},
        }
    assert client.put(f"/api/sets/{one}/files/{sha256}", content=content).status_code == 204
    folder = pictures_folder(client.parts.workspace.find("sets", one))
    assert sum(path.is_file() for path in folder.rglob("*.png")) == 13_000
    assert client.get(f"/api/sets/{one}").json()["files"] == 13_000


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_page_speaks_in_terms_of_the_trade(language: str) -> None:
    messages = json.loads((MESSAGES / f"{language}.json").read_text(encoding="utf-8"))
    spoken = {key: text for key, text in messages.items() if not key.startswith("error.")}
    assert {key: text for key, text in spoken.items() if re.search(JARGON, text, re.IGNORECASE)} == {}


def test_whatever_is_refused_is_refused_with_a_reason_in_the_person_s_language() -> None:
    codes = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Problem"), args=[_, ast.Constant(value=str() as code), *_]):
                    codes.add(code)
                case ast.Dict(keys=[ast.Constant(value="code"), *_], values=[ast.Constant(value=str() as code), *_]):
                    codes.add(code)
    assert {"too_few", "disk_full", "not_resting"} <= codes
    # no page of the studio asks what these refuse: they are for programs
    codes -= {"invalid", "no_method", "other_host", "other_origin", "other_site", "wrong_token", "not_announced"}
    for language in ("en", "es"):
        messages = json.loads((MESSAGES / f"{language}.json").read_text(encoding="utf-8"))
        assert {code for code in codes if f"error.{code}" not in messages} == set(), language


def test_it_answers_while_something_is_worked_out(client: Client, set_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, done = threading.Event(), threading.Event()

    def work(arguments: list[str]) -> dict[str, object]:
        begun.set()
        done.wait(60)
        return {"count": 3, "shape": [3, 9, 12], "scan": None}

    monkeypatch.setattr(commands, "answer", work)
    client.give(set_id, {"c.png": png(2)})
    try:
        client.post(f"/api/sets/{set_id}/look")
        assert begun.wait(60)
        assert client.get(f"/api/sets/{set_id}").json()["finding"] == {"state": "looking"}
        assert len(client.get("/api/sets").json()) == 1
    finally:
        done.set()


def test_a_list_reads_of_each_training_its_ticket_and_its_status_and_no_more(
    client: Client, set_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        client.parts.jobs.new(Wished(set_id, "odd"))
    read: list[str] = []
    of_tickets, of_text = tickets.read_json, Path.read_text
    monkeypatch.setattr(tickets, "read_json", lambda path: (read.append(path.name), of_tickets(path))[1])
    monkeypatch.setattr(Path, "read_text", lambda path, **how: (read.append(path.name), of_text(path, **how))[1])
    assert len(client.get("/api/jobs").json()) == 20
    assert len(read) <= 3 * 20
