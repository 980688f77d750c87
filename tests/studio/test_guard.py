"""Any web site may send requests to this machine; none of them is answered, and none gets hold of the token."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from latente.studio.app import create
from latente.studio.parts import Parts
from studios import ORIGIN, PORT, TOKEN, Client

PRIVATE = ["/api/sets", "/api/jobs", "/api/studio", "/api/events", "/api/trash", "/openapi.json"]


@pytest.mark.parametrize("path", PRIVATE)
def test_without_the_cookie_nothing_is_told(stranger: Client, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "no_token")


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(stranger: Client) -> None:
    answer = stranger.get(f"/?token={TOKEN}", follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert stranger.get("/api/sets").status_code == 200


@pytest.mark.parametrize("token", ["", "x", TOKEN + "x", TOKEN[:-1], "ñ", "%00"])
def test_another_token_gives_no_cookie(stranger: Client, token: str) -> None:
    answer = stranger.get("/", params={"token": token}, follow_redirects=False)
    assert "set-cookie" not in answer.headers
    assert stranger.get("/api/sets").status_code == 401


@pytest.mark.parametrize("cookie", ["", TOKEN, "x", '"', "a=b; c"])
def test_another_cookie_opens_nothing(stranger: Client, cookie: str) -> None:
    assert stranger.get("/api/sets", headers={"Cookie": f"latente-{PORT}={cookie}"}).status_code == 401


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{PORT}", "", "[::1]"],
)
def test_a_name_that_was_made_to_point_here_gets_no_answer(client: Client, host: str) -> None:
    for path in ("/", "/api/sets", f"/?token={TOKEN}", "/assets/studio.js"):
        answer = client.get(path, headers={"Host": host}, follow_redirects=False)
        assert (answer.status_code, answer.json()["code"]) == (403, "other_host")


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", f"https://127.0.0.1:{PORT}", "http://127.0.0.1:1", "http://127.0.0.1", ""]
)
def test_another_origin_can_neither_read_nor_write(client: Client, origin: str) -> None:
    for method in ("GET", "POST"):
        answer = client.request(method, "/api/sets", json={"name": "x"}, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "other_origin")
    assert client.get("/api/sets").json() == []


def test_what_changes_something_has_to_say_where_it_comes_from(client: Client) -> None:
    del client.headers["Origin"]
    assert client.post("/api/sets", json={"name": "x"}).status_code == 403
    assert client.get("/api/sets").json() == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_lead_to_the_first_page_and_embed_nothing(client: Client, site: str) -> None:
    far = {"Sec-Fetch-Site": site}
    assert client.get("/api/sets", headers=far).status_code == 403
    assert client.get("/", headers={**far, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert client.get("/", headers={**far, "Sec-Fetch-Dest": "document"}).status_code in (200, 503)


def test_the_browser_is_told_to_load_frame_guess_and_keep_nothing_else(client: Client) -> None:
    for path in ("/", "/api/sets", "/api/nothing", "/assets/nothing.js"):
        headers = client.get(path).headers
        assert "access-control-allow-origin" not in headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy


def test_every_refusal_is_code_fields_and_message(client: Client) -> None:
    for method, path in (("GET", "/api/sets/nothing"), ("POST", "/api/sets"), ("PUT", "/api/sets"), ("GET", "/api/x")):
        answer = client.request(method, path)
        assert 400 <= answer.status_code < 500
        assert set(answer.json()) == {"code", "fields", "message"}


@pytest.mark.parametrize("name", ["..", "..%2fsets", "%2e%2e", "..%2fjobs", "a/b", "ABCDEFGH", "a" * 60])
def test_an_id_is_looked_for_and_never_a_path(client: Client, name: str) -> None:
    (client.parts.workspace.path / "sets" / "set.json").write_text("{}")
    assert client.get(f"/api/sets/{name}").status_code in (404, 405)
    assert client.delete(f"/api/jobs/{name}").status_code in (404, 405)


def test_tokens_and_cookies_are_compared_in_a_time_that_tells_nothing(
    stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("latente.studio.guard.secrets.compare_digest", compare)
    stranger.get("/?token=wrong", follow_redirects=False)
    stranger.get("/api/sets", headers={"Cookie": f"latente-{PORT}=stale"})
    assert compared == [b"wrong", b"stale"]


def test_an_id_has_eight_characters_and_a_link_is_none(client: Client, set_id: str) -> None:
    assert len(set_id) == 8
    sets = client.parts.workspace.path / "sets"
    (sets / "linkedin").symlink_to(sets / set_id)
    assert client.get("/api/sets/linkedin").status_code == 404
    assert [one["id"] for one in client.get("/api/sets").json()] == [set_id]


def test_other_machines_are_answered_by_the_names_that_were_allowed_and_no_other(parts: Parts) -> None:
    app = create(parts, PORT, TOKEN, ("Lab.example", "studio.example:443"))
    for host, origin, is_known in (
        (f"lab.example:{PORT}", f"http://lab.example:{PORT}", True),
        ("studio.example", "https://studio.example", True),
        ("studio.example", "http://studio.example", False),
        ("lab.example", "http://lab.example", False),
        (f"other.example:{PORT}", f"http://other.example:{PORT}", False),
    ):
        browser = TestClient(app, base_url=origin, headers={"Host": host, "Origin": origin})
        assert browser.post("/api/sets").status_code == (401 if is_known else 403), origin


def test_an_address_of_this_machine_s_other_name_is_as_good(client: Client) -> None:
    other = f"localhost:{PORT}"
    answer = client.get("/api/sets", headers={"Host": other, "Origin": f"http://{other}"})
    assert answer.status_code == 200
    assert ORIGIN.endswith(str(PORT))
