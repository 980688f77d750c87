"""How smoothly does the map of an explorer move in a browser, and how large is the page?

    latente explore RUN && python benchmarks/explorer.py RUN/explorer.html

Opens the page in a headless Chromium, drags the map and turns the wheel over it by one event a frame, with the pictures
on the map as the page shows them at first, always, and never. Prints the size of the file, how long it took to open,
and of each movement how often the map was drawn in a second and the longest time between two frames. Other programs
that keep the processor busy take frames away; `chrt -r 1 python ...` keeps them off, where it is allowed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from measure import load

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run")
MOVE = """async ([movement, seconds]) => {
  const { map } = explorer;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const { left, top, width, height } = map.overlay.getBoundingClientRect();
  let [x, y] = [left + width / 2, top + height / 2];
  const send = (Kind, name, more) =>
    map.overlay.dispatchEvent(new Kind(name, { clientX: x, clientY: y, bubbles: true, cancelable: true, ...more }));
  const mouse = { pointerId: 1, pointerType: "mouse", isPrimary: true, button: 0 };
  const pointer = (name) => send(PointerEvent, name, mouse);
  map.overlay.setPointerCapture = () => {}; // of a pointer that only a script moves
  if (movement === "drag") pointer("pointerdown");
  await frame();
  const before = map.drawn;
  const start = performance.now();
  let last = start;
  let longest = 0;
  for (let k = 0; last < start + 1000 * seconds; k++) {
    const on = k % 60 < 30 ? 1 : -1;
    if (movement === "drag") {
      [x, y] = [x + 5 * on, y + 3 * on];
      pointer("pointermove");
    } else {
      send(WheelEvent, "wheel", { deltaY: -60 * on });
    }
    await frame();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  if (movement === "drag") pointer("pointerup");
  return [(map.drawn - before) / ((last - start) / 1000), longest];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--seconds", type=float, default=3, help="how long each movement lasts")
    options = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit("needs a browser: apt-get install chromium")
    print(f"{options.page.name}: {options.page.stat().st_size / 1e6:.1f} MB; load before {load():.2f}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        start = time.perf_counter()
        tab.goto(options.page.resolve().as_uri())
        tab.wait_for_selector("html[data-decoder]")
        print(f"Chromium {browser.version}: open after {time.perf_counter() - start:.1f} s")
        first = tab.locator("#pictures").input_value()
        for pictures in sorted(("near", "always", "never"), key=lambda choice: choice != first):
            for movement in ("drag", "wheel"):
                _tell(tab, pictures, movement, options.seconds)
        browser.close()


def _tell(tab: Page, pictures: str, movement: str, seconds: float) -> None:
    tab.select_option("#pictures", pictures)
    tab.wait_for_timeout(1000)  # what comes with the choice is drawn
    frames, longest = tab.evaluate(MOVE, [movement, seconds])
    print(f"{movement}, pictures {pictures}: {frames:.0f} frames/s, the longest {longest:.0f} ms")


if __name__ == "__main__":
    main()
