"""`latente studio`: one address, told at once, answered until Ctrl-C, to whoever has it."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra studio")

import httpx2

from latente.locks import held

Client = Callable[..., Any]


def test_the_studio_is_served_to_its_address_until_ctrl_c_and_says_nothing_of_the_token(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "latente", "studio", "--workspace", str(tmp_path / "a b"), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--no-browser", "--lang", "es"], **pipes) as server:
        name, address = server.stdout.readline().split()
        assert name == "studio"
        home = address.partition("?")[0]
        with httpx2.Client(timeout=60, trust_env=False) as stranger:
            assert stranger.get(f"{home}api/studio").status_code == 401
            assert stranger.get(f"{home}?token=x").status_code == 403
        with httpx2.Client(timeout=60, trust_env=False) as browser:
            assert browser.get(address).headers["location"] == "/"
            told = browser.get(f"{home}api/studio").json()
            assert (told["language"], told["workspace"]) == ("es", str(tmp_path / "a b"))
            with browser.stream("GET", f"{home}api/events") as events:
                lines = events.iter_lines()
                assert "event: snapshot" in (next(lines), next(lines))
                server.send_signal(signal.SIGINT)  # while a page listens
                out, err = server.communicate(timeout=60)
    assert (server.returncode, err) == (0, "")
    assert "token" not in out
    assert not any("token" in path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--port 70000", "error: --port must be a whole number from 0 to 65535, not 70000"),
        ("--lang fr", "error: invalid value for '--lang'"),
        ("--host 0.0.0.0", "error: at 0.0.0.0 other machines can ask for the studio: name what it is called there"),
        ("--host 127.0.0.2", "error: at 127.0.0.2 other machines can ask"),
        ("--name a/b", "error: 'a/b' is no name of a machine: write it as lab.example or lab.example:443"),
        ("--name *", "error: '*' is no name of a machine"),
        ("--painter nothing --port 0", "error: nothing is no run folder: it has no options.json"),
        ("--host 203.0.113.1 --name lab --port 0", "error: port 0 of 203.0.113.1 cannot be used"),
        ("--workspace FILE/x", "error: the workspace FILE/x cannot be made: Not a directory; name another folder"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_line(latente: Client, tmp_path: Path, words: str, message: str) -> None:
    (tmp_path / "file").touch()
    place = str(tmp_path / "file")
    shown = latente("studio", "--no-browser", *words.replace("FILE", place).split())
    assert shown.code == 2
    assert shown.err.startswith(message.replace("FILE", place))
    assert len(shown.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "address", "is_warned"),
    [
        ("lab.example", "http://lab.example:PORT/?token=", True),
        ("lab.example:443", "https://lab.example/?token=", False),
    ],
)
def test_other_machines_come_by_a_name_and_who_could_listen_is_told(
    latente: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, address: str, is_warned: bool
) -> None:
    monkeypatch.setattr("uvicorn.Server.run", lambda self, sockets: None)
    shown = latente("studio", "--no-browser", "--port", "0", "--workspace", tmp_path, "--name", name)
    assert shown.code == 0
    first, _, rest = address.partition("PORT")
    assert first in shown.out
    assert rest in shown.out
    assert ("not encrypted" in shown.out) == is_warned


def test_a_port_or_a_workspace_of_another_studio_is_refused(latente: Client, tmp_path: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        shown = latente("studio", "--no-browser", "--port", port, "--workspace", tmp_path)
        assert (shown.code, f"port {port} cannot be used" in shown.err) == (2, True)
    with held(tmp_path):
        shown = latente("studio", "--no-browser", "--port", "0", "--workspace", tmp_path)
    assert (shown.code, "is being written by process" in shown.err) == (2, True)
