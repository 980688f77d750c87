"""Why a request is refused, as the page can say it in any language."""

from __future__ import annotations

from latente.errors import LatenteError

__all__ = ["Problem"]


class Problem(LatenteError):
    """A request that cannot be met.

    code: a stable name that the page has a sentence for. fields: what that sentence names. status: of the answer
    (HTTP). The message is the sentence in English.
    """

    def __init__(self, status: int, code: str, message: str, **fields: str | int | float | None) -> None:
        super().__init__(message)
        self.status, self.code, self.fields = status, code, fields

    def to_json(self) -> dict[str, object]:
        return {"code": self.code, "fields": self.fields, "message": str(self)}
