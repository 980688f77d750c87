"""Which pictures belong together, an input and its target, by what their names say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from latente.errors import InputError
from latente.languages import say
from latente.words import printable

__all__ = ["Pairs", "Path", "are_few", "components", "match_pairs", "match_targets"]

Path = tuple[str, ...]  # a relative path as its components, the last one without the suffix

# what folders are called, or what names end in, of pictures that go in and of those that should come out
_KNOWN = (
    ("low", "high"),
    ("low_res", "high_res"),
    ("lowres", "highres"),
    ("lr", "hr"),
    ("lq", "gt"),
    ("lq", "hq"),
    ("input", "target"),
    ("noisy", "clean"),
)
_LETTERS = ("A", "B")  # folders only, and only in capitals: many a set has classes called a and b


@dataclasses.dataclass
class Pairs:
    """inputs: input -> its path without the sign; target_of: input -> target; words: the two sides.

    alone: pictures without a partner -> why; strays: pictures that are on neither side.
    """

    inputs: dict[str, Path]
    target_of: dict[str, str]
    words: str
    alone: dict[str, str]
    strays: list[str]


def match_pairs(
    paths: Mapping[str, Path], part_of: Mapping[str, str], chosen: tuple[str, str] | None, notes: list[str]
) -> Pairs | None:
    """Return the pairs among the pictures, or None where there are none.

    The sign of a pair is two sibling folders, or two ends of names, that are known or `chosen`; a partner has the same
    path but for it. Signs that are known make pairs only where at most a third of the pictures have no partner, and few
    others lie beside them, else a note says so. Raises InputError where the chosen ones make none.
    """
    folders = {_normal(folder) for path in paths.values() for folder in path[:-1]}
    stems = "\n".join([*(_normal(path[-1]) for path in paths.values()), ""])
    for signs in [chosen] if chosen else (*_KNOWN, _LETTERS):
        for find, is_there in (
            (_in_folder, lambda sign: _normal(sign) in folders),
            (_at_end_of_folder, lambda sign: any(folder.endswith(_end(sign, chosen)) for folder in folders)),
            (_at_end_of_name, lambda sign: f"{_end(sign, chosen)}\n" in stems),
        ):
            if not all(map(is_there, signs)) or (signs is _LETTERS and find is not _in_folder):
                continue
            pairs = _match(paths, part_of, signs, find, chosen)
            if pairs is not None and _is_sound(pairs, paths, signs, chosen, notes):
                return pairs
    if chosen and paths:
        first, second = chosen
        template = (
            "pairs={pairs}: no two pictures are alike but for folders called so or names that end so, as "
            "{first}/1.png and {second}/1.png, or 1_{one}.png and 1_{other}.png"
        )
        ends = {"one": first.strip("_"), "other": second.strip("_")}
        raise InputError(say(template, pairs=repr(",".join(chosen)), first=first, second=second, **ends))
    return None


def match_targets(names: Sequence[str], targets: Sequence[str], where: str) -> Pairs:
    """Return the pairs of pictures and targets that lie in two places, by equal paths or else equal names.

    where: what the place of the targets is called. Raises InputError where no two are called alike.
    """
    alone: dict[str, str] = {}
    inputs = _by_path(names, alone)
    for key in (lambda path: path, lambda path: path[-1:]):
        partners = {key(path): name for path, name in _by_path(targets, {}).items()}
        target_of = {name: partners[key(path)] for path, name in inputs.items() if key(path) in partners}
        if target_of:
            break
    else:
        template = "no picture in {where} is called like one of the images; a target has its image's name"
        raise InputError(say(template, where=where))
    alone |= {name: f"has no target in {where}" for name in inputs.values() if name not in target_of}
    used = set(target_of.values())
    alone |= {name: "is the target of no image" for name in targets if name not in used}
    return Pairs({name: components(name) for name in target_of}, target_of, f"images -> {where}", alone, [])


def components(name: str) -> Path:
    *folders, file = name.split("/")
    stem, dot, _ = file.rpartition(".")
    return (*folders, stem if dot else file)


def are_few(strays: int, groups: Sequence[int]) -> bool:
    """Say whether pictures beside these groups are strays: a tenth of all, or fewer than in any of the groups."""
    return bool(groups) and (10 * strays <= strays + sum(groups) or strays < min(groups))


def _alike(other: str) -> str:
    return f"is called like {printable(other)}, which is used instead"


Find = Callable[[Path, str, str], Path | None]


def _match(
    paths: Mapping[str, Path],
    part_of: Mapping[str, str],
    signs: tuple[str, str],
    find: Find,
    chosen: tuple[str, str] | None,
) -> Pairs | None:
    """Return the pairs that these signs make; None where they make none."""
    sides: tuple[dict[tuple[str | None, Path], str], ...] = ({}, {})
    alone, strays = {}, []
    for name, path in paths.items():
        for side, sign in zip(sides, signs, strict=True):
            key = find(path, sign, _end(sign, chosen))
            if key is not None:
                place = (part_of.get(name), key)
                if place in side:
                    alone[name] = _alike(side[place])
                side.setdefault(place, name)
                break
        else:
            strays.append(name)
    inputs, targets = sides
    matched = inputs.keys() & targets.keys()
    if not matched:
        return None
    alone |= {
        side[place]: f"has no partner among {other}"
        for side, other in ((inputs, signs[1]), (targets, signs[0]))
        for place in side.keys() - matched
    }
    return Pairs(
        {inputs[place]: place[1] for place in matched},
        {inputs[place]: targets[place] for place in matched},
        " -> ".join(signs),
        alone,
        strays,
    )


def _is_sound(
    pairs: Pairs,
    paths: Mapping[str, Path],
    signs: tuple[str, str],
    chosen: tuple[str, str] | None,
    notes: list[str],
) -> bool:
    """Say whether these are pairs rather than folders or names that happen to be called so; note where not."""
    if chosen:
        return True
    count = len(pairs.target_of)
    everyone_else_is_few = are_few(len(pairs.strays), [count, count])
    if signs is _LETTERS:
        everyone_else_is_few &= all(len(paths[name]) == 1 for name in pairs.strays)
    sound = everyone_else_is_few and len(pairs.alone) <= count
    if not sound and signs is not _LETTERS:
        notes.append(
            f"{signs[0]} and {signs[1]} are not taken as pairs: {2 * count} of {len(paths)} pictures have a partner; "
            f"where they are some, say so by pairs={','.join(signs)}"
        )
    return sound


def _normal(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _end(sign: str, chosen: object) -> str:
    """What names with this sign end in; a known sign stands behind a separator."""
    return _normal(sign) if chosen else f"_{_normal(sign)}"


def _in_folder(path: Path, sign: str, end: str) -> Path | None:
    for place, folder in enumerate(path[:-1]):
        if folder == sign or (len(sign) > 1 and _normal(folder) == _normal(sign)):
            key = (*path[:place], *path[place + 1 :])
            return _at_end_of_name(key, sign, f"_{_normal(sign).strip('_')}") or key
    return None


def _at_end_of_folder(path: Path, sign: str, end: str) -> Path | None:
    for place, folder in enumerate(path[:-1]):
        if _normal(folder).endswith(end):
            key = (*path[:place], folder[: len(folder) - len(end)], *path[place + 1 :])
            return _at_end_of_name(key, sign, end) or key
    return None


def _at_end_of_name(path: Path, sign: str, end: str) -> Path | None:
    stem = path[-1]
    return (*path[:-1], stem[: len(stem) - len(end)]) if _normal(stem).endswith(end) else None


def _by_path(names: Sequence[str], alike: dict[str, str]) -> dict[Path, str]:
    """Return path -> name, without the folders that all share; `alike` gets those whose path another one has."""
    paths = {name: components(name) for name in names}
    while paths and all(len(path) > 1 for path in paths.values()) and len({path[0] for path in paths.values()}) == 1:
        paths = {name: path[1:] for name, path in paths.items()}
    by_path: dict[Path, str] = {}
    for name, path in paths.items():
        if path in by_path:
            alike[name] = _alike(by_path[path])
        by_path.setdefault(path, name)
    return by_path
