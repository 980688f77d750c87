"""What is in a set, what is wrong with it, and what of it a training gets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from latente.studio import commands, samples
from latente.studio.problems import Problem
from studios import Client, png


def test_what_the_door_finds_is_told_with_each_fault(client: Client, set_id: str, facts: dict[str, Any]) -> None:
    facts["scan"] |= {
        "damaged": {"c.png": "truncated: the end of the file is missing"},
        "duplicates": [["a.png", "b.png"]],
        "total": 61,
    }
    client.give(set_id, {"c.png": png(2)[:40]})
    told = client.look(set_id)
    wrong = [(one["kind"], one["name"], one["left_out"]) for one in told["finding"]["wrong"]]
    assert wrong == [("damaged", "c.png", True), ("doubled", "b.png", False)]
    assert told["finding"]["wrong"][0]["es"] == {"reason": "cortado: falta el final del archivo"}
    assert (told["files"], told["finding"]["total"], told["finding"]["left_out"]) == (3, 61, 1)
    assert told["unfit"]["odd"] is None


def test_files_that_come_later_make_a_finding_old(client: Client, set_id: str) -> None:
    assert client.get(f"/api/sets/{set_id}").json()["finding"]["state"] == "done"
    client.give(set_id, {"c.png": png(2)})
    assert client.get(f"/api/sets/{set_id}").json()["finding"]["state"] == "none"


def test_a_refusal_of_the_door_is_told_in_its_own_words_and_in_spanish(
    client: Client, set_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(arguments: list[str]) -> None:
        raise Problem(400, "refused", "fotos holds no picture that can be used: a.png (encrypted)")

    monkeypatch.setattr(commands, "answer", refuse)
    client.give(set_id, {"c.png": png(2)})
    finding = client.look(set_id)["finding"]
    assert (finding["state"], finding["reason"][:15]) == ("failed", "fotos holds no ")
    assert finding["es"] == {"reason": "fotos no contiene ninguna imagen que se pueda usar: a.png (cifrado)"}


def test_too_few_pictures_for_a_goal_are_told_with_the_numbers(
    client: Client, set_id: str, facts: dict[str, Any]
) -> None:
    facts["scan"]["total"] = 12
    client.give(set_id, {"c.png": png(2)})
    told = client.look(set_id)
    assert told["unfit"]["new"] == {"code": "too_few", "fields": {"count": 12, "least": 50}}
    assert told["unfit"]["odd"] is None
    answer = client.post("/api/jobs", json={"set": set_id, "goal": "new"})
    assert (answer.status_code, answer.json()["code"], answer.json()["fields"]["least"]) == (409, "too_few", 50)


def test_left_out_is_what_a_person_chose_and_no_unknown_file(client: Client, set_id: str) -> None:
    assert client.put(f"/api/sets/{set_id}/left-out", json={"names": ["b.png"]}).status_code == 204
    files = client.get(f"/api/sets/{set_id}/files").json()
    assert [(one["name"], one["left_out"]) for one in files] == [("a.png", False), ("b.png", True)]
    assert client.put(f"/api/sets/{set_id}/left-out", json={"names": ["../x.png"]}).status_code == 404


def test_many_that_are_left_out_at_once_are_all_left_out(client: Client) -> None:
    one = client.post("/api/sets", json={"name": "Fotos"}).json()["id"]
    client.give(one, {f"{number}.png": png(number) for number in range(24)})
    folder, sets = client.parts.workspace.find("sets", one), client.parts.sets
    with ThreadPoolExecutor(8) as hands:
        list(hands.map(lambda number: sets.change_excluded(folder, [f"{number}.png"], out=True), range(24)))
        list(hands.map(lambda number: sets.group(folder, [f"{number}.png"], "a"), range(24)))
    assert len(sets.excluded(folder)) == len(sets.groups(folder)) == 24


def test_a_set_that_was_thrown_away_comes_back_whole(client: Client, set_id: str) -> None:
    before = client.get(f"/api/sets/{set_id}/files").json()
    trash = client.delete(f"/api/sets/{set_id}").json()["trash"]
    assert client.get("/api/sets").json() == []
    assert [thing["name"] for thing in client.get("/api/trash").json()["things"]] == ["Fotos"]
    assert client.post(f"/api/trash/{trash}/restore").json()["id"] == set_id
    assert client.get(f"/api/sets/{set_id}/files").json() == before
    assert client.get("/api/trash").json()["things"] == []


def test_there_are_pictures_to_try_with_in_groups(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "fill", partial(samples.fill, count=20))
    own = client.post("/api/sets/samples", json={"name": "Prueba"}).json()["id"]
    files = client.get(f"/api/sets/{own}/files").json()
    assert len({file["sha256"] for file in files}) == 20
    assert len({file["name"].split("/")[0] for file in files}) > 2
    assert client.get(f"/api/sets/{own}/thumbs/{files[0]['sha256']}").headers["content-type"] == "image/webp"


def test_the_trash_is_emptied_of_what_has_lain_there_for_a_week(client: Client, set_id: str) -> None:
    client.delete(f"/api/sets/{set_id}")
    client.parts.workspace.empty_trash()
    assert len(client.parts.workspace.thrown()) == 1
    client.parts.workspace.empty_trash(days=-1)
    assert client.parts.workspace.all("trash") == []
