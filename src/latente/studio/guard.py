"""Who may ask the studio: a browser that came by one of its own addresses, with the token that was printed.

Whatever web site is open beside it can send requests to this machine. None is answered that asks by another name than
this machine's (a name that was made to point here), that comes from another origin, or that has not the token; and
nothing that is served may be shown, framed or run elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latente.studio.addresses import HOST, own_address
from latente.studio.problems import Problem

__all__ = ["FRAMED", "PAGE", "Guard"]

_SAFE = ("GET", "HEAD")

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# of a page that a training wrote, here or wherever a project came from: in a sandbox, an origin of its own, and with
# nothing to load or to send, whatever else it says of itself
FRAMED = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; form-action 'none'; base-uri 'none'"
)

_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": PAGE,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Wraps an application: answers whoever may not ask, and tells the browser what it may do with the rest.

    port: where the studio listens. token: what its address carries the first time; then a cookie stands for it, which
    no script reads and no other site's request carries. names: by which other machines may ask for it, as `own_address`
    takes them. open_paths: the beginnings of the paths of the built files, which hold nothing of anybody's.
    """

    def __init__(
        self,
        app: ASGIApp,
        port: int,
        token: str,
        names: tuple[str, ...] = (),
        open_paths: tuple[str, ...] = ("/assets/",),
    ) -> None:
        self._app, self._token, self._open_paths = app, token, open_paths
        addresses = [own_address(name, port) for name in (HOST, "localhost", *names)]
        self._address = addresses[0]
        self._hosts = {address.partition("//")[2] for address in addresses}
        self._origins = set(addresses)
        self._cookie, self._session = f"latente-{port}", secrets.token_urlsafe(32)  # cookies do not know of ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError("the studio answers HTTP alone")

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._answer(scope)
        await (answer or self._app)(scope, receive, send_guarded)

    def _answer(self, scope: Scope) -> Response | None:
        """Return what is answered in the application's place, or None where the request may pass."""
        headers = Headers(scope=scope)
        try:
            self._refuse_strangers(scope, headers)
            if scope["path"] == "/" and (tokens := parse_qs(scope["query_string"].decode("latin-1")).get("token")):
                return self._welcome(tokens[-1])
            is_open = scope["path"] == "/" or scope["path"].startswith(self._open_paths)
            if not is_open and not self._is_known(headers):
                raise Problem(401, "no_token", "open the address that `latente studio` printed")
        except Problem as problem:
            return JSONResponse(problem.to_json(), problem.status)
        return None

    def _refuse_strangers(self, scope: Scope, headers: Headers) -> None:
        """Raise Problem for a request by another name, or from another origin, than this studio's own."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            raise Problem(403, "other_host", f"the studio has the address {self._address}/")
        origins = headers.getlist("origin")
        is_safe = scope["method"] in _SAFE
        if any(origin not in self._origins for origin in origins) or len(origins) > 1 or (not is_safe and not origins):
            raise Problem(403, "other_origin", "the studio's own pages alone may ask this")
        is_arrival = is_safe and scope["path"] == "/" and headers.get("sec-fetch-dest", "document") == "document"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not is_arrival:
            raise Problem(403, "other_site", "the studio's own pages alone may ask this")

    def _welcome(self, token: str) -> Response:
        """Exchange the token for a cookie, and for an address without it."""
        if not _is_same(token, self._token):
            raise Problem(403, "wrong_token", "this address is of another start: open the one printed last")
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._session, httponly=True, samesite="strict", path="/")
        return answer

    def _is_known(self, headers: Headers) -> bool:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and _is_same(cookie.value, self._session)


def _is_same(one: str, other: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode())
