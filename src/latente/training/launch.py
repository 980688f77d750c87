"""What `torchrun` says of the processes that it started, read from the environment without importing torch."""

from __future__ import annotations

import os

__all__ = ["leads", "process_count"]


def leads() -> bool:
    """Whether this process is the first, or the only one, of those that train together: the one that writes."""
    return int(os.environ.get("RANK", "0")) == 0


def process_count() -> int:
    """Return how many processes train together; 1 where `torchrun` started none."""
    return int(os.environ.get("WORLD_SIZE", "1"))
