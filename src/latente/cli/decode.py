"""`latente decode`: codes as images again."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latente.cli.shared.help import USE, examples
from latente.cli.shared.models import asked_of, model_for
from latente.cli.shared.options import ConditionOption, ForceFlag, RunArgument
from latente.cli.shared.outputs import ImagesOutOption, refuse_used_for_images, save_model_images
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["read_codes", "verb"]

verb = typer.Typer()

CodesArgument = Annotated[
    Path, typer.Argument(metavar="CODES", help="A .npz file as `latente encode` writes it, or .npy.")
]


@verb.command(rich_help_panel=USE, epilog=examples("latente decode runs/digits codes.npz --out decoded"))
def decode(
    run: RunArgument,
    codes: CodesArgument,
    out: ImagesOutOption,
    condition: ConditionOption = None,
    force: ForceFlag = False,
) -> None:
    """Turn codes back into images."""
    refuse_used_for_images(out, force)
    array, names = read_codes(codes)
    model = model_for("decode", run)
    told = asked_of(model.decode, model, {"conditions": ("--condition", condition)})
    save_model_images(out, model, model.decode(array, **told), names=names)


def read_codes(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the codes (N, D) in a .npz file of `latente encode`, or a .npy file, and their images' names.

    Raises InputError where the file holds no such codes.
    """
    import numpy as np

    try:
        content = np.load(path, allow_pickle=False)
        arrays = {"codes": content} if isinstance(content, np.ndarray) else dict(content)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as codes: {error}") from error
    codes = arrays.get("codes")
    if codes is None or codes.ndim != 2 or codes.dtype.kind not in "fiu":
        raise InputError(f"{path} holds no codes: give the .npz file of `latente encode`, or a .npy array (N, D)")
    names = tuple(map(str, arrays.get("files", ())))
    return codes, names if len(names) == len(codes) and all(names) else ()
