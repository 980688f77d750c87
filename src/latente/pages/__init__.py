"""What every page of HTML shares: its style, its pictures and figures as text, and how it is laid out and written."""

from __future__ import annotations

from latente.pages.laying import STYLE, lay_out, write
from latente.pages.scripts import WORDS, as_json, inline, module, policy

__all__ = ["STYLE", "WORDS", "as_json", "inline", "lay_out", "module", "policy", "write"]
