"""The results of training.py in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models import MODELS

if TYPE_CHECKING:
    from training import Entry

__all__ = ["as_markdown"]

_LIBRARIES = ("keras", "keras-nojit", "lightning", "skorch", "pythae")
_LIBRARIES_IN_BF16 = ("keras, bf16", "keras-nojit, bf16")
# times the speed of the best library: (float32, bf16); and of the bare loop
_TARGETS = {"M1": (2.0, None), "M2": (1.2, None), "M3": (1.4, None), "M4": (2.0, None), "M5": (1.35, 1.8)}
_BARE_TARGET = 0.95
_MEMORY_TARGET = {"M1": 500}  # MB resident


def as_markdown(entries: Sequence[Entry], results: dict[str, Any]) -> str:
    """Return the tables: time per step, speed against targets, memory, and what it all ran on."""
    done = [entry for entry in entries if entry.failure is None]
    parts = [_about(results, done), _times(done), _speeds(done), _memory(done)]
    failed = [f"- {entry.label}, {entry.model}: {entry.failure}" for entry in entries if entry.failure is not None]
    if failed:
        parts.append("\n".join(["Failed:", "", *failed]))
    return "\n\n".join(parts) + "\n"


def _about(results: dict[str, Any], entries: Sequence[Entry]) -> str:
    machine = results["machine"]
    versions: dict[str, str] = {}
    sources: dict[str, list[str]] = {}
    for entry in entries:
        versions |= entry.about["versions"]
        models = sources.setdefault(f"{entry.about['images']} {entry.about['data']} images", [])
        models += [entry.model] * (entry.model not in models)
    data = "; ".join(f"{what} ({', '.join(models)})" for what, models in sources.items())
    named = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return (
        f"Measured {results['date']} at {machine['commit']} with `{results['command']}`: medians of "
        f"{results['repeats']} alternated rounds, {results['threads']} threads; load before: "
        f"{results['load_before']}.\n\n"
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}. Data: {data}. Versions: {named}."
    )


def _times(entries: Sequence[Entry]) -> str:
    models, labels = _axes(entries)
    cells = {
        (e.label, e.model): f"{e.median:.3g} ({min(e.milliseconds):.3g}-{max(e.milliseconds):.3g})" for e in entries
    }
    rows = [[label, *[cells.get((label, model), "-") for model in models]] for label in labels]
    heads = [f"{model} {MODELS[model].title}" for model in models]
    return "Milliseconds per step: median (least-most).\n\n" + _table(["", *heads], rows)


def _speeds(entries: Sequence[Entry]) -> str:
    """Latente's speed as a multiple of the bare loop's, of the usual loop's and of the best library's.

    In float32 the libraries' best is that in float32, in bf16 that in either precision.
    """
    models, _ = _axes(entries)
    rows = []
    for model in models:
        here = {entry.label: entry.median for entry in entries if entry.model == model}
        for label, bare, target, peers in (
            ("latente", "bare", _TARGETS[model][0], _LIBRARIES),
            ("latente, bf16", "bare, bf16", _TARGETS[model][1], (*_LIBRARIES, *_LIBRARIES_IN_BF16)),
        ):
            if label not in here:
                continue
            libraries = {name: here[name] for name in peers if name in here}
            best = min(libraries, key=libraries.__getitem__) if libraries else None
            row = [model, label, _ratio(here, bare, label, _BARE_TARGET), _ratio(here, "usual", label, None)]
            peer = "-" if best is None else f"{_ratio(here, best, label, target)} ({best})"
            rows.append([*row, peer])
    heads = ["", "", f"of the bare loop (target {_BARE_TARGET})", "of the usual loop", "of the best library"]
    return "Speed as a multiple.\n\n" + _table(heads, rows)


def _ratio(times: dict[str, float], other: str, own: str, target: float | None) -> str:
    if other not in times:
        return "-"
    ratio = times[other] / times[own]
    if target is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f}, target {target}: {'reached' if ratio >= target else 'missed'}"


def _memory(entries: Sequence[Entry]) -> str:
    models, labels = _axes(entries)
    cells = {(e.label, e.model): f"{e.about['peak_rss_mb']:.0f} ({e.about['peak_anonymous_mb']:.0f})" for e in entries}
    rows = [[label, *[cells.get((label, model), "-") for model in models]] for label in labels]
    limits = ", ".join(f"{model} at most {limit}" for model, limit in _MEMORY_TARGET.items())
    head = f"Peak memory of the process in MB: resident (private). Target for Latente, resident: {limits}.\n\n"
    return head + _table(["", *models], rows)


def _axes(entries: Sequence[Entry]) -> tuple[list[str], list[str]]:
    """Return the models and the labels that have results, each once, in order."""
    return list(dict.fromkeys(e.model for e in entries)), list(dict.fromkeys(e.label for e in entries))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
