"""From images at rest to batches on the device: an index gather, then one conversion to the network's range."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from latente.errors import InputError
from latente.images import Images, Scaling

__all__ = ["Batches", "epoch_order"]

# the part of a GPU's free memory that the images at rest may take; beyond it they stay in the host's memory
_RESIDENT_SHARE = 0.4


class Batches:
    """The images and columns that an objective asked for, each as one tensor of its own dtype, batch by batch.

    Memory-mapped images stay on disk: only the rows of a batch are read. On a GPU with room the images rest there.
    Raises InputError where the images lack a column that the objective needs.
    """

    def __init__(
        self,
        images: Images,
        scaling: Scaling,
        device: torch.device,
        columns: Sequence[str] = (),
        memory_format: torch.memory_format = torch.contiguous_format,
        *,
        column_scalings: Mapping[str, Scaling] | None = None,
    ) -> None:
        for name in columns:
            if name not in images.columns:
                raise InputError(f"{images.name} has no column {name!r}, which this objective needs")
        self.scaling = scaling
        self.column_scalings = column_scalings or {}
        self.device = device
        self.memory_format = memory_format if not images.is_table else torch.contiguous_format
        arrays = {"images": images.pixels} | {name: images.columns[name] for name in columns}
        self._tensors = {name: self._at_rest(array) for name, array in arrays.items()}
        self._unsigned16 = {name for name, array in arrays.items() if array.dtype == np.uint16}

    def __len__(self) -> int:
        return len(self._tensors["images"])

    def batch(self, rows: Tensor | slice, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Return the rows as a batch on the device: images and targets scaled to float32, other columns as they are.

        Columns with a scaling of their own are scaled as well. generator: for what is drawn as images are gathered.
        """
        return {name: self._gather(name, rows) for name in self._tensors}

    def in_order(self, rows: Tensor, batch_size: int) -> Iterator[dict[str, Tensor]]:
        """Yield all the rows, one batch after the other."""
        for part in rows.split(batch_size):
            yield self.batch(_as_slice(part))

    def _at_rest(self, array: np.ndarray) -> Tensor:
        # torch has hardly any operation on uint16: it rests as int16, of the same bits, and is read back in _gather
        array = array.view(np.int16) if array.dtype == np.uint16 else array
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # it is only ever read
            tensor = torch.from_numpy(array if array.flags.c_contiguous else np.ascontiguousarray(array))
        if self.device.type == "cuda" and array.nbytes < _RESIDENT_SHARE * torch.cuda.mem_get_info(self.device)[0]:
            tensor = tensor.to(self.device)
        return tensor

    def _gather(self, name: str, rows: Tensor | slice) -> Tensor:
        tensor = self._tensors[name]
        values = tensor[rows] if isinstance(rows, slice) else tensor.index_select(0, rows.to(tensor.device))
        if tensor.device != self.device:
            if self.device.type == "cuda":
                values = values.pin_memory()
            values = values.to(self.device, non_blocking=True)
        if name in self._unsigned16:
            values = values.to(torch.int32).bitwise_and_(0xFFFF)
        if name in self.column_scalings:
            return self.column_scalings[name].apply(values)
        if name not in ("images", "target"):
            return values
        scaled = self.scaling.apply(values)
        if scaled is values and isinstance(rows, slice):
            scaled = values.clone()  # a network whose first layer works in place must not write into the images
        return scaled.contiguous(memory_format=self.memory_format) if scaled.ndim == 4 else scaled


def _as_slice(rows: Tensor) -> Tensor | slice:
    """Return consecutive rows as a slice, which needs no gather, and others as they are."""
    first = int(rows[0])
    consecutive = torch.equal(rows, torch.arange(first, first + len(rows), device=rows.device))
    return slice(first, first + len(rows)) if consecutive else rows


def epoch_order(rows: Tensor, seed: int, epoch: int, lap: int = 0) -> Tensor:
    """Return the rows in the order of this epoch: a pure function of seed and epoch, so there is nothing to save.

    lap: which pass over them within the epoch, where it has several.
    """
    mixed = np.random.SeedSequence([seed, epoch, lap]).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(mixed >> np.uint64(1)))
    return rows[torch.randperm(len(rows), generator=generator)]
