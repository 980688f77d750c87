"""Pictures whose headers are known, decoded into the cache, each once."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from latente.images.cache import Writer
from latente.images.damage import Damaged
from latente.images.folders import Item
from latente.images.limits import check_memory
from latente.images.reading import read_frames, read_masks
from latente.images.sizing import Aim, Header
from latente.images.survey import Survey
from latente.languages import say
from latente.machine import free_memory
from latente.words import brief, printable

__all__ = ["Decoder"]

_DECODING = 24  # bytes of memory a pixel while a picture is decoded, turned, laid on white and scaled


class Decoder:
    """Writes pictures into the cache, each brought to what its aim makes of its header.

    aims: of pictures, and of targets. What turns out to be damaged, odd or the same goes into the scan. highest: the
    highest value of 16 bits that has come.
    """

    def __init__(self, survey: Survey, aims: tuple[Aim, Aim], writer: Writer) -> None:
        self.store, self.headers, self.writer = survey.store, survey.headers, writer
        self.options, self.scan, self.workers = survey.options, survey.scan, survey.workers
        self.aim, self.partner_aim = aims
        self.highest = 0

    def check_room(self, items: Sequence[Item]) -> None:
        """Raise InputError where the disk cannot hold the decoded pictures, or the memory the largest of them.

        No more are decoded at once than the free memory holds.
        """
        needs: dict[str, int] = defaultdict(int)
        largest: dict[str, int] = defaultdict(int)
        for item in items:
            for file, its_aim in ((item.name, self.aim), (item.target, self.partner_aim)):
                header = self.headers[file, item.frame] if file else None
                if isinstance(header, Header):
                    target = its_aim(header)
                    pixels = math.prod(target.size)
                    bytes_ = target.channels * np.dtype(target.dtype).itemsize
                    needs[item.name] += pixels * (bytes_ + (item.mask is not None))
                    largest[item.name] = max(largest[item.name], pixels, math.prod(header.size))
        self.writer.check_room(sum(needs.values()), self.scan.source)
        memory = {name: need + _DECODING * largest[name] for name, need in needs.items()}
        name = max(memory, key=lambda name: memory[name])
        check_memory(memory[name], brief(name))
        if free := free_memory():
            self.workers.count = max(1, min(self.workers.count, free // max(1, memory[name])))

    def decode(self, items: Sequence[Item]) -> list[Item]:
        """Write every item that can be decoded, in order; note the damaged ones and the duplicates."""
        decode = partial(self._file, any(item.mask for item in items))
        files = [list(frames) for _, frames in itertools.groupby(items, key=lambda item: item.name)]
        kept, same = [], defaultdict(list)
        for frames, result in self.workers.over(decode, files, "decoding"):
            if isinstance(result, dict):
                self.scan.damaged |= {printable(name): why for name, why in result.items()}
                continue
            digest, rows = result
            for item, arrays in zip(frames, rows, strict=True):
                self._write(item, arrays)
                same[digest, item.frame].append(printable(item.shown))
                kept.append(item)
        self.scan.duplicates = [names for names in same.values() if len(names) > 1]
        return kept

    def _file(self, is_masked: bool, frames: list[Item]) -> tuple[bytes, list[dict[str, np.ndarray]]] | dict[str, str]:
        """Return the digest of a file and the arrays of each of its frames; of a damaged one its name and the reason.

        is_masked: whether pictures of the set have masks, which are then empty where there is none.
        """
        name, target_name, mask_name = frames[0].name, frames[0].target, frames[0].mask
        try:
            data = self.store.read(name)
            targets = {item.frame: self.aim(self._header(name, item.frame)) for item in frames}
            columns = {"pixels": read_frames(data, targets, name)}
            if target_name:
                name = target_name
                partners = {item.frame: self.partner_aim(self._header(name, item.frame)) for item in frames}
                columns["target"] = read_frames(self.store.read(name), partners, name)
            if is_masked and mask_name:
                name = mask_name
                columns["mask"] = read_masks(self.store.read(name), targets, name)
            elif is_masked:
                columns["mask"] = [np.zeros((1, *target.size), np.uint8) for target in targets.values()]
        except Damaged as damage:
            return {name: str(damage)}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return hashlib.blake2b(data, digest_size=16).digest(), rows

    def _write(self, item: Item, arrays: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            if self.options.keeps:
                self.writer.append_picture(name, array)
            else:
                self.writer.append(name, array[None])
        if arrays["pixels"].dtype == np.uint16:
            self.highest = max(self.highest, int(arrays["pixels"].max()))
        if (arrays["pixels"] == arrays["pixels"][:, :1, :1]).all():
            self.scan.odd.setdefault(printable(item.shown), say("one single colour"))

    def _header(self, name: str, frame: int | None) -> Header:
        header = self.headers[name, frame]
        assert isinstance(header, Header)  # only sound pictures are decoded
        return header
