"""Scripts and values inside a page, under a policy that allows nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latente.languages import translated

__all__ = ["WORDS", "as_json", "inline", "module", "policy"]

WORDS = Path(__file__).parent / "words.js"  # by which the scripts of any page say what they say


def inline(script: str) -> str:
    """Return a script as it may stand inside an element: it must not seem to end it, nor to begin a comment."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def module(path: Path) -> str:
    """Return a script without its imports and exports: a page holds all of its own in one, as one module."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'^import [^;]*? from "\.[./a-z]*/[a-z]+\.js";\n', "", text, flags=re.MULTILINE)
    return re.sub(r"^export (?=(?:async function|function|class|const)\b)", "", text, flags=re.MULTILINE)


def as_json(value: Mapping[str, Any]) -> str:
    """Return JSON as it may stand inside an element, what is said in it in the language of the block."""
    return json.dumps(_shown(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return translated(value)
    if isinstance(value, Mapping):
        return {name: _shown(one) for name, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list | tuple) else value


def policy(style: str, scripts: Sequence[str], more_scripts: str = "", pictures: bool = False) -> str:
    """Return the Content-Security-Policy: nothing from anywhere but what the hashes name.

    more_scripts: what else may run, as the policy spells it; pictures: whether there are some inside the page.
    """
    allowed = " ".join([*map(_hash, scripts), *([more_scripts] if more_scripts else [])])
    images = "img-src data:; " if pictures else ""
    return f"default-src 'none'; {images}script-src {allowed}; style-src {_hash(style)}; base-uri 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
