"""An explorer that is open in a real browser, as several test files look at it."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLOSE = 2  # of 255: how far the page's decoder may be from Python's


class Page:
    """An explorer that is open in the browser, and whatever it asked for or complained about."""

    def __init__(
        self, browser: Any, path: Path, ready: str = "html[data-decoder]", script: str = "", **options: Any
    ) -> None:
        """ready: what is there when the page is. script: runs before those of the page."""
        self.context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **options})
        self.context.set_default_timeout(120_000)  # of a machine that has other things to do
        self.tab = self.context.new_page()
        self.tab.add_init_script(script)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.goto(path.as_uri())
        self.tab.wait_for_selector(ready)
        self.pictures = self.tab.locator("#pictures").input_value()  # when they are drawn, if nobody says when
        self.tab.select_option("#pictures", "never")

    def settle(self) -> None:
        """Wait until all that was asked for is drawn."""
        self.tab.evaluate(
            """async () => {
              const frame = () => new Promise((done) => requestAnimationFrame(done));
              const { large, beside, desk, map } = explorer;
              const isBusy = () => [large, beside, desk.shown].some((each) => each.busy);
              do await frame(); while (isBusy() || map.waiting || map.thumbs.loading);
            }"""
        )

    def point_at(self, place: np.ndarray) -> tuple[float, float]:
        """Move the pointer to a place of the map, and return where on the screen that is."""
        self.tab.locator("#overlay").scroll_into_view_if_needed()
        x, y = self.tab.evaluate(
            """([x, y]) => {
              const frame = explorer.map.overlay.getBoundingClientRect();
              const [px, py] = explorer.map.view.toScreen(x, y);
              return [frame.left + px, frame.top + py];
            }""",
            [float(value) for value in place],
        )
        self.tab.mouse.move(x, y)
        self.settle()
        return x, y

    def slide(self, slider: str, value: float) -> None:
        self.tab.locator(f"[data-slider={slider}]").fill(str(value))
        self.settle()

    def picture(self, name: str) -> np.ndarray:
        """The pixels of a canvas (h, w, 3)."""
        address = self.tab.locator(f"#{name}").evaluate("canvas => canvas.toDataURL('image/png')")
        with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as picture:
            rgba = np.asarray(picture.convert("RGBA"))
        assert (rgba[..., 3] == 255).all()
        return rgba[..., :3]

    @property
    def code(self) -> np.ndarray:
        """The code whose picture is the large one."""
        return np.array(json.loads(self.tab.locator("#decoded").get_attribute("data-code")), np.float32)

    def text(self, selector: str) -> str:
        return self.tab.locator(selector).inner_text()

    def start_again(self) -> None:
        """Bring everything back to how it is when the page opens."""
        self.tab.mouse.move(0, 0)
        self.tab.evaluate(
            """() => {
              for (const id of ["mean", "clear", "release", "keep-all", "reset"]) document.getElementById(id).click();
              for (const on of document.querySelectorAll("[aria-pressed=true]")) on.click();
              const colour = document.getElementById("colour-by");
              colour.value = explorer.data.start;
              colour.dispatchEvent(new Event("change"));
              const pictures = document.getElementById("pictures");
              pictures.value = "never";
              pictures.dispatchEvent(new Event("change"));
              scrollTo(0, 0);
            }"""
        )
        self.complaints.clear()
        self.settle()


def close(picture: np.ndarray, expected: np.ndarray) -> None:
    """Both (h, w, 3) or, of grey images, (h, w, 1)."""
    assert picture.shape[:2] == expected.shape[:2]
    assert np.abs(picture.astype(int) - expected.astype(int)).max() <= CLOSE
