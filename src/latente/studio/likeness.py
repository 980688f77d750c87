"""Which pictures of a set are like one of them, by the codes of a model that was trained to see that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from latente.studio.problems import Problem
from latente.studio.tickets import Ticket
from latente.studio.workspace import Workspace

__all__ = ["CODES", "similar"]

CODES = "codes.npz"  # among the results of the goal that sees what resembles what


def similar(workspace: Workspace, tickets: Iterable[Ticket], set_id: str, name: str, count: int) -> list[str]:
    """Return the names of the pictures that are most like one of a set, itself first, by the newest model that sees it.

    Raises Problem where nobody has had that looked for in the set, or the picture came later.
    """
    own = [ticket for ticket in tickets if ticket.of == set_id and ticket.goal == "similar" and not ticket.model]
    for ticket in sorted(own, key=lambda ticket: -ticket.created):
        path = ticket.results(workspace) / CODES
        if path.is_file() and (names := _nearest(path, name, count)):
            return names
    raise Problem(409, "no_likeness", "let it be seen first what resembles what in these pictures")


def _nearest(path: Path, name: str, count: int) -> list[str]:
    import numpy as np

    with np.load(path) as arrays:
        codes, files = arrays["codes"].reshape(len(arrays["codes"]), -1), arrays["files"]
    rows = np.flatnonzero(files == name)
    if not len(rows):
        return []
    spread = np.maximum(codes.std(axis=0), 1e-12)
    distances = np.linalg.norm((codes - codes[rows[0]]) / spread, axis=1)
    return [str(files[row]) for row in np.argsort(distances, kind="stable")[:count]]
