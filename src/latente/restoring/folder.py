"""Picture files restored, each into a file called like it, and none twice."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch

from latente import words
from latente.errors import InputError
from latente.images.damage import Damaged, pillow_rules
from latente.images.formats import HEAD, is_video
from latente.images.inventory import pictures_in
from latente.images.kept import Picture, read_mask, read_picture, save_picture
from latente.images.stores import Store, open_store
from latente.images.workers import Workers
from latente.machine import free_memory
from latente.restoring.through import Model, restored
from latente.restoring.video import film_path, restore_video
from latente.training.devices import limited_threads

__all__ = ["Place", "Results", "by_stem", "find_pictures", "restore_files", "stem_of"]

# called as progress(part, name): which part of all the pictures is done, and which one is at work
Progress = Callable[[float, str], None]

_EACH = 2**30  # bytes of memory for one picture at work: one of 24 megapixels, made twice as large, takes 784 MB


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a picture file lies: a store, and its name there, which its result gets too."""

    store: Store
    name: str

    def read(self) -> bytes:
        """Return the file; raises Damaged with the reason."""
        return self.store.read(self.name)


@dataclasses.dataclass(frozen=True)
class _Made:
    """Where the result of a picture lies, whether it was made now, and notes on it."""

    path: Path
    is_new: bool
    notes: tuple[str, ...] = ()


_Outcome = _Made | Damaged | InputError  # of one picture; an error says why there is no result


@dataclasses.dataclass
class Results:
    """What became of picture files, by their names.

    restored, kept: path of each result, made now or there before. lost: why there is none. notes: what of a picture
    could not be kept, or how it went through the model.
    """

    restored: dict[str, Path] = dataclasses.field(default_factory=dict)
    kept: dict[str, Path] = dataclasses.field(default_factory=dict)
    lost: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def add(self, place: Place, outcome: _Outcome) -> None:
        """Note what became of one more picture."""
        if not isinstance(outcome, _Made):
            self.lost[place.name] = str(outcome)
            return
        (self.restored if outcome.is_new else self.kept)[place.name] = outcome.path
        if outcome.notes:
            self.notes[place.name] = outcome.notes

    @property
    def paths(self) -> dict[str, Path]:
        """All results that there are now."""
        return {**self.kept, **self.restored}


def find_pictures(sources: Sequence[Path], exclude: Sequence[str] = ()) -> list[Place]:
    """Return the pictures of folders, archives and single files, in the order of their names; damaged ones too.

    exclude: names of pictures to leave out, below their folder or archive. Raises InputError where a source cannot be
    opened or holds none, where two pictures are called alike, and where `exclude` names none of them, or all.
    """
    places: dict[str, Place] = {}
    for source in sources:
        try:
            source.stat()
        except OSError as error:
            raise InputError(f"{source} cannot be opened: {error.strerror}; give pictures or a folder") from error
        store = open_store(source.resolve())
        for name in pictures_in(store) if source.is_dir() or store.kind == "zip archive" else [*store.names]:
            if name in places:
                raise InputError(
                    f"{places[name].store.path} and {store.path} both have a {name}, and results are called like their "
                    "pictures; restore them into two folders"
                )
            places[name] = Place(store, name)
    excluded = set(exclude)
    left = [place for name, place in places.items() if words.printable(name) not in excluded]
    if excluded and len(left) in (0, len(places)):
        named = "every one" if not left else "none"
        raise InputError(
            f"the list of pictures to leave out names {named} of the {words.count(len(places), 'picture')}"
        )
    return left


def restore_files(
    model: Model,
    places: Sequence[Place],
    out: Path,
    *,
    masks: Path | None = None,
    tile: int | None = None,
    self_ensemble: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Restore pictures into the folder `out`, where each result has its picture's name, and say what became of each.

    As many are at work at once as torch has threads and memory has room for. A result that is there already is kept and
    counted as done, so that whatever stopped the work, it goes on where it was. masks: of an inpainter, one picture for
    all, or a folder of pictures called like them; not black is missing. What cannot be read or restored is left out,
    with the reason.
    """
    workers = Workers(lambda done, total, what: None)  # each picture says itself how far it is
    workers.count = _at_once(model, len(places))
    how = {"tile": tile, "self_ensemble": self_ensemble}
    work = _Work(model, out, None if masks is None else _Masks(masks), how, progress, len(places), workers)
    results, again = Results(), list[Place]()
    with pillow_rules(), limited_threads(max(1, torch.get_num_threads() // workers.count)):
        for group, outcomes in workers.over(work.attempt, _alike(places, out), "restoring"):
            for place, outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, InputError) and workers.count > 1:
                    again.append(place)
                else:
                    results.add(place, outcome)
    with pillow_rules():
        for place in again:  # for which there may have been no memory beside others
            results.add(place, *work.attempt([place]))
    return results


def _at_once(model: Model, pictures: int) -> int:
    """Return how many pictures are worked on at once."""
    if model.device_.type == "mps":  # whose commands must come from one thread
        return 1
    free = free_memory()
    room = pictures if free is None else free // _EACH
    return max(1, min(torch.get_num_threads(), pictures, room))


def _alike(places: Sequence[Place], out: Path) -> list[list[Place]]:
    """Return the pictures, together those which could get the same result: they go one after the other."""
    groups: dict[Path, list[Place]] = {}
    for place in places:
        groups.setdefault(_beneath(out, place.name).with_suffix(""), []).append(place)
    return list(groups.values())


class _Work:
    """What becomes of a picture, and how far all of them are; its methods are for several threads at once."""

    def __init__(
        self,
        model: Model,
        out: Path,
        masks: _Masks | None,
        how: Mapping[str, Any],
        progress: Progress | None,
        total: int,
        workers: Workers,
    ) -> None:
        self.model, self.out, self.masks, self.how = model, out, masks, how
        self.progress, self.total, self.workers = progress, total, workers
        self.done, self.lock = 0.0, threading.Lock()

    def attempt(self, group: Sequence[Place]) -> list[_Outcome]:
        """Return what became of each of the pictures that could get the same result, of which one at most does."""
        taken: set[Path] = set()
        return [self._attempt_one(place, taken) for place in group]

    def _attempt_one(self, place: Place, taken: set[Path]) -> _Outcome:
        told = 0.0

        def tell(part: float) -> None:
            nonlocal told
            if self.workers.is_stopped:
                raise KeyboardInterrupt
            with self.lock:
                self.done, told = self.done + part - told, part
                if self.progress is not None:
                    self.progress(min(1.0, self.done / self.total), place.name)

        tell(0.0)
        try:
            outcome: _Outcome = self._restore(place, taken, tell)
        except (Damaged, InputError) as reason:
            outcome = reason
        tell(1.0)
        return outcome

    def _restore(self, place: Place, taken: set[Path], tell: Callable[[float], None]) -> _Made:
        def is_there(path: Path) -> bool:
            if path in taken:
                raise Damaged(f"would become {path.name}, as another picture did; restore it into another folder")
            taken.update([path] if path.exists() else [])
            return path in taken

        path = _beneath(self.out, place.name)
        if is_there(path):  # under its own name: nothing need be read
            return _Made(path, is_new=False)
        data = place.read()
        if is_video(data[:HEAD]):
            path = film_path(path)
            if is_there(path):
                return _Made(path, is_new=False)
            masks = self.masks
            notes = restore_video(
                self.model,
                data,
                path,
                hidden=lambda picture: None if masks is None else masks.of(place.name, picture),
                tell=tell,
                **self.how,
            )
            taken.add(path)
            return _Made(path, True, notes)
        picture = read_picture(data, place.name)
        if picture.suffix is not None:
            path = path.with_suffix(picture.suffix)
            if is_there(path):
                return _Made(path, is_new=False)
        hidden = None if self.masks is None else self.masks.of(place.name, picture)
        made = restored(self.model, picture, hidden=hidden, tell=tell, **self.how)
        del data, picture, hidden  # a large one need not be held any more
        save_picture(made, path)
        taken.add(path)
        return _Made(path, True, made.notes)


def _beneath(out: Path, name: str) -> Path:
    return out.joinpath(*(part for part in PurePosixPath(name).parts if part not in ("/", "..")))


class _Masks:
    """The mask of each picture: one for all, or those of a folder by their names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        places = find_pictures([path])
        self._only = None if path.is_dir() else self._read(places[0])
        self._by_name = by_stem(places)

    def of(self, name: str, picture: Picture) -> np.ndarray:
        """Return which pixels of a picture are missing; raises Damaged where it has no mask that fits."""
        mask = self._only
        if mask is None:
            place = self._by_name.get(stem_of(name))
            if place is None:
                raise Damaged(f"has no mask in {self.path}, which would be called like it")
            try:
                mask = read_mask(place.read(), place.name)
            except Damaged as reason:
                raise Damaged(f"its mask {reason}") from reason
        if mask.shape != picture.sides:
            raise Damaged(f"is {words.shape(picture.sides)}, and its mask {words.shape(mask.shape)}")
        return mask

    def _read(self, place: Place) -> np.ndarray:
        try:
            with pillow_rules():
                return read_mask(place.read(), place.name)
        except Damaged as reason:
            raise InputError(f"the mask {self.path} {reason}") from reason


def by_stem(places: Sequence[Place]) -> Mapping[str, Place]:
    """Return pictures by their names without the ending."""
    return {stem_of(place.name): place for place in places}


def stem_of(name: str) -> str:
    """Return a picture's name without its ending, by which it finds what goes with it."""
    return str(PurePosixPath(name).with_suffix(""))
