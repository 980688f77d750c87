"""Where the studio answers: this machine's own address, and the names by which it is asked for."""

from __future__ import annotations

__all__ = ["HOST", "own_address"]

HOST = "127.0.0.1"


def own_address(name: str, port: int) -> str:
    """Return the beginning of the studio's addresses, without a slash, for a name by which it is asked.

    name: a host, which stands for http and the studio's own port, or HOST:443, of a server before it that speaks TLS.
    """
    host, _, other = name.lower().partition(":")
    if other in ("", str(port)):
        return f"http://{host}:{port}"
    return f"https://{host}" if other == "443" else f"https://{host}:{other}"
