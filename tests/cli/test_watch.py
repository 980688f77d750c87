"""`latente watch`, `fit --watch`, `resume --watch`: the page is served while the verb runs, and by nobody after it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from latente import watching
from latente.training import Run

Client = Callable[..., Any]

TINY = "--count 64 --epochs 2 --hidden 8 --latent-dim 2 --batch-size 16 --seed 0 --network dense --no-report"


def fetch(address: str) -> Any:
    """Return the JSON at an address."""
    host, _, target = address.removeprefix("http://").partition("/")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request("GET", f"/{target}")
        return json.loads(connection.getresponse().read())


def test_watch_serves_the_page_of_a_run_until_ctrl_c(latente: Client, small_vae: Path) -> None:
    command = [sys.executable, "-m", "latente", "watch", str(small_vae)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        page = watcher.stdout.readline().split()
        assert page[0] == "page"
        state = fetch(f"{page[1]}state")
        assert (state["state"], state["run"], state["trains_here"]) == ("finished", str(small_vae), False)
        watcher.send_signal(signal.SIGINT)
        _, err = watcher.communicate(timeout=60)
    assert (watcher.returncode, err) == (0, "")
    with pytest.raises(ConnectionRefusedError):
        fetch(f"{page[1]}state")


def test_watch_opens_the_browser_where_it_is_told_to(
    latente: Client, small_vae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("typer.launch", opened.append)
    monkeypatch.setattr("latente.cli.watch.wait", lambda: None)
    assert latente("watch", small_vae).code == 0
    assert opened == []
    shown = latente("watch", small_vae, "--open")
    assert (shown.code, shown.err) == (0, "")
    assert opened == re.findall(r"http://127\.0\.0\.1:\d+/", shown.out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("nothing", "error: nothing is no run folder: it has no options.json"),
        ("RUN --port 80", "error: --port must be a whole number from 1024 to 65535, not 80"),
        ("RUN --port x", "error: invalid value for '--port': 'x' is not a whole number; see latente watch --help"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_line(
    latente: Client, small_vae: Path, words: str, message: str
) -> None:
    shown = latente("watch", *words.replace("RUN", str(small_vae)).split())
    assert (shown.code, shown.err.strip()) == (2, message)


def test_fit_and_resume_serve_their_page_while_they_train_and_not_beyond(
    latente: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses: list[str] = []
    states: list[dict[str, Any]] = []
    served, save_checkpoint = watching.served, Run.save_checkpoint

    @contextlib.contextmanager
    def noted(run: Run) -> Iterator[str]:
        with served(run) as address:
            addresses.append(address)
            yield address

    def look(run: Run, tree: Any, is_best: bool) -> None:
        save_checkpoint(run, tree, is_best)
        states.append(fetch(f"{addresses[-1]}state"))

    monkeypatch.setattr(watching, "served", noted)
    monkeypatch.setattr(Run, "save_checkpoint", look)
    for line in (f"fit digits --out run --watch {TINY}", "resume run --epochs 3 --watch --no-report"):
        shown = latente(line)
        assert shown.code == 0, shown.err
        assert f"page {addresses[-1]}" in shown.words
        with pytest.raises(ConnectionRefusedError):
            fetch(f"{addresses[-1]}state")
    assert {(state["state"], state["run"], state["trains_here"]) for state in states} == {("running", "run", True)}
    assert [states[0]["epochs"], states[-1]["epochs"]] == [2, 3]
    assert len(addresses) == 2


def test_a_fit_that_is_refused_or_only_planned_serves_nothing_that_stays(latente: Client, tmp_path: Path) -> None:
    assert latente(f"fit digits --watch --dry-run {TINY}").code == 0
    assert latente(f"fit digits --watch --patience 2 --validation none --out run {TINY}").code == 2
    assert os.listdir(tmp_path) == []
