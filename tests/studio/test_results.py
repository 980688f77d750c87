"""What came of a training: shown in a frame that is nobody's, and taken away in one file."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import numpy as np
import pytest

from latente.studio.orders import Wished
from latente.studio.tickets import Ticket
from studios import Client, png


@pytest.fixture
def ticket(client: Client, set_id: str) -> Ticket:
    """A finished training, as its folders hold it."""
    ticket = client.parts.jobs.new(Wished(set_id, "new"))
    workspace = client.parts.workspace
    ticket.phase = "done"
    ticket.write(workspace)
    run, results = ticket.run(workspace), ticket.results(workspace)
    for folder in (run.samples, run.checkpoints, run.model, results / "made"):
        folder.mkdir(parents=True)
    (run.path / "report.html").write_text("<script>steal()</script>")
    (run.checkpoints / "last.safetensors").write_bytes(b"x")
    (run.model / "model.json").write_text("{}")
    (run.samples / "step-000000007.png").write_bytes(png(3))
    (results / "made" / "0.png").write_bytes(png(4))
    return ticket


def test_a_report_is_in_a_sandbox_and_may_be_framed_by_the_studio_alone(client: Client, ticket: Ticket) -> None:
    answer = client.get(f"/api/jobs/{ticket.id}/pages/report")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "default-src 'none'" in policy  # it loads nothing, and sends nothing
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pictures_are_named_by_number_and_nothing_else_is_served(client: Client, ticket: Ticket) -> None:
    (ticket.run(client.parts.workspace).samples / "step-000000008.png").symlink_to("/etc/passwd")
    base = f"/api/jobs/{ticket.id}"
    assert client.get(f"{base}/samples/7").content == png(3)
    assert client.get(f"{base}/pictures/made/0").headers["content-type"] == "image/webp"
    for path in ("samples/8", "samples/9", "samples/x", "pictures/made/1", "pictures/made/-1", "pictures/model/0"):
        assert client.get(f"{base}/{path}").status_code in (404, 422), path
    for path in ("pages/options.json", "pages/explorer", "tables/ranking", "tables/x", "model/model.json"):
        assert client.get(f"{base}/{path}").status_code == 404, path


def test_the_zip_holds_model_report_and_pictures_and_leaves_nothing_behind(client: Client, ticket: Ticket) -> None:
    answer = client.get(f"/api/jobs/{ticket.id}/results.zip")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert names == [
        "results/made/0.png",
        "model-and-report/model/model.json",
        "model-and-report/report.html",
        "model-and-report/samples/step-000000007.png",
    ]
    assert list(client.parts.workspace.path.glob("*.zip")) == []


def test_the_slider_s_cuts_are_those_of_the_pictures_that_are_not_odd(client: Client, ticket: Ticket) -> None:
    rows = [f"{number}.png,{score},-3.5,{int(score < -3.5)}" for number, score in enumerate([-9, *range(-2, 98)])]
    (ticket.results(client.parts.workspace) / "ranking.csv").write_text("\n".join(["file,score,threshold,odd", *rows]))
    told = client.get(f"/api/jobs/{ticket.id}/results").json()
    assert told["cuts"] == list(range(-2, 19))
    for alarms, cut in enumerate(told["cuts"]):
        assert sum(row["score"] < cut for row in told["ranking"]) == alarms + 1  # the odd one, and the false alarms


def test_where_the_oddest_are_odd_is_shown_by_their_places(client: Client, ticket: Ticket) -> None:
    results = ticket.results(client.parts.workspace)
    (results / "maps").mkdir()
    for name in ("1-b.png", "1-b-mask.png", "2-a.png", "2-a-mask.png"):
        (results / "maps" / name).write_bytes(png(5))
    assert client.get(f"/api/jobs/{ticket.id}/results").json()["maps"] == 2
    assert client.get(f"/api/jobs/{ticket.id}/pictures/maps/1").headers["content-type"] == "image/webp"
    assert client.get(f"/api/jobs/{ticket.id}/pictures/maps/2").status_code == 404


def test_what_was_sorted_stands_by_groups_each_with_how_sure_it_is(client: Client, ticket: Ticket) -> None:
    table = "file,class,probability\na.png,dogs,0.5\nb.png,cats,0.75\n"
    (ticket.results(client.parts.workspace) / "sorted.csv").write_text(table)
    told = client.get(f"/api/jobs/{ticket.id}/results").json()["sorted"]
    assert {group: [(one["name"], one["sure"]) for one in some] for group, some in told.items()} == {
        "cats": [("b.png", 0.75)],
        "dogs": [("a.png", 0.5)],
    }
    assert client.get(f"/api/jobs/{ticket.id}/tables/sorted").text == table


def test_those_that_are_like_a_picture_are_found_by_the_newest_model_that_sees_it(client: Client, set_id: str) -> None:
    ask = {"name": "a.png", "count": 2}
    assert client.get(f"/api/sets/{set_id}/similar", params=ask).json()["code"] == "no_likeness"
    ticket = client.parts.jobs.new(Wished(set_id, "similar"))
    path = ticket.results(client.parts.workspace) / "codes.npz"
    codes = np.array([[0, 0], [9, 1], [1, 0]], np.float32)
    np.savez(path, codes=codes, files=np.array(["a.png", "b.png", "c.png"]))
    assert client.get(f"/api/sets/{set_id}/similar", params=ask).json() == ["a.png", "c.png"]
    assert client.get(f"/api/sets/{set_id}/similar", params={"name": "x"}).status_code == 409


def test_a_restored_picture_knows_the_one_it_was_made_of(client: Client, ticket: Ticket, set_id: str) -> None:
    folder = ticket.results(client.parts.workspace) / "restored"
    folder.mkdir()
    (folder / "a.webp").write_bytes(png(0))
    [shown] = client.get(f"/api/jobs/{ticket.id}/results").json()["galleries"]["restored"]
    sums = {file["name"]: file["sha256"] for file in client.get(f"/api/sets/{set_id}/files").json()}
    assert shown == {"title": "a.webp", "before": sums["a.png"]}


def test_what_became_of_a_pair_s_first_picture_stands_beside_it(client: Client, facts: dict[str, Any]) -> None:
    own = client.post("/api/sets", json={"name": "Parejas"}).json()["id"]
    files = {f"{side}/{number}.png": png(10 * number + ord(side)) for side in ("A", "B") for number in range(8)}
    facts["scan"]["partners"] = {"targets (A -> B)": 8}
    client.give(own, files)
    client.look(own)
    ticket = client.parts.jobs.new(Wished(own, "turn"))
    folder = ticket.results(client.parts.workspace) / "restored"
    folder.mkdir()
    (folder / "3.png").write_bytes(png(0))
    [shown] = client.get(f"/api/jobs/{ticket.id}/results").json()["galleries"]["restored"]
    assert shown == {"title": "3.png", "before": hashlib.sha256(files["A/3.png"]).hexdigest()}


@pytest.mark.parametrize(("kind", "head"), [("gif", b"GIF89a"), ("webp", b"RIFF")])
def test_the_film_is_made_when_it_is_asked_for(client: Client, ticket: Ticket, kind: str, head: bytes) -> None:
    (ticket.run(client.parts.workspace).samples / "step-000000009.png").write_bytes(png(4))
    answer = client.get(f"/api/jobs/{ticket.id}/films/{kind}")
    assert (answer.headers["content-type"], answer.content[: len(head)]) == (f"image/{kind}", head)
    assert client.get(f"/api/jobs/{ticket.id}/films/exe").status_code == 422


def test_a_picture_that_cannot_be_read_is_no_fault_of_the_server(client: Client, ticket: Ticket) -> None:
    (ticket.run(client.parts.workspace).samples / "step-000000009.png").write_bytes(b"not a picture")
    answer = client.get(f"/api/jobs/{ticket.id}/films/gif")
    assert (answer.status_code, answer.json()["code"]) == (404, "damaged")
