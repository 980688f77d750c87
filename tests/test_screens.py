"""What becomes of text whose reader has gone away."""

from __future__ import annotations

import os

from latente.screens import Screen


def test_a_screen_falls_silent_when_its_reader_goes_away() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:
        screen = Screen(file=stream)
        screen.print("nobody reads this")
        assert screen.quiet
        screen.print("nor this")
        stream.write("whoever writes on, and closes, meets no error")
