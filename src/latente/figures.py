"""Matplotlib figures from arrays: each function returns a new `Figure` and leaves pyplot alone.

The figures are drawn small (about 380 pixels wide per panel at 96 dpi), so that their text stays readable on
a telephone. Colours keep apart for colour-blind readers; classes beyond ten also differ in their marker.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latente.sheets import sheet, to_rgb, to_uint8

__all__ = ["GRID", "INK", "MUTED", "PALETTE", "curves", "grid", "kl_bars", "latent_map", "pairs", "terms_of"]

INK, MUTED, GRID = "#1f2933", "#6b7785", "#d5dbe1"
# Petroff (2021), "Accessible color sequences for data visualization", arXiv:2107.02270
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
OTHERS = "#c3cad1"  # classes without a colour of their own
MARKERS = "o^"
MAX_CLASSES = 20
IDLE_KL = 0.01  # nats: a dimension under it carries next to nothing
MAX_BARS = 64

UNITS = {
    "objective": "",
    "mse": "squared, per value",
    "l1": "absolute, per value",
    "bce": "nats per value",
    "reconstruction": "nats per image",
    "kl": "nats per image",
}
BOOKKEEPING = {"part", "epoch", "step", "loss", "objective", "learning_rate", "images_per_second", "seconds"}

Lines = Sequence[Mapping[str, Any]]


def curves(lines: Lines, terms: Sequence[str] | None = None, best_epoch: int | None = None) -> Figure:
    """Draw how each term went over the epochs, in training and in validation, one panel per term.

    lines: the lines of metrics.jsonl. terms: which to draw (default: `terms_of(lines)`); "objective" is the
    training lines' "loss" beside the validation lines' "objective". best_epoch: marked by a line in each
    panel. The horizontal axis counts epochs, or steps where there is no validation. An axis is logarithmic
    where values span a factor of 30.
    """
    names = list(terms_of(lines) if terms is None else terms) or ["objective"]
    columns = min(len(names), 3)
    figure, panels = _panels(len(names), columns, width=3.9, height=2.7)
    per_epoch = _steps_per_epoch(lines)
    for panel, name in zip(panels, names, strict=True):
        drawn: list[float] = []
        for part, colour in (("train", PALETTE[0]), ("validation", PALETTE[6])):
            x, y = _series(lines, part, name, per_epoch)
            if not len(x):
                continue
            drawn += y.tolist()
            marker = "o" if part == "validation" and len(x) <= 40 else ""
            label = "training" if part == "train" else part
            panel.plot(x, y, color=colour, label=label, linewidth=1.6, marker=marker, markersize=3.5)
        if best_epoch is not None and per_epoch is not None:
            panel.axvline(best_epoch, color=MUTED, linewidth=1, linestyle=(0, (2, 2)), label="best epoch")
        if drawn and min(drawn) > 0 and max(drawn) > 30 * min(drawn):
            panel.set_yscale("log")
        else:
            panel.yaxis.set_major_locator(MaxNLocator(5))
        unit = UNITS.get(name, "")
        _title(panel, f"{name} ({unit})" if unit else name)
        panel.set_xlabel("epoch" if per_epoch else "step", color=MUTED, fontsize=9)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.grid(axis="y", color=GRID, linewidth=0.7)
        if drawn:
            panel.legend(frameon=False, fontsize=8.5, labelcolor=INK, handlelength=1.6)
    return figure


def terms_of(lines: Lines) -> list[str]:
    """Return the terms worth a panel: the objective first, then each that is not the same curve again."""
    found = ["objective"] if any("loss" in line or "objective" in line for line in lines) else []
    seen = [_signature(lines, "objective")] if found else []
    for name in dict.fromkeys(key for line in lines for key in line):
        signature = _signature(lines, name)
        if name not in BOOKKEEPING and signature and signature not in seen:
            found.append(name)
            seen.append(signature)
    return found


def pairs(
    originals: np.ndarray,
    reconstructions: np.ndarray,
    errors: np.ndarray | None = None,
    titles: Sequence[str] = (),
) -> Figure:
    """Draw originals above their reconstructions, one column per image, and below them where the errors lie.

    originals, reconstructions: (N, C, H, W), uint8 or floats in [0, 1]. errors: (N, H, W), not negative,
    drawn with one scale for all (bright is large). titles: up to N lines above the columns.
    """
    rows = [to_rgb(to_uint8(originals)), to_rgb(to_uint8(reconstructions))]
    names = ["original", "reconstruction"] + ([] if errors is None else ["error"])
    count, (height, width) = len(originals), originals.shape[2:]
    figure = Figure(
        figsize=(max(1.1 * count, 2.2), 1.25 * len(names) * min(height / width, 2) + 0.3),
        layout="constrained",
    )
    axes = figure.subplots(len(names), count, squeeze=False)
    peak = 1.0 if errors is None else float(errors.max()) or 1.0
    for i, name in enumerate(names):
        for j in range(count):
            panel = axes[i, j]
            if i < 2:
                panel.imshow(rows[i][j], interpolation=_interpolation(height, width))
            elif errors is not None:
                panel.imshow(errors[j], cmap="magma", vmin=0, vmax=peak, interpolation=_interpolation(height, width))
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
        axes[i, 0].set_ylabel(name, color=INK, fontsize=9)
    for panel, title in zip(axes[0], titles, strict=False):
        panel.set_title(title, color=INK, fontsize=8)
    return figure


def grid(images: np.ndarray, columns: int | None = None) -> Figure:
    """Draw images (N, C, H, W), uint8 or floats in [0, 1], as a sheet of `columns` (default: a square)."""
    columns = columns or max(1, math.ceil(math.sqrt(len(images))))
    picture = sheet([images], columns)
    height, width = picture.shape[:2]
    figure = Figure(figsize=(3.9, min(3.9 * height / width, 12)))
    panel = figure.add_axes((0, 0, 1, 1))
    panel.imshow(picture, interpolation=_interpolation(height, width))
    panel.set_axis_off()
    return figure


def latent_map(
    points: np.ndarray,
    labels: np.ndarray | None = None,
    label_names: Sequence[str] = (),
    axis_names: tuple[str, str] = ("dimension 1", "dimension 2"),
) -> Figure:
    """Draw points (N, 2), each coloured by its class, with a legend and each class's name at its median.

    labels: (N,) integers; negative ones are unknown. label_names: names by label, else the numbers. The 20
    commonest classes get a colour and marker of their own; the others, and the unknown, are drawn in grey.
    """
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    panel = _style(figure.add_subplot())
    size = float(np.clip(4000 / max(len(points), 1), 3, 24))
    shown = _classes(labels)
    rest = np.ones(len(points), bool) if labels is None else ~np.isin(labels, shown)
    if rest.any():
        colour = PALETTE[0] if labels is None else OTHERS
        _cloud(panel, points[rest], size, colour, "o", None if labels is None else _rest_name(labels[rest]))
    centres: list[tuple[str, np.ndarray]] = []
    for k, value in enumerate(shown):
        assert labels is not None
        own = points[labels == value]
        name = str(label_names[value]) if value < len(label_names) else str(value)
        _cloud(panel, own, size, PALETTE[k % 10], MARKERS[k // 10], _shortened(name))
        centres.append((_shortened(name, 12), np.median(own, axis=0)))
    if centres:
        _name_clouds(panel, centres, np.ptp(points, axis=0))
    if labels is not None and len(points):
        _map_legend(figure, panel, size)
    panel.set_xlabel(axis_names[0], color=MUTED, fontsize=9)
    panel.set_ylabel(axis_names[1], color=MUTED, fontsize=9)
    return figure


def kl_bars(kl: np.ndarray, active: np.ndarray | None = None) -> Figure:
    """Draw the mean KL of each latent dimension (D,), in nats, largest first; idle dimensions are grey.

    active: (D,) whether each is in use; by default those whose KL is above 0.01 nats. Of more than 64
    dimensions only the largest 64 are drawn, as the figure says.
    """
    order = np.argsort(-kl, kind="stable")
    values = kl[order][:MAX_BARS]
    in_use = kl > IDLE_KL if active is None else active
    figure, (panel,) = _panels(1, 1, width=3.9, height=2.7)
    colours = [PALETTE[0] if in_use[i] else OTHERS for i in order[: len(values)]]
    panel.bar(np.arange(len(values)), values, color=colours, width=0.8 if len(values) < 40 else 1.0)
    _title(panel, f"{int(in_use.sum())} of {len(kl)} dimensions active")
    cut = f", the largest {MAX_BARS} of {len(kl)}" if len(kl) > MAX_BARS else ""
    panel.set_xlabel(f"latent dimension, sorted{cut}", color=MUTED, fontsize=9)
    panel.set_ylabel("KL (nats)", color=MUTED, fontsize=9)
    if len(values) <= 16:
        panel.set_xticks(np.arange(len(values)), [str(i) for i in order[: len(values)]])
    else:
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.yaxis.set_major_locator(MaxNLocator(5))
    panel.grid(axis="y", color=GRID, linewidth=0.7)
    return figure


def _panels(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, [_style(figure.add_subplot(rows, columns, k + 1)) for k in range(count)]


def _style(panel: Axes) -> Axes:
    panel.figure.patch.set_alpha(0)
    panel.patch.set_alpha(0)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(GRID)
    panel.tick_params(colors=MUTED, labelsize=8.5, length=0)
    panel.set_axisbelow(True)
    return panel


def _title(panel: Axes, text: str) -> None:
    panel.set_title(text, loc="left", color=INK, fontsize=9.5, fontweight="bold")


def _interpolation(height: int, width: int) -> str:
    return "nearest" if max(height, width) < 128 else "antialiased"


def _shortened(name: str, length: int = 22) -> str:
    """Shorten a name, and keep matplotlib from reading dollar signs in it as mathematics."""
    short = name if len(name) <= length else name[: length - 1] + "…"
    return short.replace("$", r"\$")


def _steps_per_epoch(lines: Lines) -> float | None:
    last = next((line for line in reversed(lines) if line.get("part") == "validation"), None)
    return last["step"] / last["epoch"] if last and last.get("step") and last.get("epoch") else None


def _series(lines: Lines, part: str, name: str, per_epoch: float | None) -> tuple[np.ndarray, np.ndarray]:
    key = "loss" if name == "objective" and part == "train" else name
    own = [line for line in lines if line.get("part") == part and _is_number(line.get(key))]
    x = np.array([line["step"] / per_epoch if per_epoch else line["step"] for line in own], dtype=float)
    return x, np.array([line[key] for line in own], dtype=float)


def _signature(lines: Lines, name: str) -> tuple[str, ...]:
    values: list[str] = []
    for part in ("train", "validation"):
        values += [f"{value:.6g}" for value in _series(lines, part, name, None)[1]]
    return tuple(values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _classes(labels: np.ndarray | None) -> list[int]:
    """The commonest classes, at most `MAX_CLASSES`, in the order of their labels."""
    if labels is None:
        return []
    values, counts = np.unique(labels[labels >= 0], return_counts=True)
    return sorted(int(v) for v in values[np.argsort(-counts, kind="stable")][:MAX_CLASSES])


def _rest_name(labels: np.ndarray) -> str:
    others = len(np.unique(labels[labels >= 0]))
    return f"{others} others" if others else "unknown"


def _cloud(panel: Axes, points: np.ndarray, size: float, colour: str, marker: str, label: str | None) -> None:
    x, y = points.T
    style: dict[str, Any] = {"marker": marker, "alpha": 0.7, "linewidths": 0, "rasterized": True}
    panel.scatter(x, y, s=size, c=colour, label=label, **style)


def _name_clouds(panel: Axes, centres: Iterable[tuple[str, np.ndarray]], span: np.ndarray) -> None:
    """Write each name at its centre, unless it would cover another; the legend has them all."""
    box: dict[str, Any] = {"boxstyle": "round,pad=0.15", "fc": "white", "alpha": 0.8, "ec": "none"}
    placed: list[tuple[int, np.ndarray]] = []
    for name, centre in centres:
        away = [np.abs(centre - other) / np.maximum(span, 1e-12) for _, other in placed]
        lengths = [(len(name) + length) / 2 for length, _ in placed]
        if all(dx > 0.02 * n or dy > 0.04 for (dx, dy), n in zip(away, lengths, strict=True)):
            x, y = centre
            text = panel.text(x, y, name, fontsize=7.5, color="#111827", ha="center", va="center", bbox=box)
            text.set_fontweight("bold")
            placed.append((len(name), centre))


def _map_legend(figure: Figure, panel: Axes, size: float) -> None:
    """Put the legend below the map, and make the figure as much higher, so that the map keeps its size."""
    names = panel.get_legend_handles_labels()[1]
    columns = max(1, min(len(names), 60 // (max(map(len, names)) + 5)))
    figure.set_figheight(figure.get_figheight() + 0.2 * math.ceil(len(names) / columns))
    figure.legend(
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
        handletextpad=0.1,
        columnspacing=0.8,
        markerscale=max(1.0, 5 / math.sqrt(size)),
    )
