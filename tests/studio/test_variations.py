"""New pictures gone on from: what is asked of the model, what is kept, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.studio import commands
from latente.studio.orders import Wished
from latente.studio.problems import Problem
from studios import Client, png

Lines = list[list[str]]


def save(path: Path, codes: Any, files: list[str]) -> None:
    np.savez(path, codes=np.asarray(codes, np.float32), files=np.array(files), labels=np.full(len(files), -1))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The command lines that were run; a stand-in writes for each three pictures, whose codes are 7, 8 and 9."""
    told: Lines = []

    def run(words: list[str]) -> str:
        told.append([Path(word).name if word.startswith("/") else word for word in words])
        out = Path(words[words.index("--out") + 1])
        if words[0] == "encode":
            save(out, [[10], [11], [20], [21]], ["cats/0.png", "cats/1.png", "dogs/0.png", "dogs/1.png"])
            return ""
        told[-1] += [f"{name}={np.load(out.parent / f'{name}.npz')['codes'].ravel().tolist()}" for name in inputs(out)]
        out.mkdir()
        for number in (1, 2, 3):
            (out / f"{number}.png").write_bytes(png(number))
        save(out.parent / "made.npz", [[7], [8], [9]], ["1.png", "2.png", "3.png"])
        return ""

    def inputs(out: Path) -> list[str]:
        return [name for name in ("of", "more", "less") if (out.parent / f"{name}.npz").exists()]

    monkeypatch.setattr(commands, "run", run)
    return told


@pytest.fixture
def job(client: Client, set_id: str, facts: dict[str, Any]) -> str:
    """A finished training that has made four pictures, whose codes are 0 to 3, of a set in two groups."""
    files = {f"{group}/{number}.png": png(10 * number + len(group)) for group in ("cats", "dogs") for number in (0, 1)}
    facts["scan"]["classes"] = {"cats": 2, "dogs": 2}
    client.give(set_id, files)
    client.look(set_id)
    ticket = client.parts.jobs.new(Wished(set_id, "new"))
    ticket.phase = "done"
    ticket.write(client.parts.workspace)
    results = ticket.results(client.parts.workspace)
    (results / "made").mkdir()
    names = [f"{number}.png" for number in range(4)]
    for number, name in enumerate(names):
        (results / "made" / name).write_bytes(png(number))
    save(results / "made.npz", [[0], [1], [2], [3]], names)
    return ticket.id


def told(client: Client, job: str) -> dict[str, Any]:
    return client.get(f"/api/jobs/{job}/variations").json()


def vary(client: Client, job: str, **wish: Any) -> Any:
    return client.post(f"/api/jobs/{job}/variations", json=wish)


def keep(client: Client, job: str, *names: str, **wish: Any) -> int:
    return client.post(f"/api/jobs/{job}/kept", json={"names": names, **wish}).status_code


def test_what_was_made_of_pictures_is_shown_before_them_and_can_be_gone_on_from(
    client: Client, job: str, lines: Lines
) -> None:
    assert vary(client, job, way="near", of=["made/2.png"], share=0.2).json() == {"gallery": "varied-001"}
    assert vary(client, job, way="between", of=["varied-001/3.png", "made/0.png"]).json() == {"gallery": "varied-002"}
    near, between = lines
    assert near[:2] == ["vary", job]
    assert near[3:9] == ["-n", "12", "--share", "0.2", "--seed", "1"]
    assert near[-1] == "of=[2.0]"
    assert between[3:5] == ["--between", "8"]
    assert between[-1] == "of=[9.0, 0.0]"  # in their order
    rows = told(client, job)["rows"]
    assert [(row["gallery"], row["way"], len(row["pictures"])) for row in rows] == [
        ("varied-002", "between", 3),
        ("varied-001", "near", 3),
        ("made", "new", 4),
    ]
    assert rows[0]["of"] == ["varied-001/3.png", "made/0.png"]
    assert client.get(f"/api/jobs/{job}/pictures/varied-001/2").headers["content-type"] == "image/webp"
    assert not list(client.parts.workspace.path.glob(".archive-*"))


def test_what_is_kept_stays_kept_and_is_taken_away_as_zip_and_table(client: Client, job: str, lines: Lines) -> None:
    vary(client, job, way="near", of=["made/2.png"])
    assert keep(client, job, "made/1.png", "varied-001/2.png", "made/1.png") == 204
    assert keep(client, job, "made/3.png") == 204
    assert keep(client, job, "made/1.png", keep=False) == 204
    assert told(client, job)["kept"] == ["varied-001/2.png", "made/3.png"]
    table = list(csv.reader(io.StringIO(client.get(f"/api/jobs/{job}/tables/kept").text)))
    assert table == [
        ["picture", "way", "of", "along"],
        ["varied-001/2.png", "near", "made/2.png", ""],
        ["made/3.png", "new", "", ""],
    ]
    packed = client.post(f"/api/jobs/{job}/kept/archive").json()["id"]
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/api/archives/{packed}").content))
    assert archive.namelist() == ["varied-001/2.png", "made/3.png", "kept.csv"]
    assert archive.read("made/3.png") == png(3)  # as it was made, not as it is shown


def test_it_goes_along_what_sets_the_kept_ones_apart_from_the_rest(client: Client, job: str, lines: Lines) -> None:
    keep(client, job, "made/0.png")
    assert vary(client, job, way="along", of=["made/2.png"]).json()["code"] == "few_kept"
    keep(client, job, "made/3.png")
    assert vary(client, job, way="along", of=["made/2.png"]).status_code == 201
    assert lines[-1][3:7] == ["--more", "more.npz", "--less", "less.npz"]
    assert lines[-1][-3:] == ["of=[2.0]", "more=[0.0, 3.0]", "less=[1.0, 2.0]"]


def test_it_goes_along_what_sets_a_group_of_one_s_own_pictures_apart(client: Client, job: str, lines: Lines) -> None:
    assert told(client, job)["groups"] == ["cats", "dogs"]
    for _ in range(2):
        assert vary(client, job, way="along", of=["made/2.png"], group="dogs").status_code == 201
    encoded, *varied = lines  # one's own pictures are encoded once
    assert encoded[:3] == ["encode", job, "pictures"]
    assert varied[1][-2:] == ["more=[20.0, 21.0]", "less=[10.0, 11.0]"]
    assert told(client, job)["rows"][0]["along"] == "dogs"
    assert vary(client, job, way="along", of=["made/2.png"], group="birds").status_code == 404
    client.put(f"/api/sets/{client.parts.jobs.ticket(job).of}/left-out", json={"names": ["dogs/0.png"]})
    assert vary(client, job, way="along", of=["made/2.png"], group="dogs").json()["code"] == "few_in_group"


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"way": "near", "of": ["made/9.png"]}, 404),
        ({"way": "near", "of": ["../made/1.png"]}, 404),
        ({"way": "near", "of": ["made/1.png", "made/2.png"]}, 409),
        ({"way": "between", "of": ["made/1.png"]}, 409),
        ({"way": "far", "of": ["made/1.png"]}, 422),
        ({"way": "near", "of": ["made/1.png"], "share": 0}, 422),
    ],
)
def test_what_is_no_such_picture_or_way_is_refused_and_nothing_is_run(
    client: Client, job: str, lines: Lines, wish: dict[str, Any], status: int
) -> None:
    assert vary(client, job, **wish).status_code == status
    assert lines == []
    assert len(told(client, job)["rows"]) == 1


def test_what_the_verb_refuses_is_told_and_leaves_no_row(
    client: Client, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(words: list[str]) -> str:
        raise Problem(400, "refused", "no such run", reason="no such run")

    monkeypatch.setattr(commands, "run", run)
    assert vary(client, job, way="near", of=["made/1.png"]).json()["message"] == "no such run"
    assert len(told(client, job)["rows"]) == 1
    assert not list(client.parts.workspace.path.glob(".archive-*"))


def test_pictures_of_before_there_were_codes_are_shown_and_kept_but_not_gone_on_from(
    client: Client, job: str, lines: Lines
) -> None:
    results = client.parts.jobs.ticket(job).results(client.parts.workspace)
    (results / "made.npz").unlink()
    assert not told(client, job)["is_open"]
    assert keep(client, job, "made/1.png") == 204
    assert vary(client, job, way="near", of=["made/1.png"]).json()["code"] == "no_codes"


def test_a_project_from_elsewhere_names_nothing_that_is_not_among_its_results(client: Client, job: str) -> None:
    results = client.parts.jobs.ticket(job).results(client.parts.workspace)
    note = {"gallery": "../../../sets", "way": "near", "of": [], "along": ""}
    (results / "variations.json").write_text(json.dumps({"rows": [note, {"gallery": 7}]}))
    (results / "kept.csv").write_text("picture,way\n/etc/passwd,new\nmade/1.png,new\n")
    assert [row["gallery"] for row in told(client, job)["rows"]] == ["made"]
    assert told(client, job)["kept"] == ["made/1.png"]
    (results / "variations.json").write_text(json.dumps({"rows": [note]}))
    assert [row["gallery"] for row in told(client, job)["rows"]] == ["made"]


def test_other_goals_have_nothing_to_vary(client: Client, job: str) -> None:
    ticket = client.parts.jobs.ticket(job)
    ticket.goal = "odd"
    ticket.write(client.parts.workspace)
    assert client.get(f"/api/jobs/{job}/variations").json()["code"] == "nothing_to_vary"
