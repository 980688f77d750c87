"""Results as files: whole or not at all, and never over what the user has without --force."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from latente import words
from latente.cli.shared import console as show
from latente.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from PIL.PngImagePlugin import PngInfo

    from latente.estimators.base import Estimator

__all__ = [
    "ImagesOutOption",
    "print_output",
    "refuse_file_name",
    "refuse_place",
    "refuse_used",
    "refuse_used_for_images",
    "refuse_used_table",
    "save_arrays",
    "save_images",
    "save_model_images",
]

ImagesOutOption = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="PATH",
        help="A folder for PNG files, a .png file for one sheet of all, or a .npy or .npz file.",
    ),
]

_ARRAYS, _SHEET = (".npy", ".npz"), ".png"
# with which nobody calls a folder
_OF_FILES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".svg", ".pdf", ".heic", ".mp4"),
        *(".npy", ".npz", ".csv", ".tsv", ".json", ".jsonl", ".xlsx", ".parquet", ".h5", ".mat", ".idx"),
        *(".txt", ".md", ".html", ".htm", ".py", ".ipynb", ".yaml", ".yml", ".toml", ".doc", ".docx", ".log"),
        *(".zip", ".tar", ".gz", ".tgz", ".onnx", ".pt", ".pth", ".pkl", ".safetensors", ".ckpt"),
    )
)
_MOST_ON_A_SHEET = 400
_CONDITIONS = "conditions.csv"
_LONGEST_NAME = 255  # bytes that a file system takes
_COLUMNS = 16  # of a sheet with originals


def refuse_used(out: Path, force: bool, option: str = "--out") -> None:
    """Raise InputError where `out` is a file, or a folder with something in it, unless `force` is given.

    Also where nothing can be written there. option: that named it.
    """
    refuse_place(out, option)
    if force or not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    raise InputError(f"{option} {out} exists already: choose another name, or replace it with --force")


def refuse_used_for_images(out: Path, force: bool) -> None:
    """Raise InputError, before any work, where images cannot be written to `out`, see `save_images`."""
    _refuse_format(out)
    refuse_used(out, force)


def refuse_used_table(out: Path, force: bool) -> None:
    """Raise InputError where `out` is no .csv file, or exists and may not be replaced."""
    if out.suffix.lower() != ".csv":
        raise InputError(f"--out {out}: this verb writes a table; name a .csv file")
    refuse_used(out, force)


def refuse_place(out: Path, option: str = "--out") -> None:
    """Raise InputError where `out` lies below a file, or in a folder that may not be written to."""
    place = next(path for path in (out, *out.absolute().parents) if path.exists())
    if place != out and not place.is_dir():
        raise InputError(f"{option} {out}: {place} is a file; choose another folder")
    if not os.access(place, os.W_OK):
        raise InputError(f"{option} {out}: {place} may not be written to; choose another folder")


def refuse_file_name(out: Path | None, what: str) -> None:
    """Raise InputError where a folder is to be made with a name such as results.txt; what: of what it is the folder."""
    if out is not None and out.suffix.lower() in _OF_FILES and not out.is_dir():
        raise InputError(f"--out {out}: {what} is a folder; name one without the ending {out.suffix}")


def _refuse_format(out: Path) -> None:
    if out.suffix.lower() in (*_ARRAYS, _SHEET) or out.is_dir():
        return
    if out.suffix.lower() in _OF_FILES:
        raise InputError(f"--out {out}: name a folder for PNG files, a .png file for one sheet, or a .npy file")
    if out.exists():
        raise InputError(f"--out {out} is a file, and PNG files go into a folder; choose another name")


def save_arrays(out: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write `arrays` to the .npz file `out`, or the one array that there is to a .npy file."""
    import numpy as np

    from latente.files import replacing

    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary, open(temporary, "wb") as file:
        if out.suffix.lower() == ".npy":
            [array] = arrays.values()
            np.save(file, array)
        else:
            np.savez_compressed(file, allow_pickle=False, **arrays)


def save_images(
    out: Path,
    pixels: np.ndarray,
    layout: str = "NCHW",
    *,
    names: Sequence[str] = (),
    originals: np.ndarray | None = None,
    data_range: tuple[float, float] = (0.0, 1.0),
) -> str:
    """Write `pixels`, which lie in `layout` (see `Images`), to `out`, and return what was written, in words.

    A name in .npy or .npz becomes an array in that layout, one in .png a sheet of all, with the `originals`
    (N, C, H, W) above where there are some, and any other name a folder of PNG files called like `names`, or
    numbered. data_range: what is black and white, also on a sheet; PNG files of fewer than 16 bits state how many.
    Raises InputError where the images do not fit such files, or the name is that of another format.
    """
    _refuse_format(out)
    if out.suffix.lower() in _ARRAYS:
        save_arrays(out, {"images": pixels})
        return f"{len(pixels)} images as an array of {pixels.dtype}"
    pictures = _channels_first(pixels, layout)
    if pictures.ndim != 4 or pictures.shape[1] > 4:
        what = "x".join(map(str, pictures.shape[1:]))
        raise InputError(f"--out {out}: name a .npy file instead, for rows of {what} are no pictures")
    if out.suffix.lower() == _SHEET:
        return _save_sheet(out, pictures, originals, *data_range)
    digits = len(str(len(pictures)))
    files = list(names) or [f"{i:0{digits}}" for i in range(1, len(pictures) + 1)]
    with _folder(out) as folder:
        for name, image in zip(_picture_names(files), pictures, strict=True):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            _picture(image, out).save(file, pnginfo=_stating(image, data_range[1]))
    return words.count(len(pictures), "PNG file")


def save_model_images(
    out: Path,
    model: Estimator,
    made: Any,
    *,
    layout: str | None = None,
    names: Sequence[str] = (),
    originals: np.ndarray | None = None,
) -> None:
    """Write images in the units of a model's training images, and print what was written, see `save_images`.

    made: the images, or a pair of them and their conditions, which go into the same .npz file, or into a table
    conditions.csv in the folder of the images or beside their one file. layout: that of the images, by default the one
    of the training images.
    """
    from latente.images import Conditioned, images_in

    pixels, data_range = images_in(made), model.scaling_.data_range
    if isinstance(made, Conditioned) and out.suffix.lower() == ".npz":
        save_arrays(out, {"images": made.images, "conditions": made.conditions})
        print_output(out, f"{len(pixels)} images and their conditions as arrays")
        return
    text = save_images(out, pixels, layout or model.layout_, names=names, originals=originals, data_range=data_range)
    if isinstance(made, Conditioned):
        is_file = out.suffix.lower() in (*_ARRAYS, _SHEET)
        table = out.with_name(f"{out.stem}-{_CONDITIONS}") if is_file else out / _CONDITIONS
        _save_conditions(table, made.conditions, cast(Any, model).condition_names_, names)
        text += f", and their conditions in {table}"
    print_output(out, text)


def _save_conditions(table: Path, conditions: np.ndarray, titles: Sequence[str], names: Sequence[str]) -> None:
    """Write a line for each image, called like it or numbered from 1."""
    from latente.files import replacing

    lines = [",".join(("image", *titles))]
    for number, row in enumerate(conditions.tolist(), start=1):
        lines.append(",".join((names[number - 1] if names else str(number), *(f"{value:.7g}" for value in row))))
    with replacing(table) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def print_output(out: Path, text: str) -> None:
    """Print where the result is, and what it holds."""
    show.console().print(show.pairs([("wrote", f"{out}: {text}")]))


def _channels_first(pixels: np.ndarray, layout: str) -> np.ndarray:
    """Bring results in `layout` to (N, C, H, W); rows of a table stay as they are."""
    if pixels.ndim == 3:
        return pixels[:, None]
    return pixels.transpose(0, 3, 1, 2) if pixels.ndim == 4 and layout in ("NHW", "NHWC") else pixels


def _save_sheet(out: Path, pictures: np.ndarray, originals: np.ndarray | None, low: float, high: float) -> str:
    """Write the first pictures side by side, each below its original where there is one."""
    import numpy as np

    from latente.sheets import save_png, sheet, to_uint8

    most = min(len(pictures), _MOST_ON_A_SHEET)
    columns = math.ceil(math.sqrt(most)) if originals is None else min(most, _COLUMNS)
    rows = []
    for start in range(0, most, columns):
        part = slice(start, min(start + columns, most))
        lines = [pictures[part]] if originals is None else [originals[part], pictures[part]]
        rows += [to_uint8(np.asarray(line), low, high) for line in lines]
    save_png(sheet(rows, columns=columns), out)
    count = f"{most} images" if most == len(pictures) else f"the first {most} of {len(pictures)} images"
    return f"{count} on one sheet" + ("" if originals is None else ", each below its original")


def _picture_names(files: Sequence[str]) -> Iterator[Path]:
    """Yield a .png name below the output folder for each file; where two would be one, they are numbered.

    A file keeps its own name, whatever bytes are in it; one that is too long for a further ending is cut.
    """
    plain = [Path(*(part for part in PurePosixPath(file).parts if part not in ("/", ".."))) for file in files]
    taken = {folder for path in plain for folder in path.parents}
    for path in plain:
        name, number = _png_name(path, ""), 1
        while name in taken:
            number += 1
            name = _png_name(path, f"-{number}")
        taken.add(name)
        yield name


def _png_name(path: Path, ending: str) -> Path:
    room = _LONGEST_NAME - len(f"{ending}.png")
    return path.with_name(os.fsdecode(os.fsencode(path.stem)[:room]) + f"{ending}.png")


def _picture(image: np.ndarray, out: Path) -> Image:
    """Return one image (C, H, W) as a picture: 8-bit, 16-bit grey, or floats in [0, 1] rounded to 8 bits."""
    import numpy as np
    from PIL import Image

    from latente.sheets import to_uint8

    if image.dtype == np.uint16 and image.shape[0] == 1:
        return Image.fromarray(image[0])
    fits = image.dtype in (np.uint8, np.bool_) or (image.dtype.kind == "f" and 0 <= image.min() <= image.max() <= 1)
    if not fits:
        values = f"{image.dtype} values in {image.shape[0]} channels"
        raise InputError(f"--out {out}: name a .npy file instead, for {values} do not fit a PNG file")
    channels_last = to_uint8(image).transpose(1, 2, 0)
    return Image.fromarray(channels_last[..., 0] if image.shape[0] == 1 else channels_last)


def _stating(image: np.ndarray, white: float) -> PngInfo | None:
    """Return the note by which a PNG file of 16 bits says that it uses fewer, or None where that goes without."""
    from PIL.PngImagePlugin import PngInfo

    depth = int(white).bit_length()
    if image.dtype != "uint16" or not 0 < depth < 16:
        return None
    info = PngInfo()
    info.add(b"sBIT", bytes([depth]))
    return info


@contextlib.contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `out`; when the block ends well, its files move to `out`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    try:
        yield temporary
        for file in sorted(path for path in temporary.rglob("*") if path.is_file()):
            place = out / file.relative_to(temporary)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, place)
    finally:
        shutil.rmtree(temporary)
