"""Weights are fetched in parts that go on where they stopped, and only the file that its name states gets its name."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from latente import InputError
from latente.estimators import weights
from latente.estimators.weights import FILES, fetch_weights, network_here, open_network
from published import written

CONTENT = bytes(range(256)) * 5000
NAME = f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


class Server(ThreadingHTTPServer):
    """Serves one file, breaking off after so many bytes where it is told to; keeps the ranges that were asked for."""

    breaks_after: int | None = None
    knows_ranges = True
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if self.path != f"/{NAME}" and not self.path.startswith("/other"):
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        if start >= len(CONTENT):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : self.server.breaks_after])
        return None

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server(("127.0.0.1", 0), Handler)
    one.asked = []
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


def address(server: Server, name: str = NAME) -> str:
    return f"http://127.0.0.1:{server.server_port}/{name}"


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_broken_download_goes_on_where_it_stopped(server: Server, knows_ranges: bool, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    server.breaks_after, server.knows_ranges = 700_000, knows_ranges
    path = tmp_path / "weights" / NAME
    with pytest.raises(InputError, match=r"could not be fetched .*: call again to go on, or fetch http://127"):
        fetch_weights(address(server), path)
    assert not path.exists()
    server.breaks_after = None
    fetch_weights(address(server), path, lambda *what: told.append(what))
    assert server.asked == [None, "bytes=700000-"]
    assert path.read_bytes() == CONTENT
    assert [one.name for one in path.parent.iterdir()] == [NAME]
    assert told[0][0] > (700_000 if knows_ranges else 0)
    assert told[-1] == (len(CONTENT), len(CONTENT), NAME)


def test_what_came_through_whole_but_unnamed_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.part").write_bytes(CONTENT)
    fetch_weights(address(server), tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_another_file_than_the_name_states_is_refused_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has the sha256 .*\.\.\., and its name states 00000000"):
        fetch_weights(address(server, "other-00000000.pth"), tmp_path / "other-00000000.pth")
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="404"):
        fetch_weights(address(server, "none"), tmp_path / NAME)


def test_nothing_is_fetched_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_OFFLINE", "1")
    with pytest.raises(InputError, match="LATENTE_OFFLINE forbids fetching"):
        fetch_weights("http://127.0.0.1:1/a-00000000.pth", tmp_path / "a-00000000.pth")


def test_the_best_network_that_is_here_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    assert network_here("auto") == ("pyramid", None)
    with pytest.raises(InputError, match="vgg19-distilled are not on this machine: put vgg19_distilled16x_wct_se"):
        open_network("vgg19-distilled")
    folder = tmp_path / "style" / "weights"
    folder.mkdir(parents=True)
    for name in ("vgg19-distilled", "vgg19"):
        (folder / FILES[name]).write_text("none")
        assert network_here("auto") == (name, folder / FILES[name])
    with pytest.raises(InputError, match="is not the file that its name states"):
        open_network("auto")
    with pytest.raises(InputError, match="is not the file that is known by its name"):
        open_network("vgg19-distilled")


def test_a_file_of_weights_says_which_network_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PHOTOGRAPHS", 2)
    path = written("vgg19-normalised", tmp_path / "mine.npz")
    net = open_network("auto", path)
    assert (net.name, net.file, net.sha256) == ("vgg19-normalised", path, hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(InputError, match="holds the weights of vgg19-normalised, not of vgg19"):
        open_network("vgg19", path)


def test_what_was_read_is_kept_as_safetensors_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_PHOTOGRAPHS", 2)
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    reads: list[Path] = []
    read = weights.read_network

    def told(path: Path, sha256: str | None = None) -> object:
        reads.append(path)
        return read(path, sha256)

    monkeypatch.setattr(weights, "read_network", told)
    path = written("vgg19-normalised", tmp_path / "mine.npz")
    nets = [open_network("auto", path) for _ in range(2)]
    assert len(reads) == 1
    assert (nets[1].name, nets[1].sha256) == (nets[0].name, nets[0].sha256)
    for one, other in zip(nets[0].network.parameters(), nets[1].network.parameters(), strict=True):
        assert torch.equal(one, other)
    [kept] = (tmp_path / "cache" / "weights").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])  # damaged
    open_network("auto", path)
    written("vgg19-normalised", path, 0.4)
    assert open_network("auto", path).sha256 != nets[0].sha256
    assert len(reads) == 3
