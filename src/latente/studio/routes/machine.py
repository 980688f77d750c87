"""This computer: what there is, what is used, what lies in the trash."""

from __future__ import annotations

import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Path

import latente
from latente.studio import commands
from latente.studio.parts import TheParts
from latente.studio.workspace import DAYS_IN_TRASH

__all__ = ["router"]

router = APIRouter(tags=["this computer"])


@router.get("/studio")
def show_studio(parts: TheParts) -> dict[str, Any]:
    disk = shutil.disk_usage(parts.workspace.path)
    return {
        "version": latente.__version__,
        "language": parts.language,
        "workspace": str(parts.workspace.path),
        "disk": {"free": disk.free, "total": disk.total},
        "trouble": parts.jobs.trouble,
    }


@router.get("/doctor")
def examine() -> list[dict[str, str]]:
    """Return what `latente doctor` finds, which takes some seconds."""
    findings: list[dict[str, str]] = commands.answer(["doctor", "--json"])
    return findings


@router.get("/trash")
def show_trash(parts: TheParts) -> dict[str, Any]:
    return {"days": DAYS_IN_TRASH, "things": parts.workspace.thrown()}


@router.post("/trash/{thing}/restore")
def take_back(parts: TheParts, thing: Annotated[str, Path(max_length=64)]) -> dict[str, Any]:
    """Move a thing back to where it was; return what it is."""
    return parts.workspace.take_back(thing)
