"""Seeds, and the global random number generators: what a training draws is its own affair."""

from __future__ import annotations

import contextlib
import numbers
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from latente.errors import InputError
from latente.training.launch import process_count
from latente.training.surroundings import take_turns

__all__ = ["global_rng", "isolated_rng", "restore_global_rng", "settle_seed", "undisturbed_rng"]


def settle_seed(random_state: Any) -> int:
    """Return the seed that `random_state` (None, an integer, or NumPy's Generator or RandomState) stands for.

    A generator is asked for a number, and so gives another seed each time, as everywhere in SciPy.
    Raises InputError where several processes train together and each would draw its own.
    """
    if isinstance(random_state, numbers.Integral):
        if not 0 <= int(random_state) < 2**32:
            raise InputError(f"random_state must lie between 0 and 2**32 - 1, not {random_state}")
        return int(random_state)
    if random_state is None:
        if process_count() > 1:
            raise InputError("give random_state (--seed): processes that train together must start alike")
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    from sklearn.utils import check_random_state

    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError as error:
        raise InputError(f"random_state: {error}") from error


@contextlib.contextmanager
def isolated_rng(seed: int, rank: int = 0) -> Iterator[None]:
    """Seed torch's, numpy's and Python's global generators for the time of the block, then put them back.

    They belong to all threads, which therefore take turns in such blocks.
    """
    mixed = int(np.random.SeedSequence([seed, rank]).generate_state(1)[0])
    with take_turns():
        before = global_rng()
        torch.manual_seed(mixed)
        np.random.seed(mixed)
        random.seed(mixed)
        try:
            yield
        finally:
            restore_global_rng(before)


@contextlib.contextmanager
def undisturbed_rng(*generators: torch.Generator) -> Iterator[None]:
    """Put torch's, numpy's and Python's global generators, and those given, back after the block as they were."""
    with take_turns():
        # not by global_rng, whose states are made to be saved, which takes several times as long
        torch_state, cuda_states = torch.get_rng_state(), _cuda_states()
        numpy_state, python_state = np.random.get_state(legacy=False), random.getstate()
        states = [generator.get_state() for generator in generators]
        try:
            yield
        finally:
            torch.set_rng_state(torch_state)
            if cuda_states:
                torch.cuda.set_rng_state_all(cuda_states)
            np.random.set_state(numpy_state)
            random.setstate(python_state)
            for generator, state in zip(generators, states, strict=True):
                generator.set_state(state)


def global_rng() -> dict[str, Any]:
    """Return the states of torch's (CPU and CUDA), numpy's and Python's global random number generators."""
    numpy_state: Any = np.random.get_state(legacy=False)
    keys = torch.from_numpy(numpy_state["state"]["key"].astype(np.int64))
    version, words, gauss_next = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": _cuda_states(),
        "numpy": [keys, int(numpy_state["state"]["pos"]), int(numpy_state["has_gauss"]), float(numpy_state["gauss"])],
        "python": [version, torch.tensor(words, dtype=torch.int64), gauss_next],
    }


def restore_global_rng(states: Mapping[str, Any]) -> None:
    """Put the global generators back into the `states` that `global_rng` returned."""
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
    keys, position, has_gauss, gauss = states["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    version, words, gauss_next = states["python"]
    random.setstate((version, tuple(words.tolist()), gauss_next))


def _cuda_states() -> list[torch.Tensor]:
    return torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
