"""The studio's server: on this machine alone, until Ctrl-C."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from latente import locks
from latente.errors import InputError

__all__ = ["PORT", "bound", "serve"]

PORT = 8421  # where it is free, so that the address is the same the next time
_HOST = "127.0.0.1"
_NEEDED = ("fastapi", "uvicorn", "sse_starlette")


def bound(port: int | None) -> socket.socket:
    """Return a socket that listens on a port of this machine; None takes `PORT`, or any free one where that is taken.

    0 takes any free one. Raises InputError where the port that is asked for is taken.
    """
    try:
        return _listening(PORT if port is None else port)
    except OSError as error:
        if port is not None:
            raise InputError(f"port {port} cannot be used ({error.strerror}): name another, or none") from error
        return _listening(0)


def serve(
    workspace: Path,
    listener: socket.socket,
    language: str | None,
    welcome: Callable[[str], None],
    shelves: Sequence[Path] = (),
) -> None:
    """Serve the studio of a workspace until Ctrl-C or SIGTERM; trainings go on after it.

    welcome: is told the address. shelves: folders of this machine whose pictures may be taken. Raises InputError where
    another studio serves the workspace, or where what the extra `studio` brings is not installed.
    """
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise InputError(f"the studio needs {', '.join(missing)}: pip install 'latente[studio]'")
    import uvicorn

    from latente.studio.app import create, parts_of

    # a page that listens to events when the server ends is no error
    logging.getLogger("uvicorn.error").addFilter(lambda record: "without completing" not in record.getMessage())
    parts = parts_of(workspace, language, shelves)
    token, port = secrets.token_urlsafe(24), listener.getsockname()[1]
    with locks.held(parts.workspace.path):
        config = uvicorn.Config(
            create(parts, port, token),
            http="h11",
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,  # addresses hold the token
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,  # pages that listen to events never end by themselves
        )
        welcome(f"http://{_HOST}:{port}/?token={token}")  # it listens: whoever comes now waits for an instant
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would share the port of another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
