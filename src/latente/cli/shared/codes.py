"""Codes of images as files: what `encode` and `sample` write, `decode` and `vary` read."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latente import words
from latente.cli.shared.outputs import print_output, refuse_used, save_arrays
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CodesArgument", "CodesFileOption", "read_codes", "refuse_used_codes", "save_codes"]

CodesArgument = Annotated[
    Path, typer.Argument(metavar="CODES", help="A .npz file as `latente encode` writes it, or .npy.")
]
CodesFileOption = Annotated[
    Path | None, typer.Option("--codes", metavar="FILE", help="Write their codes, too, into this .npz file.")
]


def read_codes(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the codes (N, D) in a .npz file of `latente encode`, or a .npy file, and their images' names.

    Raises InputError where the file holds no such codes.
    """
    import numpy as np

    try:
        content = np.load(path, allow_pickle=False)
        arrays = {"codes": content} if isinstance(content, np.ndarray) else dict(content)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        # numpy would have a text unpickled, which may run anything
        reason = "it is no .npz or .npy file of numbers" if isinstance(error, ValueError) else error
        raise InputError(f"{path} cannot be read as codes: {reason}") from error
    codes = arrays.get("codes")
    if codes is None or codes.ndim != 2 or codes.dtype.kind not in "fiu":
        raise InputError(f"{path} holds no codes: give the .npz file of `latente encode`, or a .npy array (N, D)")
    names = tuple(map(str, arrays.get("files", ())))
    return codes, names if len(names) == len(codes) and all(names) else ()


def refuse_used_codes(out: Path | None, force: bool, option: str = "--codes") -> None:
    """Raise InputError where codes cannot be written to `out`, which may be None, see `save_codes`."""
    if out is None:
        return
    if out.suffix.lower() != ".npz":
        raise InputError(f"{option} {out}: codes, files and labels go together into one .npz file")
    refuse_used(out, force, option)


def save_codes(out: Path, codes: np.ndarray, files: Sequence[str] = (), labels: np.ndarray | None = None) -> None:
    """Write codes (N, ...) to a .npz file as the arrays codes (N, D), files and labels, and print what was written.

    files: of the images; without them they are called as a folder of so many images has them. labels: -1 of none.
    """
    import numpy as np

    count, rows = len(codes), codes.reshape(len(codes), -1)
    names = list(files) or [f"{number:0{len(str(count))}}.png" for number in range(1, count + 1)]
    known = np.full(count, -1) if labels is None else labels
    save_arrays(out, {"codes": rows, "files": np.array(names), "labels": known})
    print_output(out, f"{words.count(count, 'code')} of {words.count(rows.shape[1], 'number')}")
