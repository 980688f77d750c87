"""A studio of its own process, pictures to give to it, and a person's tab: for journeys from the one to the other."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

__all__ = ["ODD", "discs", "opened", "running"]

ODD = "foto-13.png"
PATIENCE = 300_000  # milliseconds, of a machine that has other things to do


@contextlib.contextmanager
def running(workspace: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve a studio in a process of its own; yield that and its address."""
    command = [sys.executable, "-m", "latente", "studio", "--no-browser", "--port", "0"]
    command += ["--workspace", str(workspace), "--lang", "es"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server, server.stdout.readline().split()[1]
        finally:  # or a fault would wait for it for ever
            server.send_signal(signal.SIGINT)


def discs(folder: Path, count: int = 20, side: int = 64, light: int = 200) -> list[Path]:
    """Write pictures of a disc each on a ground so light, but for one of a cross, and return their paths."""
    noise = np.random.default_rng(0)
    folder.mkdir(parents=True)
    edge = side // 8
    for number in range(count):
        image = Image.fromarray(noise.normal(light, 6, (side, side, 3)).clip(0, 255).astype(np.uint8))
        draw = ImageDraw.Draw(image)
        x, y = noise.integers(5 * side // 16, 11 * side // 16, 2)
        r = int(noise.integers(9 * side // 64, 13 * side // 64))
        path = folder / f"foto-{number:02d}.png"
        if path.name == ODD:
            for line in ((edge, edge, side - edge, side - edge), (edge, side - edge, side - edge, edge)):
                draw.line(line, fill=(20, 20, 20), width=max(1, 7 * side // 64))
        else:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(40, 90, 200))
        image.save(path)
    return sorted(folder.iterdir())


def opened(browser: Any, address: str, complaints: list[str]) -> Any:
    """Return a tab 400 pixels wide at an address, whose complaints are added to a list."""
    context = browser.new_context(viewport={"width": 400, "height": 800}, locale="en-US")
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(address)
    return tab
