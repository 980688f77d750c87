"""Everything that a page says, it says in each language."""

from __future__ import annotations

import json
import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "web" / "studio"
FILES = (WEB / "messages" / f"{name}.json" for name in ("en", "es"))
ENGLISH, SPANISH = (json.loads(path.read_text(encoding="utf-8")) for path in FILES)


def names(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)[,}]", text))


def test_each_language_has_every_message_and_names_the_same() -> None:
    assert ENGLISH.keys() == SPANISH.keys()
    assert {key for key in ENGLISH if names(ENGLISH[key]) != names(SPANISH[key])} == set()


def test_a_name_is_a_text_in_the_page_and_never_markup() -> None:
    sources = [*(WEB / "src").rglob("*.js"), *(WEB / "src").rglob("*.jsx")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|eval\(|new Function", text)


def test_every_message_that_a_page_asks_for_is_there() -> None:
    sources = [*(WEB / "src").rglob("*.js"), *(WEB / "src").rglob("*.jsx")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r'\bt\("([\w.]+)"', text))
    assert len(asked) > 60
    assert asked <= ENGLISH.keys()
