"""The server of a run's page: on this machine alone, for reading alone, with nothing but the standard library.

Whatever web site is open beside it can send requests here. None gets an answer that asks by another name than this
machine's (so that no name made to point here reads anything), none may show or frame what is served, and nothing is
served but what the page shows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import os
import re
import socketserver
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup

from latente import pages
from latente.errors import InputError
from latente.files import finite
from latente.languages import recognised, say, speaking, spoken, words_of
from latente.training.runs import Run
from latente.watching.news import PICTURE, log_of, read_after, state_of

__all__ = ["PORT", "served"]

PORT = 8321  # where it is free, so that the address is the same the next time
_HOST = "127.0.0.1"
_PAGE = Path(__file__).parent / "page"
_SCRIPTS = {"/pages/words.js": pages.WORDS, **{f"/{name}.js": _PAGE / f"{name}.js" for name in ("curves", "watch")}}
_SCRIPTED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_REPORT = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What is sent. policy: what the browser lets it do."""

    kind: str
    content: bytes
    policy: str = _SCRIPTED


@contextlib.contextmanager
def served(run: Run, port: int | None = None, language: str | None = None) -> Iterator[str]:
    """Serve the page of `run`, which need not be begun yet, for the time of the block; yield its address.

    It is served from threads of this process. port: None takes `PORT`, or any free one where that is taken.
    language: "en" or "es"; None is that of LATENTE_LANG, else English. Raises InputError where `port` is taken, or of a
    language that is not known.
    """
    with speaking(language):
        server = _bound(run, port, spoken())
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True, name="latente watch")
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _bound(run: Run, port: int | None, language: str) -> _Server:
    try:
        return _Server(PORT if port is None else port, run, language)
    except OSError as error:
        if port is not None:
            raise InputError(f"port {port} cannot be used ({error.strerror}): name another, or none") from error
        return _Server(0, run, language)


class _Server(socketserver.ThreadingTCPServer):
    """Waits for requests about one run."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would share the port of another program

    def __init__(self, port: int, run: Run, language: str) -> None:
        super().__init__((_HOST, port), _Handler)
        self.run, self.language = run, language

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a reader that has gone away: a page that is closed is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server
    server_version, sys_version = "latente", ""
    timeout = 10  # seconds in which a request has to come
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"

    def parse_request(self) -> bool:
        """Read the request's head, and answer at once where it is not for us."""
        if not super().parse_request():
            return False
        names = {f"{name}:{self.server.server_address[1]}" for name in (_HOST, "localhost")}
        if not names.issuperset(hosts := self.headers.get_all("Host", [])) or len(hosts) != 1:
            self.send_error(HTTPStatus.FORBIDDEN, f"this page has the address http://{min(names)}/ alone")
            return False
        if self.command not in ("GET", "HEAD"):
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED, "this page is for reading")
            return False
        return True

    def do_GET(self) -> None:
        try:
            with speaking(self.server.language):
                answer = _answer(self.server.run, self.path)
        except ValueError:  # an address that is none, too
            self.send_error(HTTPStatus.NOT_FOUND, "there is nothing of that name")
            return
        except OSError:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "the run cannot be read")
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Content-Security-Policy", answer.policy)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(answer.content)

    do_HEAD = do_GET

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        super().end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing: the terminal is the training's."""


def _answer(run: Run, target: str) -> _Answer:
    """Return what a target is answered with; raises InputError where there is nothing of that name."""
    address = urlsplit(target)
    if address.path == "/":
        return _Answer("text/html; charset=utf-8", _front().encode())
    if address.path == "/watch.css":
        return _Answer("text/css; charset=utf-8", f"{pages.STYLE}\n{(_PAGE / 'watch.css').read_text()}".encode())
    if address.path in _SCRIPTS:
        return _Answer("text/javascript; charset=utf-8", _SCRIPTS[address.path].read_bytes())
    if address.path == "/state":
        return _json(_in_words(state_of(run)))
    if address.path == "/log":
        asked = {name: values[-1] for name, values in parse_qs(address.query).items()}
        return _json(dataclasses.asdict(read_after(log_of(run, asked.get("stage", "")), asked.get("after", ""))))
    if address.path == "/report.html":
        return _Answer("text/html; charset=utf-8", _own_file(run, run.path / "report.html"), _REPORT)
    if (picture := re.fullmatch(r"/samples/([^/]+)", address.path)) and PICTURE.fullmatch(picture[1]):
        return _Answer("image/png", _own_file(run, run.samples / picture[1]))
    raise InputError("there is nothing of that name")


def _front() -> str:
    """Return the page, with what its scripts say in the language of the block."""
    scripts = "".join(path.read_text(encoding="utf-8") for path in _SCRIPTS.values())
    return pages.lay_out("index.html.j2", {"words": Markup(pages.as_json(words_of(scripts)))}, _PAGE)


def _in_words(state: dict[str, Any]) -> dict[str, Any]:
    """Return how a training stands with what is said of it as messages."""
    said = {name: state[name] and recognised(state[name]) for name in ("error", "trouble")}
    title = state["model"]
    return {**state, **said, "model": title and say(title[:1].upper() + title[1:])}


def _json(value: dict[str, Any]) -> _Answer:
    return _Answer("application/json", pages.as_json(finite(value)).encode())


def _own_file(run: Run, path: Path) -> bytes:
    """Return the content of a file of the run; raises InputError where it lies elsewhere, behind a link, or nowhere."""
    if not path.is_file() or not path.resolve().is_relative_to(run.path.resolve()):
        raise InputError("there is nothing of that name")
    return path.read_bytes()
