"""The documentation as a site: it is built without a warning, and reads from the disk as it would from a server."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("mkdocs", reason="needs the site's tools: pip install -e '.[docs]'")

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class _Addresses(HTMLParser):
    """What a page loads, where its links lead, and the places in it that a link may name."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        self.places |= {own[name] for name in ("id", "name") if name in own}
        if tag in ("script", "img", "iframe") and "src" in own:
            self.loaded.append(own["src"])
        if tag == "link" and own.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(own["href"])
        if tag == "a" and "href" in own:
            self.links.append(own["href"])


def _dead_ends(site: Path) -> Iterator[str]:
    pages = {path: _Addresses(path) for path in site.rglob("*.html") if path.name != "404.html"}
    for path, page in pages.items():
        for address in [*page.loaded, *page.links]:
            if re.match(r"https?:|data:|mailto:", address):
                continue
            name, _, place = address.partition("#")
            target = (path.parent / unquote(name)).resolve() if name else path
            if not target.is_file() or (place and target in pages and unquote(place) not in pages[target].places):
                yield f"{path.relative_to(site)}: {address}"


def test_every_page_stands_alone_and_its_links_lead_somewhere(site: Path) -> None:
    assert list(_dead_ends(site)) == []
    for path in site.rglob("*.html"):
        assert not [address for address in _Addresses(path).loaded if re.match(r"(https?:)?//", address)], path


def test_notebooks_are_pages_of_the_navigation_that_show_their_results_and_offer_themselves(site: Path) -> None:
    front = (site / "index.html").read_text(encoding="utf-8")
    assert NOTEBOOKS
    for notebook in NOTEBOOKS:
        assert f'<a href="notebooks/{notebook.stem}.html" class="md-nav__link">' in front
        page = _Addresses(site / "notebooks" / f"{notebook.stem}.html")
        assert notebook.name in page.links
        assert (site / "notebooks" / notebook.name).read_bytes() == notebook.read_bytes()
        shown = notebook.read_text(encoding="utf-8").count('"image/png"')
        assert sum(f"{notebook.stem}_files/" in address for address in page.loaded) == shown > 0


def test_its_search_finds_pages_that_were_opened_from_the_disk(site: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        page.set_default_timeout(30_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "index.html").as_uri())
        page.locator(".md-search__input").fill("binarization")
        page.locator(".md-search-result__link").first.wait_for()
        found = page.locator(".md-search-result__link").evaluate_all("links => links.map(link => link.href)")
        assert any("/reference/" in address for address in found)
        page.locator(".md-search-result__link").first.click()
        page.wait_for_url(lambda address: address.partition("?")[0].partition("#")[0] != (site / "index.html").as_uri())
        assert "binarization" in page.content()
        assert [address for address in asked if not address.startswith(("file:", "data:", "blob:"))] == []
