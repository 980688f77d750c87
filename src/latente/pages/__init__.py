"""What every page of HTML shares: its style, its pictures and figures as text, and how it is laid out and written."""

from __future__ import annotations

from latente.pages.laying import STYLE, lay_out, write
from latente.pages.scripts import as_json, inline, policy

__all__ = ["STYLE", "as_json", "inline", "lay_out", "policy", "write"]
