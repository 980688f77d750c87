"""Videos: each picture goes through the model at its own time, and the sound stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from latente.restoring import Results, find_pictures, restore_files

COUNT, RATE = 6, 12


def film(path: Path, count: int = COUNT, sides: tuple[int, int] = (34, 50)) -> Path:
    """Write a video of a slope that grows lighter, at uneven times, with a tone."""
    height, width = sides
    slope = np.linspace(0, 120, width)[None, :, None] + np.linspace(0, 60, height)[:, None, None]
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=RATE, options={"crf": "1"})
        pictures.height, pictures.width, pictures.pix_fmt = height, width, "yuv420p"
        sound = container.add_stream("aac", rate=8000)
        for number in range(count):
            values = np.broadcast_to(slope + 10 * number, (height, width, 3)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(values, format="rgb24")
            frame.pts = number + number // 3  # one picture stays for longer
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), format="fltp", layout="mono")
        tone.sample_rate, tone.pts = 8000, 0
        container.mux(sound.encode(tone))
        container.mux(sound.encode())
    return path


def shown(path: Path) -> tuple[np.ndarray, list[float]]:
    """Return the pictures (N, 3, H, W) of a video and when they are shown, in seconds."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return np.stack([frame.to_ndarray(format="rgb24").transpose(2, 0, 1) for frame in frames]), [
        float(frame.time) for frame in frames
    ]


def heard(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def done(model: Any, source: Path, out: Path, **how: Any) -> Results:
    return restore_files(model, find_pictures([source]), out, **how)


def test_each_picture_is_restored_at_its_time_and_the_sound_is_the_same(untrained: Any, tmp_path: Path) -> None:
    model, clip, told = untrained("downscale:2"), film(tmp_path / "clip.mp4"), []
    results = done(model, clip, tmp_path / "out", progress=lambda part, name: told.append(part))
    made = results.restored["clip.mp4"]
    assert results.notes["clip.mp4"] == ("a video, written as H.264 of 8 bits",)
    (before, times), (after, new_times) = shown(clip), shown(made)
    assert after.shape == (COUNT, 3, 68, 100)
    assert np.diff(new_times) == pytest.approx(np.diff(times), abs=1e-3)
    assert len(set(np.diff(times).round(3))) == 2
    wanted = np.stack(model.restore(before))
    assert np.abs(wanted.astype(float) - after).mean() < 2  # the codec's own loss
    assert heard(made) == heard(clip) != []
    assert told == sorted(told)
    assert told[-1] == 1


def test_another_container_becomes_mp4_and_what_is_there_is_kept(untrained: Any, tmp_path: Path) -> None:
    clip = film(tmp_path / "clip.avi", count=2, sides=(32, 32))
    first = done(untrained(), clip, tmp_path / "out")
    assert first.restored["clip.avi"] == tmp_path / "out" / "clip.mp4"
    assert shown(first.restored["clip.avi"])[0].shape == (2, 3, 32, 32)
    assert list(done(untrained(), clip, tmp_path / "out").kept) == ["clip.avi"]


def test_a_cut_video_is_named_and_leaves_nothing(untrained: Any, tmp_path: Path) -> None:
    clip = film(tmp_path / "clip.mp4", count=2, sides=(32, 32))
    clip.write_bytes(clip.read_bytes()[:200])
    results = done(untrained(), clip, tmp_path / "out")
    assert "a video that cannot be read" in results.lost["clip.mp4"]
    assert not list(tmp_path.glob("out/*"))


def test_without_the_package_one_line_says_what_to_do(
    untrained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = film(tmp_path / "clip.mp4", count=2, sides=(32, 32))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    reason = done(untrained(), clip, tmp_path / "out").lost["clip.mp4"]
    assert 'pip install "latente[video]"; or take its pictures out' in reason
