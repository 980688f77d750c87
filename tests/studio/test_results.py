"""What came of a training: shown in a frame that is nobody's, and taken away in one file."""

from __future__ import annotations

import io
import zipfile

import pytest

from latente.studio.tickets import Ticket
from studios import Client, png


@pytest.fixture
def ticket(client: Client, set_id: str) -> Ticket:
    """A finished training, as its folders hold it."""
    ticket = client.parts.jobs.new(set_id, "new", "quick")
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
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pictures_are_named_by_number_and_nothing_else_is_served(client: Client, ticket: Ticket) -> None:
    (ticket.run(client.parts.workspace).samples / "step-000000008.png").symlink_to("/etc/passwd")
    base = f"/api/jobs/{ticket.id}"
    assert client.get(f"{base}/samples/7").content == png(3)
    assert client.get(f"{base}/pictures/made/0").headers["content-type"] == "image/webp"
    for path in ("samples/8", "samples/9", "samples/x", "pictures/made/1", "pictures/made/-1", "pictures/model/0"):
        assert client.get(f"{base}/{path}").status_code in (404, 422), path
    for path in ("pages/options.json", "pages/explorer", "ranking.csv", "model/model.json"):
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
