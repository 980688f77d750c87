"""What is wrong in a folder of pictures: every check over each of them, and which of them to leave out for it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from latente.culling import faults
from latente.culling.among import FEWEST, rank_among
from latente.culling.sizes import as_one_array, reduced
from latente.images import Images, Scaling
from latente.images.options import Progress
from latente.languages import recognised, say
from latente.words import percent, printable, shape

__all__ = ["REASONS", "Finding", "Findings", "look_over"]

# in the order in which they are told
REASONS = ("damaged", "doubled", "nearly doubled", "tiny", "odd shape", "blank", "dark", "blurred", "odd")

LONGEST_SIDE = 1024  # pixels; larger pictures are looked at reduced to this, by which it is coarse blur that counts
PLACES = 64  # a side, that are compared to tell whether a picture is blank
MOST_ODD = 100
BEST = say("of its copies the best")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One reason to look at a picture, and a note on it in a few words.

    row: its own in the images, None of a file that cannot be read. is_out: whether it is left out for that.
    """

    name: str
    reason: str
    note: str
    row: int | None
    is_out: bool = True


@dataclasses.dataclass(frozen=True)
class Findings:
    """What is wrong with the pictures of a set, reason by reason.

    common: what more than half of the pictures are, and how many of them: that is how the set is, and no fault. ranked:
    how many pictures were ranked among each other by how odd they are; 0 where there were too few.
    """

    entries: tuple[Finding, ...]
    common: dict[str, int]
    ranked: int

    @property
    def left_out(self) -> list[str]:
        """The names of what is left out, each once."""
        return list(dict.fromkeys(finding.name for finding in self.entries if finding.is_out))

    @property
    def told(self) -> list[Finding]:
        """What speaks against a picture: all entries but for the pictures that stay of several copies."""
        return [finding for finding in self.entries if finding.note != BEST]

    def counts(self) -> dict[str, int]:
        """Return how many pictures each reason speaks against."""
        counts = Counter(finding.reason for finding in self.told)
        return {reason: counts[reason] for reason in REASONS if counts[reason]}


def look_over(images: Images, progress: Progress | None = None) -> Findings:
    """Return what is wrong with pictures that were opened as large as each is, and with files that could not be.

    Of copies one stays: of those with no other fault the largest, of equally large ones the first. The oddest by
    `rank_among`, of those with which nothing else is wrong, are told and stay. Nothing is changed.
    """
    names = [printable(file) for file in images.files]
    sizes = np.array([picture.shape[1:] for picture in images.content])
    looks = _looks(images, progress)
    of_looks = _of_looks(looks)
    common = {reason: len(rows) for reason, rows in of_looks.items() if 2 * len(rows) > len(images)}
    noted = _of_sizes(sizes) | {reason: rows for reason, rows in of_looks.items() if reason not in common}
    faulty = {row for rows in noted.values() for row in rows}
    noted["doubled"] = doubled = _copies(faults.equal(images.content), _equal, faulty, names, sizes)
    others = [row for row in range(len(images)) if row not in doubled or doubled[row] == BEST]
    noted["nearly doubled"] = _copies(_alike(looks, others), _like, faulty, names, sizes)
    damaged = images.scan.damaged if images.scan is not None else {}
    entries = [Finding(name, "damaged", recognised(why), None) for name, why in damaged.items()]
    entries += [
        Finding(names[row], reason, note, row, is_out=note != BEST)
        for reason in REASONS[1:-1]
        for row, note in noted.get(reason, {}).items()
    ]
    out = {finding.row for finding in entries if finding.is_out}
    sound = [row for row in range(len(images)) if row not in out]
    if len(sound) < FEWEST:
        return Findings(tuple(entries), common, 0)
    return Findings((*entries, *_odd(images, sound, progress)), common, len(sound))


@dataclasses.dataclass(frozen=True)
class _Look:
    """What is measured of one picture; fingerprint and signature: None where it is too small, or blank."""

    is_blank: bool
    brightness: float
    softness: float = 0.0
    fingerprint: np.uint64 | None = None
    signature: np.ndarray | None = None


def _looks(images: Images, progress: Progress | None) -> list[_Look]:
    scaling, looks = Scaling.fit(images.content, depth=images.depth), []
    for row, picture in enumerate(images.content):
        if progress is not None:
            progress(row, len(images), "looking at pictures")
        scaled = torch.from_numpy(scaling.to_range(picture[None]))
        looks.append(_look(reduced(scaled, LONGEST_SIDE)[0].numpy(), reduced(scaled, PLACES)[0].numpy()))
    return looks


def _look(picture: np.ndarray, places: np.ndarray) -> _Look:
    light = faults.lightness(picture)
    if faults.is_blank(places):
        return _Look(True, faults.brightness(light))
    seen = (None, None) if min(light.shape) < faults.HASHED else (faults.fingerprint(light), faults.signature(light))
    return _Look(False, faults.brightness(light), faults.softness(light), *seen)


def _of_looks(looks: Sequence[_Look]) -> dict[str, dict[int, str]]:
    rows = dict(enumerate(looks))
    blurred = "a blur by a pixel takes only {part} of the sharpness of its edges"
    return {
        "blank": {
            row: say("no two places differ by {part} of the range", part=percent(faults.BLANK))
            for row, look in rows.items()
            if look.is_blank
        },
        "dark": {
            row: say("99.9 % of it has at most {part} of full brightness", part=percent(look.brightness))
            for row, look in rows.items()
            if look.brightness < faults.DARK
        },
        "blurred": {
            row: say(blurred, part=percent(1 - look.softness))
            for row, look in rows.items()
            if look.softness >= faults.SOFT
        },
    }


def _of_sizes(sizes: np.ndarray) -> dict[str, dict[int, str]]:
    usual = "x".join(f"{side:.0f}" for side in np.median(sizes, axis=0))
    return {
        reason: {
            int(row): say("{size} pixels; {usual} are usual", size=shape(sizes[row].tolist()), usual=usual)
            for row in np.flatnonzero(is_so)
        }
        for reason, is_so in (("tiny", faults.tiny(sizes)), ("odd shape", faults.odd_shapes(sizes)))
    }


def _alike(looks: Sequence[_Look], rows: Sequence[int]) -> list[list[int]]:
    known = [row for row in rows if looks[row].fingerprint is not None]
    fingerprints = np.array([looks[row].fingerprint for row in known], np.uint64)
    signatures = np.array([looks[row].signature for row in known])
    return [[known[place] for place in group] for group in faults.alike(fingerprints, signatures)]


def _equal(name: str) -> str:
    return say("has the values of {name}", name=name)


def _like(name: str) -> str:
    return say("looks like {name}", name=name)


def _copies(
    groups: Sequence[list[int]], note: Callable[[str], str], faulty: set[int], names: Sequence[str], sizes: np.ndarray
) -> dict[int, str]:
    """Return a note on each picture of each group, first on the one that stays."""
    notes: dict[int, str] = {}
    for group in groups:
        best = max(group, key=lambda row: (row not in faulty, int(sizes[row].prod()), -row))
        notes |= {best: BEST} | {row: note(names[best]) for row in group if row != best}
    return notes


def _odd(images: Images, sound: Sequence[int], progress: Progress | None) -> Iterator[Finding]:
    ranking, _ = rank_among(as_one_array(images.take(sound)), progress=progress)
    odd = [int(row) for row in ranking.order if ranking.odd[row]]
    for place, row in enumerate(odd[:MOST_ODD], 1):
        note = say("number {place} of {all} by how unlike the others it is", place=place, all=len(sound))
        yield Finding(ranking.names[row], "odd", note, sound[row], is_out=False)
