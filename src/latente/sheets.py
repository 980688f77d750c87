"""Picture sheets: images side by side in one picture, and such pictures as a film."""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from latente.errors import InputError
from latente.files import replacing

__all__ = ["check_film", "film", "magnification", "save_png", "sheet", "to_rgb", "to_uint8"]

# Above this many bytes a film is thinned out, so that a report that embeds it can still be sent by mail.
FILM_BYTES = 800_000
FILM_FRAMES = 40
_FILMS = (".gif", ".webp", ".mp4")
_RATE = 30  # pictures a second of an MP4, in which one that stays longer comes again


def to_uint8(pixels: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Return `pixels` (any shape) as uint8 to look at: [low, high] becomes [0, 255], beyond it they are clipped.

    What is uint8 stays as it is, booleans become black and white, and NaN becomes 0.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "b":
        low, high = 0.0, 1.0
    unit = (pixels.astype(np.float64) - low) / max(high - low, 1e-12)
    return np.rint(np.clip(np.nan_to_num(unit, nan=0.0), 0.0, 1.0) * 255.0).astype(np.uint8)


def to_rgb(images: np.ndarray) -> np.ndarray:
    """Return uint8 images (N, C, H, W) as (N, H, W, 3): grey is repeated, transparency is laid over white.

    Two channels are grey and alpha, four are RGB and alpha; of more than four only the first is shown, in
    grey.
    """
    channels = images.shape[1]
    last = images.transpose(0, 2, 3, 1)
    colour = last[..., :3] if channels in (3, 4) else last[..., :1]
    if channels in (2, 4):
        alpha = last[..., -1:].astype(np.uint16)
        colour = ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:3], 3)))


def magnification(height: int, width: int, tile: int = 56) -> int:
    """Return the whole number by which to enlarge an image so that its longer side is about `tile` pixels."""
    return max(1, round(tile / max(height, width)))


def sheet(rows: Sequence[np.ndarray], columns: int | None = None, pad: int = 2, tile: int = 56) -> np.ndarray:
    """Return one picture (H, W, 3) uint8 of all images: each array of `rows` starts a new line.

    rows: arrays (N, C, H, W), uint8 or whatever `to_uint8` takes (floats in [0, 1]), of one height and width.
    columns: images in a line (default: the longest row); an array that is longer goes on in the next line.
    pad: white pixels between images. tile: small images are enlarged, by a whole number, to about this many
    pixels.
    """
    arrays = [to_rgb(to_uint8(row)) for row in rows if len(row)]
    if not arrays:
        return np.full((1, 1, 3), 255, np.uint8)
    columns = columns or max(map(len, arrays))
    height, width = arrays[0].shape[1:3]
    factor = magnification(height, width, tile)
    height, width = height * factor, width * factor
    lines = [array[start : start + columns] for array in arrays for start in range(0, len(array), columns)]
    widest = max(map(len, lines))
    picture = np.full((len(lines) * (height + pad) - pad, widest * (width + pad) - pad, 3), 255, np.uint8)
    for i, line in enumerate(lines):
        for j, image in enumerate(line):
            top, left = i * (height + pad), j * (width + pad)
            enlarged = image.repeat(factor, axis=0).repeat(factor, axis=1)
            picture[top : top + height, left : left + width] = enlarged
    return picture


def save_png(picture: np.ndarray, path: str | Path) -> Path:
    """Write `picture` (H, W), (H, W, 3) or (H, W, 4) uint8 to `path` as PNG, whole or not at all."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return _write(buffer.getvalue(), Path(path))


def film(folder: str | Path, out: str | Path, longest: int = 640, seconds: float = 8.0) -> Path | None:
    """Write `folder`/step-*.png as a film to `out`, a .gif, .webp or .mp4, and return it; None where there is none.

    All pictures but the last together take at most `seconds`; the last is held for two more, and then a GIF or WebP
    begins anew. Pictures of another size than the last one are left out; the longer side is at most `longest` pixels.
    A GIF has at most 40 of them, evenly spread with the first and the last among them, and fewer where the file would
    pass 0.8 MB; the others have all. Raises InputError as `check_film` does.
    """
    out = Path(out)
    check_film(out)
    kind = out.suffix.lower()
    files = sorted(Path(folder).glob("step-*.png"))
    if not files:
        return None
    with Image.open(files[-1]) as last:
        size = last.size
    files = [file for file in files if _size(file) == size]
    if kind != ".gif":
        frames = _frames(files, longest)
        return _write(_webp(frames, seconds) if kind == ".webp" else _mp4(frames, seconds), out)
    count = min(len(files), FILM_FRAMES)
    while True:
        picks = np.unique(np.linspace(0, len(files) - 1, count).round().astype(int))
        data = _gif(_frames([files[i] for i in picks], longest), seconds)
        if len(data) <= FILM_BYTES or count <= 2:
            return _write(data, out)
        count = max(2, count // 2)


def check_film(out: Path) -> None:
    """Raise InputError where no film can be written under such a name."""
    if out.suffix.lower() not in _FILMS:
        raise InputError(f"{out}: a film ends in {', '.join(_FILMS[:-1])} or {_FILMS[-1]}")
    if out.suffix.lower() == ".mp4" and importlib.util.find_spec("av") is None:
        raise InputError(f'{out}: an MP4 needs the package av: pip install "latente[video]"; .webp needs none')


def _size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


def _frames(files: Sequence[Path], longest: int) -> list[Image.Image]:
    frames = []
    for file in files:
        with Image.open(file) as image:
            frame = image.convert("RGB")
        frame.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        frames.append(frame)
    return frames


def _durations(count: int, seconds: float, shortest: int) -> list[int]:
    """Return for how many milliseconds each of so many pictures is shown."""
    return [int(np.clip(1000 * seconds / count, shortest, 600))] * (count - 1) + [2000]


def _gif(frames: Sequence[Image.Image], seconds: float) -> bytes:
    buffer = io.BytesIO()
    durations = _durations(len(frames), seconds, 60)
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return buffer.getvalue()


def _webp(frames: Sequence[Image.Image], seconds: float) -> bytes:
    buffer = io.BytesIO()
    durations = _durations(len(frames), seconds, 20)
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=85)
    return buffer.getvalue()


def _mp4(frames: Sequence[Image.Image], seconds: float) -> bytes:
    """Return frames in H.264, which takes sides of even lengths: an odd one gets its last pixels twice."""
    import av

    buffer = io.BytesIO()
    pictures = [np.asarray(frame) for frame in frames]
    height, width = pictures[0].shape[:2]
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"crf": "18"})
        stream.height, stream.width, stream.pix_fmt = height + height % 2, width + width % 2, "yuv420p"
        for picture, duration in zip(pictures, _durations(len(pictures), seconds, 33), strict=True):
            even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
            for _ in range(math.ceil(duration * _RATE / 1000)):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def _write(data: bytes, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return path
