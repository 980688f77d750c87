"""The page of a run as its reader finds it, in a real browser, while the log grows, is cut, and ends."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accessible import faults
from latente.errors import TrainingError
from latente.sheets import save_png
from latente.training import Run
from latente.watching import served

HOSTILE = "</script><img src=x onerror=document.title=1>"
OBJECTIVE = "figure[data-term=objective]"


class Page:
    """A run's page that is open in the browser, and whatever it asked for or complained about."""

    def __init__(self, browser: Any, address: str, width: int = 1200) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800})
        self.context.set_default_timeout(120_000)  # of a machine that has other things to do
        self.tab = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.add_init_script("const slow = setTimeout; window.setTimeout = (act, wait) => slow(act, wait / 20);")
        self.tab.goto(address)

    def wait_for(self, text: str, place: str) -> None:
        """Wait until a text stands in a place."""
        self.tab.locator(place).filter(has_text=text).wait_for()

    def text(self, place: str) -> str:
        return " ".join(self.tab.locator(place).inner_text().split())

    def points(self, part: str = "train", chart: str = OBJECTIVE) -> np.ndarray:
        """Where on a chart the points of a curve are, (N, 2) in pixels."""
        drawn = self.tab.locator(f"{chart} path.{part}").get_attribute("d")
        return np.array([point.split(",") for point in re.split("[ML]", drawn)[1:]], dtype=float)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    data = {"name": HOSTILE, "train_count": 1298}
    return Run.create(tmp_path / "run", {"model": "vae", "options": {"epochs": 4}, "data": data, "device": "cpu"})


@pytest.fixture
def opened(browser: Any, run: Run) -> Iterator[Page]:
    with served(run) as address:
        page = Page(browser, address)
        yield page
        assert page.complaints == []
        assert all(url.startswith((address, "data:")) for url in page.requests)
        page.context.close()


def log(run: Run, values: Sequence[float], first: int = 1) -> None:
    """Write a training line for each value, ten steps apart, of which four make an epoch."""
    for k, value in enumerate(values, first):
        speed = {"learning_rate": 0.001, "images_per_second": 1234.0 + k, "seconds": 0.1, "time": 1e9 + k}
        run.log({"part": "train", "epoch": (k + 3) // 4, "step": 10 * k, "steps": 160, "loss": value, **speed})


def judge(run: Run, epoch: int, objective: float) -> None:
    run.log({"part": "validation", "epoch": epoch, "step": 40 * epoch, "steps": 160, "objective": objective})


def test_the_curves_grow_while_the_log_does(run: Run, opened: Page) -> None:
    opened.wait_for("Not begun yet", "#state")
    with run.held():
        run.tell(20, 160)
        log(run, [8.0, 6.0])
        opened.wait_for("training 6 (step 20)", OBJECTIVE)
        opened.wait_for("Training", "#state")
        assert len(opened.points()) == 2
        log(run, [4.0, 2.0, 1.0], first=3)
        judge(run, 1, 2.5)
        opened.wait_for("training 1 (step 50) · validation 2.5 (epoch 1) · dotted: best epoch 1", OBJECTIVE)
        x, y = opened.points().T
        assert np.allclose(np.diff(x), np.diff(x)[0], atol=0.11)
        drops = np.diff(y)  # in proportion to the values, downwards
        np.testing.assert_allclose(drops / drops[0], [1, 1, 1, 0.5], atol=0.02)
        [[x_judged, y_judged]] = opened.points("validation")
        assert x_judged == x[3]
        assert y[2] < y_judged < y[3]
        opened.wait_for("epoch 2 of 4", "#where")
        opened.wait_for("1,239", "#tiles")
        assert opened.text("#tiles") == "Step 50 of 160 Speed 1,239 images per second Best epoch 1 objective 2.5"
    assert opened.tab.locator("figure.chart").count() == 1  # neither a flat learning rate nor the speed has one


def test_it_says_everything_in_the_language_asked_for(browser: Any, run: Run) -> None:
    with served(run, language="es") as address, contextlib.closing(Page(browser, address).context) as context:
        [tab] = context.pages
        with run.held():
            run.tell(20, 160)
            log(run, [8.0, 0.5])
            tab.get_by_text("entrenamiento 0,5 (paso 20)").wait_for()
            tiles = " ".join(tab.locator("#tiles").inner_text().split())
            assert tiles == "Paso 20 de 160 Velocidad 1236 imágenes por segundo"
            assert tab.locator("#model").inner_text() == "Autoencoder variacional"
            assert faults(tab) == []


def test_a_logarithmic_axis_is_chosen_where_values_span_it_and_can_be_chosen(run: Run, opened: Page) -> None:
    log(run, [1000.0, 100.0, 10.0, 1.0])
    opened.wait_for("(step 40)", OBJECTIVE)
    button = opened.tab.locator(f"{OBJECTIVE} button")
    assert button.get_attribute("aria-pressed") == "true"
    y = opened.points()[:, 1]
    np.testing.assert_allclose(np.diff(y), np.diff(y)[0], atol=0.21)
    button.click()
    y = opened.points()[:, 1]
    assert (button.get_attribute("aria-pressed"), y[1] - y[0] > 8 * (y[2] - y[1])) == ("false", True)
    log(run, [-1.0], first=5)
    opened.wait_for("training -1 (step 50)", OBJECTIVE)
    assert button.is_disabled()


def test_what_is_under_the_pointer_is_told_in_words(run: Run, opened: Page) -> None:
    log(run, np.linspace(8, 1, 15).tolist())
    judge(run, 1, 6.5)
    judge(run, 2, 4.5)
    opened.wait_for("(step 150)", OBJECTIVE)
    frame = opened.tab.locator(f"{OBJECTIVE} svg").bounding_box()
    x, _ = opened.points()[3]
    opened.tab.mouse.move(frame["x"] + x, frame["y"] + 50)
    opened.wait_for("training 6.5 (step 40) · validation 6.5 (epoch 1)", OBJECTIVE)
    opened.tab.mouse.move(0, 0)
    opened.wait_for("training 1 (step 150) · validation 4.5 (epoch 2)", OBJECTIVE)


def test_a_log_that_a_resumed_training_cuts_is_drawn_anew(run: Run, opened: Page) -> None:
    log(run, [5.0, 4.0])
    size = run.metrics_size()
    log(run, [3.0, 2.0, 1.0], first=3)
    judge(run, 1, 0.5)
    opened.wait_for("(step 50)", OBJECTIVE)
    assert len(opened.points()) == 5
    run.cut_metrics(size)
    log(run, [3.5], first=3)
    opened.wait_for("training 3.5 (step 30)", OBJECTIVE)
    assert len(opened.points()) == 3
    opened.wait_for("30", "#tiles div:first-child .value")
    assert "Best epoch" not in opened.text("#tiles")


def test_a_long_log_is_thinned_and_keeps_its_extremes(run: Run, opened: Page) -> None:
    values = np.random.default_rng(0).uniform(1, 2, 20_000)
    values[7777], values[15555] = 5.0, 0.3
    lines = [{"part": "train", "epoch": 1, "step": k + 1, "loss": value} for k, value in enumerate(values.tolist())]
    run.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    opened.wait_for("(step 20,000)", OBJECTIVE)
    points = opened.points()
    assert len(points) < 2500
    highest, lowest = points[points[:, 1].argmin()], points[points[:, 1].argmax()]
    assert highest[0] < lowest[0]
    assert np.diff(points[:, 0]).min() >= -1  # within a column of pixels both stand as they came


def test_the_newest_picture_is_shown_until_another_is_chosen(run: Run, opened: Page) -> None:
    for step in (40, 80):
        save_png(np.full((20, 40), step, np.uint8), run.samples / f"step-{step:09d}.png")
    opened.wait_for("after step 80, picture 2 of 2", "#caption")
    opened.tab.locator("#chosen").fill("0")
    assert opened.text("#caption").endswith("after step 40, picture 1 of 2")
    save_png(np.full((20, 40), 120, np.uint8), run.samples / "step-000000120.png")
    opened.wait_for("after step 40, picture 1 of 3", "#caption")
    opened.tab.locator("#chosen").fill("2")
    save_png(np.full((20, 40), 160, np.uint8), run.samples / "step-000000160.png")
    opened.wait_for("after step 160, picture 4 of 4", "#caption")
    assert opened.tab.locator("#picture").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 40


def test_a_failed_training_says_why_and_how_to_go_on(run: Run, opened: Page) -> None:
    with contextlib.suppress(TrainingError), run.held():
        run.tell(20, 160)
        raise TrainingError(f"loss is not finite at step 21 {HOSTILE}")
    opened.wait_for("Failed", "#state")
    assert opened.text("#error") == f"loss is not finite at step 21 {HOSTILE}"
    assert opened.text("#advice") == f"Go on from its last checkpoint: latente resume {run.path}"
    assert opened.text("h1") == f"Variational autoencoder on {HOSTILE}"
    assert opened.tab.title() == f"Failed · {run.path}"


def test_a_finished_training_leads_to_its_report_whose_scripts_do_not_run(run: Run, opened: Page) -> None:
    with run.held():
        run.tell(160, 160)
    (run.path / "report.html").write_text("<h1>Is it good?</h1><script>document.title = 'ran'</script>")
    opened.wait_for("Finished", "#state")
    opened.tab.locator("#advice a").click()
    opened.wait_for("Is it good?", "h1")
    assert opened.tab.title() != "ran"
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)
    opened.complaints.clear()


def test_the_page_says_when_nobody_answers_any_more_and_how_to_look_again(browser: Any, run: Run) -> None:
    with served(run) as address:
        page = Page(browser, address)
        with run.held():
            run.tell(160, 160)
            log(run, [1.0])
        page.wait_for("Finished", "#state")
    page.wait_for("The training has ended", "#gone")
    assert page.text("#gone").endswith(f"To look again: latente watch {run.path}")
    assert page.text("#state") == "Finished"
    with served(run, int(address.rstrip("/").rpartition(":")[2])):
        page.tab.locator("#gone").wait_for(state="hidden")
    page.context.close()


@pytest.mark.parametrize("width", [400, 1400])
def test_no_width_makes_the_page_scroll_sideways(browser: Any, run: Run, width: int) -> None:
    log(run, [123456.7, 1.0])
    save_png(np.zeros((50, 900), np.uint8), run.samples / "step-000000040.png")
    with served(run) as address:
        page = Page(browser, address, width)
        page.wait_for("(step 20)", OBJECTIVE)
        assert page.tab.evaluate("document.documentElement.scrollWidth") == width
        page.context.close()
