"""What the studio is made of, put together once, and handed to every route."""

from __future__ import annotations

import dataclasses
from typing import Annotated, cast

from fastapi import Depends, Request

from latente.studio.jobs import Jobs
from latente.studio.sets import Sets
from latente.studio.shelves import Shelves
from latente.studio.uploads import Uploads
from latente.studio.workspace import Workspace

__all__ = ["Parts", "TheParts"]


@dataclasses.dataclass(frozen=True)
class Parts:
    """language: of the pages, until a person chooses another. copying: of sets that pictures are copied into, how many
    of how many.
    """

    workspace: Workspace
    sets: Sets
    uploads: Uploads
    jobs: Jobs
    language: str | None = None
    shelves: Shelves = dataclasses.field(default_factory=Shelves)
    copying: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)


def _parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


TheParts = Annotated[Parts, Depends(_parts)]
