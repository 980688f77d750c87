"""A video through a model, picture by picture; its sound stays as it is."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.errors import InputError
from latente.files import replacing
from latente.images.damage import Damaged
from latente.images.kept import Picture
from latente.restoring.through import Model, restored

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

__all__ = ["film_path", "restore_video"]

_FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}  # in which a result is written as it was
_QUALITY = "16"  # of H.264's scale, on which 18 is hard to tell from what went in


def film_path(path: Path) -> Path:
    """Return where the result of a video of this name is written: as MP4, where not in the video's own container."""
    return path if path.suffix.lower() in _FORMATS else path.with_suffix(".mp4")


def restore_video(
    model: Model,
    data: bytes,
    path: Path,
    *,
    hidden: Callable[[Picture], np.ndarray | None],
    tell: Callable[[float], None],
    **how: Any,
) -> tuple[str, ...]:
    """Write what a model makes of each picture of a video to `path`, whole or not at all, and return notes on it.

    H.264 of 8 bits, each picture at its own time, sides made even by the last row or column once more; sound is copied.
    hidden: which pixels of the pictures are missing, by the first one. how: see `restored`. Raises Damaged where it
    cannot be read, and InputError without the package av.
    """
    if importlib.util.find_spec("av") is None:
        raise InputError(
            'a video needs the package av: pip install "latente[video]"; or take its pictures out of it: '
            "ffmpeg -i VIDEO FOLDER/%05d.png"
        )
    import av

    try:
        with av.open(io.BytesIO(data), "r") as source:
            first = next(_pictures(source), None)
            if first is None:
                raise Damaged("a video without pictures")
            if first[0].rotation:
                raise Damaged("a video that is to be turned before it is shown; turn it first: ffmpeg -i VIDEO NEW.mp4")
            how["hidden"] = hidden(first[1])
            height, width = restored(model, first[1], **how).sides
        path.parent.mkdir(parents=True, exist_ok=True)
        container = _FORMATS[path.suffix.lower()]
        with (
            replacing(path) as temporary,
            av.open(io.BytesIO(data), "r") as source,
            av.open(str(temporary), "w", format=container) as target,
        ):
            pictures = source.streams.video[0]
            rate = pictures.average_rate or 25
            stream = target.add_stream("libx264", rate=rate, options={"crf": _QUALITY})
            stream.time_base = stream.codec_context.time_base = pictures.time_base  # type: ignore[assignment]
            stream.height, stream.width, stream.pix_fmt = height + height % 2, width + width % 2, "yuv420p"
            sounds = {sound.index: target.add_stream_from_template(sound) for sound in source.streams.audio}
            total, done = max(1, pictures.frames), 0
            for packet in source.demux([pictures, *source.streams.audio]):
                if packet.stream.index in sounds:
                    if packet.dts is not None:
                        packet.stream = sounds[packet.stream.index]
                        target.mux(packet)
                    continue
                for frame in packet.decode():
                    assert isinstance(frame, av.VideoFrame)
                    made = restored(model, _picture(frame), **how).colours
                    target.mux(stream.encode(_frame(made, frame)))
                    done += 1
                    tell(min(1.0, done / total))
            target.mux(stream.encode())
    except av.FFmpegError as error:
        raise Damaged(f"a video that cannot be read: {error.strerror}") from error
    return ("a video, written as H.264 of 8 bits",)


def _pictures(source: InputContainer) -> Iterator[tuple[VideoFrame, Picture]]:
    if source.streams.video:
        for frame in source.decode(video=0):
            yield frame, _picture(frame)


def _picture(frame: VideoFrame) -> Picture:
    return Picture(np.moveaxis(frame.to_ndarray(format="rgb24"), 2, 0), None, 8, "PNG")


def _frame(colours: np.ndarray, like: VideoFrame) -> VideoFrame:
    """Return colours (1 or 3, H, W) as a frame of even sides, at the time of the one it was made of."""
    import av

    height, width = colours.shape[1:]
    even = np.pad(np.broadcast_to(colours, (3, height, width)), ((0, 0), (0, height % 2), (0, width % 2)), "edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.moveaxis(even, 0, 2)), format="rgb24")
    frame.pts, frame.time_base = like.pts, like.time_base
    return frame
