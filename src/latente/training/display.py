"""What a notebook shows of a training instead of a bare name: one small piece of HTML that needs nothing else."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from latente import figures, words
from latente.errors import LatenteError
from latente.networks import LayerSummary

if TYPE_CHECKING:
    from latente.training.runs import Run

__all__ = ["as_html", "html_of_run"]

_LONGEST = 720  # pixels of a picture's longer side: a notebook holds what it shows
_FINER = 1.5  # dots of a drawn figure along each pixel of the page
_FRAME = "border:1px solid rgba(128,128,128,.35);border-radius:8px;padding:10px 14px;max-width:60em;font-size:13px"
_FACTS = "display:flex;flex-wrap:wrap;gap:2px 18px;margin:4px 0 8px"
_PAPER = "display:block;max-width:100%;height:auto;background:#fff;border-radius:4px;margin:6px 0 0"
_TABLE = "font-size:inherit;margin:6px 0 0"
_CELL = "text-align:left;padding:1px 14px 1px 0;border:0"


def as_html(
    title: str,
    facts: Iterable[tuple[str, object]],
    *,
    lines: Sequence[Mapping[str, Any]] = (),
    best_epoch: int | None = None,
    picture: np.ndarray | None = None,
    caption: str = "",
    layers: Sequence[LayerSummary] = (),
) -> str:
    """Return a title, facts (name, value), curves, a picture and a table of layers as HTML; what is empty is left out.

    lines: of metrics.jsonl, for the curves. picture: (H, W, 3) uint8; a large one is reduced. Whatever the texts hold
    is shown as it is and never read as HTML; there is no script, and no style beyond this piece.
    """
    parts = [f"<strong>{escape(title)}</strong>", f'<div style="{_FACTS}">']
    parts += [f"<span>{escape(name)} <b>{escape(str(value))}</b></span>" for name, value in facts]
    parts.append("</div>")
    if any("loss" in line for line in lines):
        drawn = _of_few_colours(figures.curves(lines, figures.terms_of(lines)[:3], best_epoch))
        parts.append(_image(drawn, "training curves", round(drawn.width / _FINER)))
    if picture is not None:
        small = Image.fromarray(picture)
        small.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
        parts.append(_image(small, caption, small.width) + f"<small>{escape(caption)}</small>")
    if layers:
        count = sum(row.parameters for row in layers)
        parts.append(
            f"<details><summary>{len(layers)} layers, {count:,} parameters</summary>{_table(layers)}</details>"
        )
    return f'<div style="{_FRAME}">{"".join(parts)}</div>'


def html_of_run(run: Run) -> str:
    """Return what a notebook shows of a run folder, be it finished, under way or damaged."""
    title = f"Run {run.path}"
    try:
        options, lines, picture = run.options(), run.lines(), _newest_picture(run)
    except (LatenteError, OSError, ValueError) as problem:
        return as_html(title, [("cannot be shown:", problem)])
    data, best = options.get("data", {}), _best_epoch(lines)
    epochs = max((line.get("epoch", 0) for line in lines), default=0)
    facts = {
        "model": options.get("model"),
        "images": f"{data.get('name')}, {words.shape(data.get('shape', ()))} {data.get('dtype')}",
        "trained on": f"{data.get('train_count', 0):,}",
        "epochs": f"{epochs} of {options['options'].get('epochs')}",
        "best epoch": "the start" if best == 0 else best,
        "parameters": f"{options.get('parameters', 0):,}",
        "device": options.get("device"),
        "started": options.get("started"),
    }
    return as_html(
        title,
        [(name, value) for name, value in facts.items() if value is not None],
        lines=lines,
        best_epoch=best,
        picture=picture,
        caption="line by line: images of the set, what the model saw where they were made worse, what it made of them "
        "after its last epoch, and new ones where it draws such",
    )


def _best_epoch(lines: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the epoch with the lowest validation objective, the first of equal ones; None where nothing was judged."""
    judged = [line for line in lines if line.get("part") == "validation" and "objective" in line]
    return min(judged, key=lambda line: float(line["objective"]))["epoch"] if judged else None


def _newest_picture(run: Run) -> np.ndarray | None:
    files = sorted(run.samples.glob("step-*.png"))
    if not files:
        return None
    with Image.open(files[-1]) as image:
        return np.asarray(image.convert("RGB"))


def _of_few_colours(figure: Figure) -> Image.Image:
    """Draw a figure on white, finer than its size on the page; 32 colours take a quarter of the bytes of all."""
    drawn = Image.fromarray(figures.on_white(figure))
    return drawn.quantize(32, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _image(image: Image.Image, what: str, width: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img style="{_PAPER}" width="{width}" alt="{escape(what)}" src="data:image/png;base64,{data}">'


def _table(layers: Sequence[LayerSummary]) -> str:
    def row(cells: Iterable[object], tag: str = "td") -> str:
        return "<tr>" + "".join(f'<{tag} style="{_CELL}">{escape(str(cell))}</{tag}>' for cell in cells) + "</tr>"

    head = row(("layer", "type", "output", "parameters"), "th")
    body = (
        row((layer.name, layer.type, words.shape(layer.output[1:]) if layer.output else "", f"{layer.parameters:,}"))
        for layer in layers
    )
    return f'<table style="{_TABLE}">{head}{"".join(body)}</table>'
