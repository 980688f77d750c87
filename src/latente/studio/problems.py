"""Why a request is refused, as the page can say it in any language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latente.errors import LatenteError
from latente.languages import LANGUAGES, recognised, translated

__all__ = ["Problem", "in_other_languages"]


class Problem(LatenteError):
    """A request that cannot be met.

    code: a stable name that the page has a sentence for. fields: what that sentence names. status: of the answer
    (HTTP). The message is the sentence in English.
    """

    def __init__(self, status: int, code: str, message: str, **fields: str | int | float | None) -> None:
        super().__init__(message)
        self.status, self.code, self.fields = status, code, fields

    def to_json(self) -> dict[str, object]:
        said = {"reason": self.fields["reason"]} if "reason" in self.fields else {}
        return {"code": self.code, "fields": {**self.fields, **in_other_languages(said)}, "message": str(self)}


def in_other_languages(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what Latente said, by name, in each language but English: {"es": {"reason": ...}}; nothing of nothing."""
    if not any(said.values()):
        return {}
    return {language: _translated(said, language) for language in LANGUAGES[1:]}


def _translated(said: Any, language: str) -> Any:
    if isinstance(said, Mapping):
        return {name: _translated(text, language) for name, text in said.items()}
    return translated(recognised(said), language) if isinstance(said, str) else said
