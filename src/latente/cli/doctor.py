"""`latente doctor`: is everything here that a training needs, and what will it run on?"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.text import Text

from latente.cli.shared import console as show
from latente.cli.shared.help import AROUND, examples
from latente.cli.shared.options import JsonFlag
from latente.cli.shared.sets import named_sets
from latente.words import memory

__all__ = ["Finding", "verb"]

verb = typer.Typer()

# A run of the usual size, with its checkpoints, report and pictures, takes less than this.
_ENOUGH_DISK = 1 << 30

_STYLES = {"ok": "green", "note": "yellow", "broken": "bold red"}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the examination. status: "ok", "note" (works, but worth knowing) or "broken"."""

    name: str
    status: str
    text: str


@verb.command(rich_help_panel=AROUND, epilog=examples("latente doctor", "latente doctor --json"))
def doctor(as_json: JsonFlag = False) -> int:
    """Check installation, device, disk and data.

    The exit code is 1 where something that a training needs is broken.
    """
    findings = [*_versions(), *_torch(), *_folders(), *_data()]
    if as_json:
        show.print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        lines = show.table("", "", "")
        for finding in findings:
            style = _STYLES[finding.status]
            lines.add_row(Text(finding.status, style), finding.name, finding.text)
        show.console().print(lines)
    return int(any(finding.status == "broken" for finding in findings))


def _versions() -> Iterator[Finding]:
    """Python, Latente and everything that it depends on."""
    import importlib.metadata as metadata

    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", "ok" if sys.version_info >= (3, 11) else "broken", f"{python} at {sys.executable}")
    try:
        yield Finding("latente", "ok", metadata.version("latente"))
        requirements = metadata.requires("latente") or []
    except metadata.PackageNotFoundError:
        yield Finding("latente", "broken", "is not installed as a package: pip install latente")
        return
    for name in sorted(re.split(r"[^\w.-]", line)[0] for line in requirements if "extra ==" not in line):
        try:
            yield Finding(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, "broken", f"is missing: pip install {name}")


def _torch() -> Iterator[Finding]:
    """What torch calculates with, after a product that shows that it does."""
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Finding("device", "broken", f"torch cannot be imported: {error}")
        return
    from latente.training.devices import resolve_device

    device = resolve_device("auto")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    ones = torch.ones(64, 64, device=device)
    works = bool((ones @ ones == 64).all())
    yield Finding("device", "ok" if works else "broken", name if works else f"{name} calculates wrongly")
    kits = {"OpenMP": torch.backends.openmp, "MKL": torch.backends.mkl, "oneDNN": torch.backends.mkldnn}
    with_kits = ", ".join(name for name, kit in kits.items() if kit.is_available())
    threads, cores = torch.get_num_threads(), _cores()
    status = "ok" if threads <= cores else "note"
    yield Finding("threads", status, f"{threads} on {cores} cores, with {with_kits}")


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _folders() -> Iterator[Finding]:
    """Whether runs and decoded images can be written, and how much room there is."""
    from latente.images.cache import cache_folder

    for name, folder in (("here", Path.cwd()), ("cache", cache_folder())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"latente")
        except OSError as error:
            yield Finding(name, "broken", f"{folder} cannot be written: {error.strerror}")
            continue
        free = shutil.disk_usage(folder).free
        yield Finding(name, "ok" if free > _ENOUGH_DISK else "note", f"{folder}, {memory(free)} free")


def _data() -> Iterator[Finding]:
    """The data folder, and which public sets are at hand."""
    folder = os.environ.get("LATENTE_DATA")
    if folder and not Path(folder).expanduser().is_dir():
        yield Finding("data", "broken", f"LATENTE_DATA is {folder}, which is no folder: correct it, or unset it")
    else:
        yield Finding("data", "ok", folder or "LATENTE_DATA is not set; `latente data get` fetches into the cache")
    at_hand = [row["name"] for row in named_sets() if row["where"] == "at hand"]
    yield Finding("sets", "ok", ", ".join(at_hand) or "no public set yet; those drawn by code are always there")
