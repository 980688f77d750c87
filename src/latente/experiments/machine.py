"""What an experiment runs on: for its minutes to mean something, and to be as fast as they say."""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ["fast_precision", "machine"]


def machine() -> str:
    """Return in a line what this runs on: processor, cores that may be used, torch and its threads."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    threads = torch.get_num_threads()
    return f"{_processor()}, {cores} cores{gpu}; torch {torch.__version__} on {threads} thread{'s' * (threads > 1)}"


def fast_precision() -> str:
    """Return "bf16" where this machine computes it fast, else "float32": a processor that emulates it takes many times
    as long. In all that was measured the two differ by less than two seeds do (docs/results.md).
    """
    from latente.training.devices import resolve_device
    from latente.training.precision import fast_precision

    return fast_precision(resolve_device("auto"))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # only Linux has it
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
