"""`latente export`: a trained model as files that other programs run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from latente.cli import console as show
from latente.cli.inputs import model_of
from latente.cli.options import Force, Json, Run, choice, examples
from latente.cli.outputs import refuse_used

__all__ = ["verbs"]

verbs = typer.Typer()

Folder = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write the files.")]
Format = Annotated[
    str, typer.Option("--format", parser=choice("format", ("onnx",)), metavar="onnx", help="The format.")
]
Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="PART",
        help="encoder, decoder or whole; give it again for another [dim](default: all three)[/dim]",
    ),
]


@verbs.command(
    epilog=examples("latente export runs/digits --out onnx", "latente export runs/digits --part decoder --out decoder")
)
def export(
    run: Run, out: Folder, form: Format = "onnx", part: Parts = None, force: Force = False, as_json: Json = False
) -> None:
    """Write a model for other programs.

    Takes any number of images, in their own units, and is checked against the model.
    """
    from latente.export import PARTS, export_onnx, snippet

    refuse_used(out, force)
    model = model_of(run)
    screen = show.console(as_json)
    with screen.status("writing and comparing"):
        written = export_onnx(model, out, parts=part or PARTS)
    lines = snippet(written[-1])
    if as_json:
        show.print_json({"run": run, "format": form, "files": list(map(dataclasses.asdict, written)), "snippet": lines})
        return
    table = show.table("file", "size", "largest difference from the model", right=["size"])
    for entry in written:
        table.add_row(str(entry.path), show.memory(entry.bytes), f"{entry.largest_difference:.1e}")
    screen.print(table)
    screen.print("\nTo run it, after pip install onnxruntime:\n")
    screen.print(lines, markup=False, soft_wrap=True)
