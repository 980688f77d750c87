"""An HTML page as a test looks at it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """What a page consists of: sections by id, text, addresses, pictures; every tag must be closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.pictures: list[str] = []
        self.tags: set[str] = set()
        self._open: list[str] = []
        self.feed(self.source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag not in VOID:
            self._open.append(tag)
        if "id" in own:
            self.ids.append(own["id"])
        self.addresses += [own[name] for name in ("src", "href", "xlink:href") if name in own]
        if tag == "img":
            self.pictures.append(own["alt"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).replace("\N{NO-BREAK SPACE}", " ").split())

    def section(self, start: str, end: str) -> str:
        """The text from one heading to the next."""
        text = self.text[self.text.index(start) :]
        return text[: text.index(end)]
