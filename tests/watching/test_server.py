"""The server of a run's page: on this machine alone, for reading alone, and nothing but what the page shows."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from latente.errors import InputError
from latente.training import Run
from latente.watching import served, server
from translating import left_in_english, mark


class Client:
    """Sends requests as they stand, however odd."""

    def __init__(self, address: str) -> None:
        self.host = address.removeprefix("http://").rstrip("/")

    def send(self, target: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.host.partition(":")[2]), timeout=10)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": self.host, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", int(self.host.partition(":")[2])), timeout=10) as one:
            one.sendall(request)
            return b"".join(iter(lambda: one.recv(65536), b""))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", {"model": "vae", "options": {"epochs": 3}, "data": {"name": "<b>set</b>"}})
    run.log({"part": "train", "epoch": 1, "step": 1, "loss": 0.5})
    (run.samples / "step-000000001.png").write_bytes(b"picture")
    (run.path / "report.html").write_text("<script>alert(1)</script>")
    (tmp_path / "secret").write_text("secret")
    return run


@pytest.fixture
def client(run: Run) -> Iterator[Client]:
    with served(run) as address:
        yield Client(address)


def test_the_page_its_parts_and_what_it_shows_are_served(client: Client) -> None:
    kinds = {
        "/": "text/html",
        "/watch.css": "text/css",
        "/watch.js": "text/javascript",
        "/curves.js": "text/javascript",
        "/pages/words.js": "text/javascript",
    }
    for target, kind in kinds.items():
        answer = client.send(target)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(kind)
    state = json.loads(client.send("/state").content)
    assert (state["set"], state["pictures"], state["report"]) == ("<b>set</b>", [1], True)
    log = json.loads(client.send("/log?stage=training").content)
    assert log["lines"] == [{"part": "train", "epoch": 1, "step": 1, "loss": 0.5}]
    assert json.loads(client.send(f"/log?stage=training&after={log['mark']}").content)["lines"] == []
    assert client.send("/samples/step-000000001.png").content == b"picture"
    assert client.send("/report.html").content == b"<script>alert(1)</script>"


def test_it_is_served_in_the_language_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(run, language="es") as address:
        client = Client(address)
        page = client.send("/").content.decode()
        assert '<html lang="es">' in page
        assert '"Paused":"En pausa"' in page
        state = json.loads(client.send("/state").content)
        assert (state["model"], state["set"]) == ("Autoencoder variacional", "<b>set</b>")
        mark(monkeypatch)
        front = run.path / "front.html"
        front.write_bytes(client.send("/").content)
        assert left_in_english(front) == set()
    with pytest.raises(InputError, match="did you mean 'es'"), served(run, language="ed"):
        pass


def test_only_who_asks_by_this_machine_s_own_name_is_answered(client: Client) -> None:
    port = client.host.partition(":")[2]
    assert client.send("/state", Host=f"localhost:{port}").status == 200
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        f"127.0.0.1.evil.example:{port}",
        "",
    ):
        for target in ("/", "/state", "/report.html", "/nothing"):
            answer = client.send(target, Host=host)
            assert answer.status == 403
            assert b"vae" not in answer.content
    assert b" 403 " in client.raw(b"GET /state HTTP/1.1\r\n\r\n")
    assert b" 403 " in client.raw(f"GET /state HTTP/1.1\r\nHost: {client.host}\r\nHost: evil.example\r\n\r\n".encode())
    assert b"vae" not in client.raw(b"GET /state\r\n\r\n")  # as before there were headers


def test_reading_is_all_that_can_be_done(client: Client, run: Run) -> None:
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "get"):
        assert client.send("/state", method).status in (400, 405), method
    head = client.send("/state", "HEAD")
    assert (head.status, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 100
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "target",
    [
        "/options.json",
        "/status.json",
        "/metrics.jsonl",
        "/model/model.json",
        "/samples/",
        "/samples/../../secret",
        "/samples/..%2f..%2fsecret",
        "/samples/step-000000002.png",
        "/samples/step-1.png/../../../secret",
        "/samples/link",
        "/samples/step-7.png",
        "/samples/step-8.png",
        "/../secret",
        "//secret",
        "//[",
        "/%2e%2e/secret",
        "http://127.0.0.1/../secret",
        "/log",
        "/log?stage=../secret",
        "/log?stage=pretraining/layer-1/../../../secret",
        "/page/index.html",
        "/index.html",
        "/watch.py",
        "secret",
        "*",
    ],
)
def test_nothing_else_is_served_behind_no_link_and_by_no_detour(client: Client, run: Run, target: str) -> None:
    (run.samples / "step-7.png").symlink_to(run.path.parent / "secret")
    (run.samples / "step-8.png").mkdir()
    answer = client.send(target)
    assert answer.status == 404
    assert b"secret" not in answer.content


def test_a_browser_is_told_to_load_frame_and_keep_nothing_else(client: Client) -> None:
    for target in ("/", "/watch.js", "/state", "/report.html", "/nothing"):
        headers = client.send(target).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
    policy = client.send("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in client.send("/report.html").headers["Content-Security-Policy"]  # a stranger's, perhaps


def test_a_run_that_vanishes_is_told_and_the_server_goes_on(client: Client, run: Run) -> None:
    run.path.rename(run.path.with_name("elsewhere"))
    assert json.loads(client.send("/state").content)["state"] is None
    assert client.send("/report.html").status == 404
    assert json.loads(client.send("/log?stage=training&after=3-0").content)["is_cut"]


def test_a_reader_that_goes_away_leaves_no_trace(client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    one = socket.create_connection(("127.0.0.1", int(client.host.partition(":")[2])))
    one.sendall(b"GET / HTTP/1.1\r\n")
    one.close()
    assert client.send("/state").status == 200
    assert capfd.readouterr() == ("", "")


def test_the_usual_port_is_taken_where_it_is_free_and_a_named_one_or_none(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr(server, "PORT", taken)
        with served(run) as address:
            assert not address.endswith(f":{taken}/")
            assert Client(address).send("/state").status == 200
        with (
            pytest.raises(InputError, match=f"port {taken} cannot be used .*: name another, or none"),
            served(run, taken),
        ):
            pass
    with served(run) as address:
        assert address == f"http://127.0.0.1:{taken}/"


def test_after_the_block_nobody_answers(run: Run) -> None:
    with served(run) as address:
        client = Client(address)
        assert client.send("/").status == 200
    with pytest.raises(ConnectionRefusedError):
        client.send("/")
    with served(run, int(client.host.partition(":")[2])) as again:  # the port is free at once
        assert Client(again).send("/").status == 200


@pytest.mark.skipif(os.name != "posix", reason="needs an interface that is no loopback")
def test_other_machines_reach_nothing(client: Client) -> None:
    port = int(client.host.partition(":")[2])
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; it only chooses the interface
        except OSError:
            pytest.skip("this machine has no network")
        own = probe.getsockname()[0]
    with pytest.raises(OSError), contextlib.closing(socket.create_connection((own, port), timeout=2)):
        pass
