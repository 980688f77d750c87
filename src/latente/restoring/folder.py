"""Picture files restored one after the other, each into a file called like it, and none twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from latente import words
from latente.errors import InputError
from latente.images.damage import Damaged, pillow_rules
from latente.images.inventory import pictures_in
from latente.images.stores import Store, open_store
from latente.restoring.picture import Picture, read_mask, read_picture, save_picture
from latente.restoring.through import Model, restored

__all__ = ["Place", "Results", "by_stem", "find_pictures", "restore_files", "stem_of"]

# called as progress(part, name): which part of all the pictures is done, and which one is at work
Progress = Callable[[float, str], None]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a picture file lies: a store, and its name there, which its result gets too."""

    store: Store
    name: str

    def read(self) -> bytes:
        """Return the file; raises Damaged with the reason."""
        return self.store.read(self.name)


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

    @property
    def paths(self) -> dict[str, Path]:
        """All results that there are now."""
        return {**self.kept, **self.restored}


def find_pictures(sources: Sequence[Path]) -> list[Place]:
    """Return the pictures of folders, archives and single files, in the order of their names; damaged ones too.

    Raises InputError where a source cannot be opened or holds none, and where two pictures are called alike.
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
    return list(places.values())


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

    One is in memory at a time. A result that is there already is kept and counted as done, so that whatever stopped the
    work, it goes on where it was. masks: of an inpainter, one picture for all, or a folder of pictures called like
    them; not black is missing. What cannot be read or restored is left out, with the reason.
    """
    hidden = None if masks is None else _Masks(masks)
    results, taken = Results(), set[Path]()
    with pillow_rules():
        for number, place in enumerate(places):

            def tell(part: float, number: int = number, place: Place = place) -> None:
                if progress is not None:
                    progress((number + part) / len(places), place.name)

            tell(0.0)
            try:
                how = {"tile": tile, "self_ensemble": self_ensemble, "tell": tell}
                _restore_file(model, place, out, hidden, results, taken, **how)
            except (Damaged, InputError) as reason:
                results.lost[place.name] = str(reason)
    return results


def _restore_file(
    model: Model,
    place: Place,
    out: Path,
    masks: _Masks | None,
    results: Results,
    taken: set[Path],
    **how: Any,
) -> None:
    def is_there(path: Path) -> bool:
        if path in taken:
            raise Damaged(f"would become {path.name}, as another picture did; restore it into another folder")
        if path.exists():
            taken.add(path)
            results.kept[place.name] = path
        return path in taken

    path = _beneath(out, place.name)
    if is_there(path):  # under its own name: nothing need be read
        return
    picture = read_picture(place.read(), place.name)
    if picture.suffix is not None:
        path = path.with_suffix(picture.suffix)
        if is_there(path):
            return
    hidden = None if masks is None else masks.of(place.name, picture)
    made = restored(model, picture, hidden=hidden, **how)
    del picture, hidden  # a large one need not be held any more
    save_picture(made, path)
    taken.add(path)
    results.restored[place.name] = path
    if made.notes:
        results.notes[place.name] = made.notes


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
