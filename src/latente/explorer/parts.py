"""Bytes inside a page: base64 text, packed where that helps."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
from typing import Any

import numpy as np

__all__ = ["Part", "json_part", "numbers"]

WORTH_IT = 0.95  # what packing must make of the size
ELEMENT = 100


@dataclasses.dataclass(frozen=True)
class Part:
    """Bytes under a name, as base64 text; packed: whether they are gzip of what is meant."""

    name: str
    text: str
    packed: bool = False

    @property
    def size(self) -> int:
        """Characters that it takes in the page, with the element around it."""
        return len(self.text) + ELEMENT

    @classmethod
    def of(cls, name: str, data: bytes) -> Part:
        """Return `data`, packed if that makes them smaller by a twentieth."""
        smaller = gzip.compress(data, 6, mtime=0)
        return cls.packed_already(name, smaller) if len(smaller) < WORTH_IT * len(data) else cls.plain(name, data)

    @classmethod
    def plain(cls, name: str, data: bytes) -> Part:
        """Return `data` as they are."""
        return cls(name, base64.b64encode(data).decode())

    @classmethod
    def packed_already(cls, name: str, data: bytes) -> Part:
        """Return `data`, which are the gzip of what is meant."""
        return cls(name, base64.b64encode(data).decode(), packed=True)


def numbers(name: str, values: np.ndarray) -> tuple[Part, dict[str, str]]:
    """Return an array (little-endian on disk), and how the page finds and reads it."""
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    return Part.of(name, little.tobytes()), {"part": name, "kind": values.dtype.name}


def json_part(name: str, value: Any) -> Part:
    """Return `value` as JSON."""
    return Part.of(name, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
