"""What surrounds a call: whatever a program around it set in torch and NumPy, the same call gives the same result."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

__all__ = ["allowed_threads", "has_lost_card", "own_surroundings", "take_turns"]


class _Setting(NamedTuple):
    """A setting of torch for the whole process: how it is read and written, and the values that do, the first best."""

    read: Callable[[], Any]
    write: Callable[[Any], None]
    values: tuple[Any, ...]


# what changes the numbers of networks of float32: the dtype of what names none, and products of rounded factors
_onednn: Any = torch.backends.mkldnn  # of whose parts torch's types know nothing
_PRODUCTS = (_onednn.matmul, _onednn.conv, torch.backends.cuda.matmul)
_SETTINGS = (
    _Setting(torch.get_default_dtype, torch.set_default_dtype, (torch.float32,)),
    *(
        _Setting(partial(getattr, part, "fp32_precision"), partial(setattr, part, "fp32_precision"), ("ieee", "none"))
        for part in _PRODUCTS
    ),
)


class _Process:
    """What the threads of this process share: whose turn it is to train, and how torch is set meanwhile."""

    def __init__(self) -> None:
        self.is_forked = self.card_is_in_use = False
        self.begin_anew()

    def begin_anew(self) -> None:
        self.turn = threading.RLock()  # a judge or a listener may train something itself
        self._guard = threading.Lock()
        self._calls = 0
        self._before: list[tuple[_Setting, Any]] = []

    def enter(self) -> None:
        with self._guard:
            self._calls += 1
            for setting in _SETTINGS:
                if (value := setting.read()) not in setting.values:
                    self._before.append((setting, value))
                    setting.write(setting.values[0])

    def leave(self) -> None:
        """Put the settings back where no other call needs them."""
        with self._guard:
            self._calls = max(0, self._calls - 1)
            if not self._calls:
                self._put_back()

    def forks(self) -> None:
        self.card_is_in_use = self.card_is_in_use or torch.cuda.is_initialized()

    def forked(self) -> None:
        """Begin anew in a forked child: the threads that held locks and settings here are not in it."""
        self._put_back()
        self.is_forked = True
        self.begin_anew()

    def _put_back(self) -> None:
        while self._before:
            setting, value = self._before.pop()
            setting.write(value)


_process = _Process()
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_process.forks, after_in_child=_process.forked)


def allowed_threads(threads: int) -> int:
    """Return so many threads, or 1, with a warning, in a process that was forked from one that had torch's threads.

    They are not in it, and who waits for them waits for ever.
    """
    if threads == 1 or not _process.is_forked:
        return threads
    warnings.warn(
        f"this process was forked: torch computes in it with one thread instead of {threads}, and its results may "
        "differ in the last bits; processes started by 'spawn' have all threads",
        stacklevel=2,
    )
    return 1


def has_lost_card() -> bool:
    """Whether this process was forked from one that used the graphics card, so that it cannot use it itself."""
    return _process.is_forked and _process.card_is_in_use


@contextlib.contextmanager
def take_turns() -> Iterator[None]:
    """Wait until no other thread is in such a block, and let none in before this one ends.

    The random number generators of torch, NumPy and Python and torch's number of threads belong to the whole process,
    and dropout and users' modules draw from no other generators. So trainings in several threads take turns. Each has
    all the processor's cores, so that one after the other they take hardly longer than side by side.
    """
    with _process.turn:
        yield


@contextlib.contextmanager
def own_surroundings() -> Iterator[None]:
    """Compute for the time of the block as torch and NumPy do where nobody changed anything; then put all back.

    Gradients can be had, also within `torch.no_grad` and `torch.inference_mode`; `torch.autocast`, a default device, a
    default dtype, rounded products and `numpy.seterr` do not reach in. In a forked process torch keeps to one thread
    from here on. Whether torch has to be deterministic, and how many threads it has, remain the caller's affair.
    """
    with contextlib.ExitStack() as stack:
        threads = torch.get_num_threads()
        if (allowed := allowed_threads(threads)) != threads:
            torch.set_num_threads(allowed)
        _process.enter()
        stack.callback(_process.leave)
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda", "mps"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        stack.enter_context(np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"))
        yield
