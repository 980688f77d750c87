"""Called while the site is built: writes the table of each model's options, from their one declaration."""

from __future__ import annotations

import re
from typing import Any

from latente.checks import options_of
from latente.estimators.kinds import kind_named

_MARK = re.compile(r"^<!-- options of ([a-z-]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each line `<!-- options of MODEL -->` by the table of that model's options."""
    return _MARK.sub(lambda match: options_table(match[1]), markdown)


def options_table(model: str) -> str:
    """Return the options of the model that `--model` calls so as a table in Markdown."""
    lines = ["| option | on the command line | default | meaning |", "|---|---|---|---|"]
    for option in options_of(kind_named(model).load_options()).values():
        typed = f"`{option.flag} {option.check.metavar}`".replace("|", "\\|")
        lines.append(f"| `{option.name}` | {typed} | {option.shown} | {option.help} |")
    return "\n".join(lines)
