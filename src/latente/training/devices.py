"""Where the numbers are worked out: device, precision, threads, memory and the processes that share the work."""

from __future__ import annotations

import atexit
import contextlib
import contextvars
import ctypes
import dataclasses
import functools
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from latente.errors import InputError, did_you_mean
from latente.training.launch import process_count
from latente.training.surroundings import allowed_threads, has_lost_card

__all__ = [
    "World",
    "alone",
    "autocast",
    "keep_freed_memory",
    "limited_threads",
    "resolve_device",
    "wait_for",
    "world",
]

_Value = TypeVar("_Value")

_alone = contextvars.ContextVar("alone", default=False)


def resolve_device(name: str) -> torch.device:
    """Return the torch device for "auto" (CUDA, else Apple's MPS, else the CPU) or for a name such as "cuda:1".

    Raises InputError where the name is unknown or the machine lacks the device, or where the card was in use when this
    process was forked: CUDA cannot be used in both.
    """
    if name.startswith(("auto", "cuda")) and has_lost_card():
        raise InputError(
            f"device {name!r}: the process that this one was forked from uses the graphics card, which no child of it "
            "can; start processes by 'spawn'"
        )
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise did_you_mean("device", name, ("auto", "cpu", "cuda", "mps")) from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device {name!r}: this machine has {torch.cuda.device_count()} CUDA devices; use 'auto'")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise InputError("device 'mps' is not available on this machine; use 'auto'")
    return device


@contextlib.contextmanager
def autocast(device: torch.device, precision: str) -> Iterator[None]:
    """Run a forward pass in `precision` for the time of the block; weights and losses stay in float32.

    "auto", which nobody has settled, is float32.
    """
    if precision != "bf16":
        yield
        return
    with torch.autocast(device.type, dtype=torch.bfloat16):
        yield
    # within a caller's own autocast torch would keep the rounded weights of this step for those to come
    torch.clear_autocast_cache()


def wait_for(device: torch.device) -> None:
    """Return when the device has done all that it was asked for, so that a clock read then tells the truth."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextlib.contextmanager
def limited_threads(threads: int | None) -> Iterator[None]:
    """Let torch use `threads` threads (None: as it is) for the time of the block, but in a forked process only one."""
    before = torch.get_num_threads()
    threads = None if threads is None else allowed_threads(threads)
    if threads is None or threads == before:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@functools.cache
def keep_freed_memory() -> None:
    """Ask glibc to keep freed blocks for the next step instead of giving each back to the kernel (once a process).

    By default every tensor above 128 KiB is mapped and unmapped anew, and its pages are zeroed by the kernel at every
    step: 1.2 to 1.5 times the step's time on large tensors. No effect on other C libraries.
    """
    if not sys.platform.startswith("linux"):
        return
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of <malloc.h>
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_threshold, 1 << 30)
        libc.mallopt(trim_threshold, 512 << 20)
    except (OSError, AttributeError):
        return


@dataclasses.dataclass(frozen=True)
class World:
    """The processes that train together, as `torchrun` started them; one process alone is a world of size 1."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """Return this process's part of the rows of a batch."""
        return rows if self.size == 1 else rows.tensor_split(self.size)[self.rank]

    def sum_(self, tensor: Tensor) -> Tensor:
        """Add `tensor` up over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def sum_gradients_(self, parameters: Iterable[Tensor]) -> None:
        """Add the gradients up over all processes, in one flat transfer after the backward pass."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def gather(self, value: _Value) -> list[_Value]:
        """Return the `value` of every process, in order of rank."""
        if self.size == 1:
            return [value]
        values = [value] * self.size
        dist.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.size > 1:
            dist.barrier()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let this process work by itself for the time of the block: what only one of several does must not be shared out.

    Without it, a pass over many images in one process would wait for ever for the others to do their part.
    """
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def world(device: torch.device) -> World:
    """Return the processes that `torchrun` started, of which this is one (its environment variables say so).

    They are joined at the first call and left when the process ends: to leave and to join again within one process, for
    a second training, would meet the addresses of the first time and fail now and then.
    """
    size = process_count()
    if size == 1 or _alone.get():
        return World()
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    return World(dist.get_rank(), size)
