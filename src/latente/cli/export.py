"""`latente export`: a trained model as files that other programs run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from latente.cli.shared import console as show
from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import model_for
from latente.cli.shared.options import ForceFlag, JsonFlag, RunArgument
from latente.cli.shared.outputs import refuse_file_name, refuse_used
from latente.words import memory

__all__ = ["verb"]

verb = typer.Typer()

FolderOption = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write the files.")]
PartsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="PART",
        help="encoder, decoder, whole or detector; again for another [dim](default: all that the model has)[/dim]",
    ),
]


@verb.command(
    rich_help_panel=USE,
    epilog=examples("latente export runs/digits --out onnx", "latente export runs/digits --part decoder --out decoder"),
)
def export(
    run: RunArgument,
    out: FolderOption,
    part: PartsOption = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Write a model as ONNX, for other programs.

    Takes any number of images, in their own units, and is checked against the model.
    """
    from latente.export import export_onnx, snippet

    refuse_file_name(out, "an export")
    refuse_used(out, force)
    model = model_for("export", run)
    screen = show.console(as_json)
    with screen.status("writing and comparing"):
        files = export_onnx(model, out, parts=part)
    lines = snippet(files[-1])
    if as_json:
        show.print_json({"run": run, "files": list(map(dataclasses.asdict, files)), "snippet": lines})
        return
    table = show.table("file", "size", "largest difference from the model", right=["size"])
    for entry in files:
        table.add_row(str(entry.path), memory(entry.bytes), f"{entry.largest_difference:.1e}")
    screen.print(table)
    screen.print("\nTo run it, after pip install onnxruntime:\n")
    screen.print(lines, markup=False, soft_wrap=True)
