"""What each goal takes, which commands reach it, and what serves other pictures afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from latente.studio import plans
from latente.studio.goals import GOALS, fault_beside, suitable
from latente.studio.plans import Order
from studios import Client, png, wait_until

FINDING = {"state": "done", "total": 60, "left_out": 0, "groups": {}, "pairs": None}


def start(client: Client, **wish: Any) -> str:
    answer = client.post("/api/jobs", json=wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def told(client: Client, job: str) -> dict[str, Any]:
    client.parts.jobs.tick()
    answer: dict[str, Any] = client.get(f"/api/jobs/{job}").json()
    return answer


def reach(client: Client, job: str, state: str) -> None:
    wait_until(lambda: told(client, job)["state"] == state)


def order(goal: str, count: int, length: str, **more: Any) -> Order:
    home = Path("w")
    return Order(GOALS[goal], length, count, home / "pictures", home / "run", home / "results", **more)


@pytest.fixture
def paintings(client: Client, set_id: str) -> str:
    one = client.post("/api/sets", json={"name": "Cuadros"}).json()["id"]
    client.give(one, {"night.png": png(7), "cry.png": png(8)})
    client.look(one)
    return str(one)


@pytest.fixture
def few(facts: dict[str, Any], set_id: str, paintings: str, client: Client) -> dict[str, Any]:
    """What the door finds, from now on, is two pictures."""
    facts["scan"]["total"] = facts["count"] = 2
    for one in (set_id, paintings):
        client.give(one, {"more.txt": b""})
        (client.parts.workspace.find("sets", one) / "scan.json").unlink()
        client.look(one)
    return facts


def test_every_photograph_is_painted_in_every_style_one_after_the_other(
    client: Client, set_id: str, paintings: str, few: dict[str, Any]
) -> None:
    job = start(client, set=set_id, goal="style", beside=paintings)
    (client.parts.workspace.path / "enough").touch()
    reach(client, job, "finished")
    folder = client.parts.workspace.path / "jobs" / job / "results" / "painted"
    assert sorted(path.name for path in folder.iterdir()) == ["001.png", "002.png", "003.png", "004.png"]
    commands = told(client, job)["commands"]
    assert [[Path(word).name for word in command[2:4]] for command in commands] == [
        ["a.png", "cry.png"],
        ["a.png", "night.png"],
        ["b.png", "cry.png"],
        ["b.png", "night.png"],
    ]


def test_a_painting_that_was_paused_goes_on_where_it_was_and_those_done_are_kept(
    client: Client, set_id: str, paintings: str, few: dict[str, Any]
) -> None:
    job = start(client, set=set_id, goal="style", beside=paintings)
    wait_until(lambda: told(client, job)["state"] == "running")
    run = client.parts.jobs.ticket(job).run(client.parts.workspace)
    wait_until(run.lines)
    client.post(f"/api/jobs/{job}/pause")
    reach(client, job, "paused")
    done = len(run.lines())
    client.post(f"/api/jobs/{job}/continue")
    wait_until(lambda: client.parts.jobs.tick() is None and len(run.lines()) > done)
    (client.parts.workspace.path / "enough").touch()
    reach(client, job, "finished")
    folder = client.parts.workspace.path / "jobs" / job / "results" / "painted"
    assert (folder / "001.png").read_bytes() == b"painted"
    assert [line["step"] for line in run.lines()] == list(range(1, len(run.lines()) + 1))


def test_one_picture_that_cannot_be_painted_stops_no_other(
    client: Client, set_id: str, few: dict[str, Any], paintings: str
) -> None:
    client.give(paintings, {"broken.png": png(9)})
    client.look(paintings)
    (client.parts.workspace.path / "enough").touch()
    job = start(client, set=set_id, goal="style", beside=paintings)
    reach(client, job, "finished")
    now = told(client, job)
    assert set(now["failures"]) == {"001", "004"}
    assert now["failures"]["001"] == "broken.png is no picture"
    assert len(list((client.parts.workspace.path / "jobs" / job / "results" / "painted").iterdir())) == 4


def test_what_could_not_be_painted_is_tried_again(client: Client, set_id: str, facts: dict[str, Any]) -> None:
    facts["scan"]["total"] = facts["count"] = 1
    cuadros = client.post("/api/sets", json={"name": "Cuadros"}).json()["id"]
    client.give(cuadros, {"broken.png": png(9)})
    client.look(cuadros)
    (client.parts.workspace.path / "enough").touch()
    job = start(client, set=set_id, goal="style", beside=cuadros)
    reach(client, job, "failed")
    assert told(client, job)["error"] == "broken.png is no picture"
    assert client.post(f"/api/jobs/{job}/continue").status_code == 204
    assert told(client, job)["state"] == "starting"
    reach(client, job, "failed")


def test_an_experiment_needs_no_pictures_and_goes_on_by_the_same_command(client: Client) -> None:
    job = start(client, goal="experiment", experiment="letters")
    run = client.parts.workspace.path / "runs" / job
    wait_until(lambda: client.parts.jobs.tick() is None and (run / "begun").exists())
    assert told(client, job)["state"] == "running"
    client.post(f"/api/jobs/{job}/pause")
    reach(client, job, "paused")
    client.post(f"/api/jobs/{job}/continue")
    (client.parts.workspace.path / "enough").touch()
    reach(client, job, "finished")
    assert told(client, job)["commands"][0][:3] == ["latente", "reproduce", "letters"]
    for path in ("jobs", "plan"):  # of another goal
        assert client.post(f"/api/{path}", json={"goal": "odd", "experiment": "letters"}).status_code == 404
    unknown = client.post("/api/jobs", json={"goal": "experiment", "experiment": "../x"})
    assert unknown.json()["code"] == "unknown"
    assert {"name", "source", "minutes"} == set(client.get("/api/experiments").json()[0])


def test_groups_are_made_in_the_browser_and_the_rest_is_sorted_by_what_was_learned(client: Client, set_id: str) -> None:
    more = {f"{number}.png": png(number) for number in range(10, 20)}
    client.give(set_id, more)
    client.look(set_id)
    names = sorted(more)
    assert client.get(f"/api/sets/{set_id}").json()["unfit"]["sort"]["code"] == "no_groups"
    for group, some in (("cats", names[:4]), ("dogs", names[4:7])):
        assert client.post(f"/api/sets/{set_id}/groups", json={"names": some, "group": group}).status_code == 204
    assert client.get(f"/api/sets/{set_id}").json()["unfit"]["sort"] == {
        "code": "small_group",
        "fields": {"name": "dogs", "count": 3, "least": 4},
    }
    client.post(f"/api/sets/{set_id}/groups", json={"names": [names[7]], "group": "dogs"})
    assert client.get(f"/api/sets/{set_id}").json()["finding"]["groups"] == {"cats": 4, "dogs": 4}
    job = start(client, set=set_id, goal="sort")
    folder = client.parts.workspace.path / "jobs" / job
    assert (folder / "groups.csv").read_text().splitlines()[:2] == ["file,label", f"{names[0]},cats"]
    assert (folder / "untaught.txt").read_text().splitlines() == [*names[8:], "a.png", "b.png"]
    assert not (folder / "left-out.txt").exists()
    [command] = told(client, job)["commands"]
    assert command[command.index("--labels") + 1] == str(folder / "groups.csv")
    assert command[command.index("--exclude") + 1] == str(folder / "untaught.txt")
    (client.parts.workspace.path / "enough").touch()
    reach(client, job, "finished")
    assert (folder / "results" / "sorted.csv").exists()
    client.post(f"/api/sets/{set_id}/groups", json={"names": names[:4], "group": " "})
    assert client.get(f"/api/sets/{set_id}").json()["finding"]["groups"] == {"dogs": 4}
    assert client.post(f"/api/sets/{set_id}/groups", json={"names": ["x"], "group": "a"}).status_code == 404


def test_a_finished_model_serves_other_pictures(client: Client, set_id: str, paintings: str) -> None:
    job = start(client, set=set_id, goal="odd")
    assert client.post(f"/api/jobs/{job}/use", json={"set": paintings}).json()["code"] == "nothing_to_use"
    (client.parts.workspace.path / "enough").touch()
    reach(client, job, "finished")
    other = client.post(f"/api/jobs/{job}/use", json={"set": paintings}).json()["id"]
    assert client.delete(f"/api/jobs/{job}").json()["code"] == "at_work"
    reach(client, other, "finished")
    now = told(client, other)
    assert (now["served_by"], now["set"], now["name"]) == (job, paintings, "Cuadros")
    [command] = now["commands"]
    runs = client.parts.workspace.path / "runs"
    assert command[:3] == ["latente", "rank", str(runs / job)]
    assert command[command.index("--maps") + 1].endswith(f"{other}/results/maps")
    assert client.get(f"/api/jobs/{other}/results").json()["ranking"][0]["odd"] is True
    (client.parts.workspace.path / "mapless").touch()  # such a model ranks all the same, and says why there are no maps
    third = client.post(f"/api/jobs/{job}/use", json={"set": paintings}).json()["id"]
    reach(client, third, "finished")
    assert told(client, third)["failures"] == {"rank": "this model does not tell where"}
    assert client.get(f"/api/jobs/{third}/results").json()["ranking"][0]["odd"] is True
    assert client.delete(f"/api/jobs/{job}").status_code == 200
    assert not (runs / job).exists()


def test_a_painter_paints_at_once_each_photograph_in_each_style(
    client: Client, set_id: str, paintings: str, few: dict[str, Any], tmp_path: Path
) -> None:
    wish = {"set": set_id, "goal": "style", "beside": paintings, "length": "once"}
    assert client.get("/api/goals").json()["at_once"] == {"code": "no_painter", "fields": {}}
    assert client.post("/api/jobs", json=wish).json()["code"] == "no_painter"
    client.parts.jobs.painter = tmp_path / "painter"
    assert client.get("/api/goals").json()["at_once"] is None
    assert client.get("/api/goals/style/options?length=once").json() == []
    assert client.post("/api/jobs", json={**wish, "options": {"--steps": "3"}}).status_code == 404
    assert client.post("/api/jobs", json={**wish, "goal": "odd"}).status_code == 404
    assert client.post("/api/plan", json=wish).json()["seconds"] is None
    job = start(client, **wish)
    client.parts.jobs.painter = None  # what paints was fixed when it was asked for
    commands = told(client, job)["commands"]
    assert all(words[words.index("--fast") + 1] == str(tmp_path / "painter") for words in commands)
    reach(client, job, "finished")
    made = client.get(f"/api/jobs/{job}/results").json()
    assert len(made["galleries"]["painted"]) == len(commands) > 1


@pytest.mark.parametrize("goal", ["clean", "enlarge", "odd", "sort"])
def test_what_is_left_out_is_left_out_of_the_results_too(goal: str) -> None:
    asked = order(goal, 60, "quick", exclude=Path("list.txt"))
    for arguments in (
        plans.pieces(asked)[0].begin,
        plans.after_training(asked)[1].arguments,
        plans.use(asked)[0].arguments,
    ):
        assert arguments[arguments.index("--exclude") + 1] == "list.txt"


def test_pairs_that_are_turned_are_named_one_by_one(tmp_path: Path) -> None:
    asked = order("turn", 60, "quick", exclude=Path("list.txt"), inputs=("a/1.png",))
    assert "--exclude" not in plans.after_training(asked)[1].arguments


def test_pairs_in_the_set_need_no_second_one_and_two_sets_are_paired_by_name() -> None:
    pairs = {**FINDING, "pairs": ["A", "B"]}
    assert fault_beside(GOALS["turn"], FINDING, None) == {"code": "no_partners", "fields": {}}
    assert fault_beside(GOALS["turn"], pairs, None) is None
    assert fault_beside(GOALS["turn"], FINDING, FINDING) is None
    [piece] = plans.pieces(order("turn", 60, "quick", beside=Path("w/other")))
    assert piece.begin[piece.begin.index("--target") + 1] == "w/other"


def test_what_does_not_fit_is_told_with_the_reason() -> None:
    many = suitable({**FINDING, "total": 101})["style"]
    assert many == {"code": "too_many_painted", "fields": {"count": 101, "most": 100}}
    beside = fault_beside(GOALS["style"], FINDING, {**FINDING, "total": 2})
    assert beside == {"code": "too_many_painted", "fields": {"count": 120, "most": 100}}
    assert fault_beside(GOALS["style"], FINDING, None) == {"code": "no_paintings", "fields": {}}
    assert suitable(FINDING)["odd"] is None


@pytest.mark.parametrize(
    ("count", "length", "method"),
    [(60, "overnight", "vae"), (2000, "quick", "vae"), (2000, "good", "gan"), (50_000, "overnight", "gan")],
)
def test_new_pictures_are_learned_by_what_is_best_for_their_number_and_the_time(
    count: int, length: str, method: str
) -> None:
    [piece] = plans.pieces(order("new", count, length))
    assert piece.begin[piece.begin.index("--model") + 1] == method
