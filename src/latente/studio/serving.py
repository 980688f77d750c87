"""The studio's server: on this machine alone unless other names are allowed, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib.util
import logging
import os
import re
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from latente import locks
from latente.errors import InputError
from latente.studio.addresses import HOST, own_address

__all__ = ["PORT", "bound", "check_names", "serve"]

PORT = 8421  # where it is free, so that the address is the same the next time
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?", re.IGNORECASE)
_NEEDED = ("fastapi", "uvicorn", "sse_starlette")


def check_names(host: str, names: tuple[str, ...]) -> None:
    """Raise InputError where other machines could ask for the studio by any name, or by one that is none."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no name of a machine: write it as lab.example or lab.example:443")
    if not names and host not in (HOST, "localhost"):
        raise InputError(
            f"at {host} other machines can ask for the studio: name what it is called there, as by --name lab.example"
        )


def bound(port: int | None, host: str = HOST) -> socket.socket:
    """Return a socket that listens on a port of this machine; None takes `PORT`, or any free one where that is taken.

    0 takes any free one. host: the address at which it listens. Raises InputError where the port that is asked for is
    taken, or the address is not this machine's.
    """
    try:
        return _listening(PORT if port is None else port, host)
    except OSError as error:
        if port is not None or error.errno != errno.EADDRINUSE:
            place = f"port {port}" if host == HOST else f"port {PORT if port is None else port} of {host}"
            raise InputError(f"{place} cannot be used ({error.strerror}): name another, or none") from error
        return _listening(0, host)


def serve(
    workspace: Path,
    listener: socket.socket,
    language: str | None,
    welcome: Callable[[str], None],
    names: tuple[str, ...] = (),
    shelves: Sequence[Path] = (),
    painter: Path | None = None,
) -> None:
    """Serve the studio of a workspace until Ctrl-C or SIGTERM; trainings go on after it.

    welcome: is told the address. names: by which other machines may ask for it. shelves: folders of this machine whose
    pictures may be taken. painter: a run that paints at once. Raises InputError where another studio serves the
    workspace, or where what the extra `studio` brings is not installed.
    """
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise InputError(f"the studio needs {', '.join(missing)}: pip install 'latente[studio]'")
    import uvicorn

    from latente.studio.app import create, parts_of

    logging.getLogger("uvicorn.error").addFilter(_is_no_farewell)
    parts = parts_of(workspace, language, shelves, painter)
    token, port = secrets.token_urlsafe(24), listener.getsockname()[1]
    with locks.held(parts.workspace.path):
        config = uvicorn.Config(
            create(parts, port, token, names),
            http="h11",
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,  # addresses hold the token
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,  # pages that listen to events never end by themselves
        )
        address = own_address((*names, HOST)[0], port)
        welcome(f"{address}/?token={token}")  # it listens: whoever comes now waits for an instant
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _is_no_farewell(record: logging.LogRecord) -> bool:
    """Whether a line of the server's log is an error: pages that still ask or listen when it ends are none."""
    of_end = ("without completing", "graceful shutdown exceeded")
    is_cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not is_cancelled and not any(words in record.getMessage() for words in of_end)


def _listening(port: int, host: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would share the port of another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
