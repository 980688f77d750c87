"""One pass over many images, batch by batch, shared out among the processes that `torchrun` started."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from latente.objectives import Batch, Objective
from latente.training import devices
from latente.training.batches import Batches
from latente.training.surroundings import own_surroundings

__all__ = ["evaluate", "over"]

_TRANSFER = 1 << 26  # bytes that go from one process to the others at a time


@own_surroundings()
def evaluate(
    objective: Objective, batches: Batches, rows: Tensor, batch_size: int, *, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return each image's terms in the order of `rows`; the same noise meets every image.

    Several processes that train together share the work (see `over`), and all have the whole result.
    """
    generator = torch.Generator(batches.device)
    was_training = objective.training
    objective.eval()
    try:
        return over(batches, rows, batch_size, lambda batch: objective.evaluate(batch, generator.manual_seed(seed)))
    finally:
        objective.train(was_training)


@own_surroundings()
@torch.no_grad()
def over(
    batches: Batches, rows: Tensor, batch_size: int, function: Callable[[Batch], Mapping[str, Tensor]]
) -> dict[str, np.ndarray]:
    """Apply a function of a batch to all rows, without gradients, and return what it gives, row by row, in order.

    function: batch of B rows -> tensors (B, ...) by name, the same names for every batch; an empty dict where there is
    nothing to tell. Results are written into place: small ones kept one by one between large ones that are freed would
    hold on to the memory. Rows that fill more than one batch are shared out, whole batches each, among the processes of
    `torchrun`, all of which must call this (else: `devices.alone`); every process returns the whole result. No rows
    give an empty dict.
    """
    devices.keep_freed_memory()  # else small results between large buffers that are freed hold on to these
    parts = rows.split(batch_size) if len(rows) else ()
    world = devices.world(batches.device) if len(parts) > 1 else devices.World()
    shares = np.array_split(np.arange(len(parts)), world.size)
    ends = np.cumsum([0, *(len(part) for part in parts)])
    starts = [int(ends[share[0]]) if len(share) else len(rows) for share in shares]
    results: dict[str, np.ndarray] = {}
    start = starts[world.rank]
    mine = torch.cat([parts[i] for i in shares[world.rank]]) if len(shares[world.rank]) else rows[:0]
    for batch in batches.in_order(mine, batch_size) if len(mine) else ():
        stop = start + len(batch["images"])
        for name, values in function(batch).items():
            values = values.detach()
            array = (values.float() if values.dtype == torch.bfloat16 else values).cpu().numpy()
            if name not in results:
                results[name] = np.empty((len(rows), *array.shape[1:]), array.dtype)
            results[name][start:stop] = array
        start = stop
    if world.size > 1:
        _exchange(results, [*starts, len(rows)], world, batches.device)
    return results


def _exchange(
    results: dict[str, np.ndarray], bounds: Sequence[int], world: devices.World, device: torch.device
) -> None:
    """Fill in the rows that other processes worked out; `bounds` are where each one's begin, and the last one's end."""
    layouts = world.gather({name: (a.shape, a.dtype) for name, a in results.items()})
    for name, (shape, dtype) in layouts[0].items():  # the first process always has a share
        if name not in results:
            results[name] = np.empty(shape, dtype)
        array = results[name]
        bytes_per_row = max(1, array.nbytes // max(1, len(array)))
        rows_at_once = max(1, _TRANSFER // bytes_per_row)
        for source, (first, end) in enumerate(itertools.pairwise(bounds)):
            for start in range(first, end, rows_at_once):
                part = torch.from_numpy(array[start : min(end, start + rows_at_once)].view(np.uint8).reshape(-1))
                sent = part if device.type == "cpu" else part.to(device)
                dist.broadcast(sent, source)
                if sent is not part and source != world.rank:
                    part.copy_(sent)
