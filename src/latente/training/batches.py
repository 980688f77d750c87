"""From images at rest to batches on the device: a gather, then one conversion to the network's range."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from latente.errors import InputError
from latente.images import Images, Photographs, Scaling
from latente.training.crops import Cropper, Windows, cut, cut_on_device

__all__ = ["Batches", "epoch_order"]

# the part of a GPU's free memory that the images at rest may take; beyond it they stay in the host's memory
_RESIDENT_SHARE = 0.4


class Batches:
    """The images and columns that an objective asked for, each as one tensor of its own dtype, batch by batch.

    Memory-mapped images stay on disk: only the rows of a batch are read. On a GPU with room the images rest there.
    Images and targets are brought to the network's range by `scaling`, a column in `column_scalings` by its own, which
    may be the target too; any other column stays as it is.

    crop: the side, or (height, width), of the window that is cut out of each image, and k times as much out of a target
    that is k times as large; a smaller picture is mirrored at its edges. Photographs, which have many sizes, need it,
    except where each is a batch of its own. Raises InputError where the images lack a column that the objective needs,
    or targets do not fit their images.
    """

    def __init__(
        self,
        images: Images,
        scaling: Scaling,
        device: torch.device,
        columns: Sequence[str] = (),
        memory_format: torch.memory_format = torch.contiguous_format,
        *,
        crop: int | tuple[int, int] | None = None,
        column_scalings: Mapping[str, Scaling] | None = None,
    ) -> None:
        for name in columns:
            if name not in images.column_names:
                raise InputError(f"{images.name} has no column {name!r}, which this objective needs")
        self.device = device
        self.memory_format = memory_format if not images.is_table else torch.contiguous_format
        self._scalings = {"images": scaling, "target": scaling, **(column_scalings or {})}
        self._count = len(images)
        arrays: dict[str, np.ndarray] = {name: images.columns[name] for name in columns if name in images.columns}
        pictures = {name: images.partners[name] for name in columns if name in images.partners}
        if isinstance(images.content, Photographs):
            pictures["images"] = images.content
        elif crop is None or images.is_table:
            arrays["images"] = images.content
        else:
            pictures["images"] = Photographs.of_array(images.content)
            pictures |= {name: Photographs.of_array(arrays.pop(name)) for name in ("target", "mask") if name in arrays}
        window = (crop, crop) if isinstance(crop, int) else crop
        self._cropper = Cropper(images.name, pictures, window) if pictures else None
        self._rows = {name: _Rows(array, device) for name, array in arrays.items()}
        self._pictures = {name: _Pictures(one, device) for name, one in pictures.items()}

    def __len__(self) -> int:
        return self._count

    def batch(self, rows: Tensor | slice, generator: Generator | None = None) -> dict[str, Tensor]:
        """Return the rows as a batch on the device: images and targets scaled to float32, other columns as they are.

        Where there is a crop, `generator` draws where each image is cut, its target and mask alike; without one it is
        cut around its centre. The generator is not asked for anything else.
        """
        batch = {name: self._scaled(name, part.gather(rows), rows) for name, part in self._rows.items()}
        if self._cropper is not None:
            windows = self._cropper.windows(rows, generator)
            for name, pictures in self._pictures.items():
                values = pictures.gather(windows.times(self._cropper.factors[name]))
                batch[name] = self._scaled(name, values, windows.rows)
        return batch

    def in_order(self, rows: Tensor, batch_size: int) -> Iterator[dict[str, Tensor]]:
        """Yield all the rows, one batch after the other; whole photographs one by one."""
        is_whole = self._cropper is not None and self._cropper.window is None
        for part in rows.split(1 if is_whole else batch_size):
            yield self.batch(_as_slice(part))

    def _scaled(self, name: str, values: Tensor, rows: Tensor | slice) -> Tensor:
        scaling = self._scalings.get(name)
        if scaling is None:
            return values
        scaled = scaling.apply(values)
        if scaled is values and isinstance(rows, slice):
            scaled = values.clone()  # a network whose first layer works in place must not write into the images
        return scaled.contiguous(memory_format=self.memory_format) if scaled.ndim == 4 else scaled


class _Rows:
    """Rows of an array, gathered where it rests."""

    def __init__(self, array: np.ndarray, device: torch.device) -> None:
        self._values = _at_rest(array, device)
        self._deliver = _Delivery(array.dtype, device)

    def gather(self, rows: Tensor | slice) -> Tensor:
        """Return the rows on the device, in a dtype that torch can count with."""
        values = self._values
        return self._deliver(
            values[rows] if isinstance(rows, slice) else values.index_select(0, rows.to(values.device))
        )


class _Pictures:
    """Photographs, whose windows are cut where they rest: on a GPU in one gather, else straight out of memory."""

    def __init__(self, pictures: Photographs, device: torch.device) -> None:
        self._values = _at_rest(pictures.values, device)
        self._places = torch.from_numpy(pictures.places).to(self._values.device)
        self._channels = pictures.channels
        self._on_host = dataclasses.replace(pictures, values=self._values.numpy()) if self._values.is_cpu else None
        self._deliver = _Delivery(pictures.dtype, device)

    def gather(self, windows: Windows) -> Tensor:
        """Return the windows on the device, in a dtype that torch can count with."""
        if self._on_host is None:
            return self._deliver(cut_on_device(self._values, self._places, self._channels, windows))
        shape = (len(windows.rows), self._channels, *windows.window)
        values = torch.empty(shape, dtype=self._values.dtype, pin_memory=self._deliver.is_far(self._values))
        cut(self._on_host, windows, values.numpy())
        return self._deliver(values)


class _Delivery:
    """Brings gathered values of a dtype to the device."""

    def __init__(self, dtype: np.dtype[Any], device: torch.device) -> None:
        self._device = device
        self._is_unsigned16 = dtype == np.uint16

    def __call__(self, values: Tensor) -> Tensor:
        if self.is_far(values):
            values = (values if values.is_pinned() else values.pin_memory()).to(self._device, non_blocking=True)
        return values.to(torch.int32).bitwise_and_(0xFFFF) if self._is_unsigned16 else values

    def is_far(self, values: Tensor) -> bool:
        """Whether the values have to cross to a GPU, which is faster from pinned memory."""
        return self._device.type == "cuda" and values.is_cpu


def _at_rest(array: np.ndarray, device: torch.device) -> Tensor:
    # torch has hardly any operation on uint16: it rests as int16, of the same bits, and is read back in _Delivery
    array = array.view(np.int16) if array.dtype == np.uint16 else array
    tensor = torch.from_numpy(_as_writable(np.ascontiguousarray(array)))
    if device.type == "cuda" and array.nbytes < _RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
        tensor = tensor.to(device)
    return tensor


def _as_writable(array: np.ndarray) -> np.ndarray:
    """Return the same values in the same place as an array that says that it may be written, which nobody does.

    Of others torch warns, and what is done about warnings is done for all threads.
    """
    if array.flags.writeable:
        return array
    described = {**array.__array_interface__, "data": (array.ctypes.data, False)}
    return np.asarray(types.SimpleNamespace(__array_interface__=described, kept_alive=array))


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
