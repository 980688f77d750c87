"""The explorer as its reader finds it, in a real browser: what is shown is what the model decodes in Python."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accessible import faults
from browsing import Page, close
from latente.estimators import Autoencoder, StackedAutoencoderClassifier, VariationalAutoencoder
from latente.evidence import Selection
from latente.explorer import write_explorer, writing
from latente.explorer.collection import Collection
from latente.explorer.page import runtime
from latente.explorer.space import Space, space_of
from latente.explorer.survey import Survey, survey
from latente.images import Images, open_images
from latente.latents import learn_direction

HOSTILE = "</script><img src=x onerror=document.title=1>"


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model, its images, and what Python says of them."""

    run: Path
    images: Images
    seen: Survey
    space: Space

    @property
    def points(self) -> np.ndarray:
        """Where on the map the images are: the codes themselves, or their projection."""
        return (self.seen.codes - self.space.origin) @ self.space.axes.T

    def name(self, i: int) -> str:
        return self.images.files[i] if self.images.files else f"#{i}"

    def neighbours(self, i: int) -> list[int]:
        """The images whose codes are nearest to that of image i, the nearest first."""
        distances = np.linalg.norm(self.seen.codes.astype(np.float64) - self.seen.codes[i], axis=1)
        distances[i] = np.inf
        return [int(k) for k in np.argsort(distances)[:12]]

    def page(self, live: bool, language: str = "en") -> Path:
        out = self.run / f"{'live' if live else 'atlas'}-{language}.html"
        if live and runtime() is None:
            pytest.skip("needs the built front end: make web")
        if not out.exists():
            write_explorer(self.run, self.images, out, atlas=not live, language=language)
        return out


def _subject(run: Path, model: Any, images: Images) -> Subject:
    from latente.latents import to_two_dimensions

    seen = survey(model, Collection.of(Selection(images, np.arange(len(images)), "images")))
    return Subject(run, images, seen, space_of(seen.codes, to_two_dimensions(seen.codes)))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A code of two numbers: the map is the code."""
    run, images = tmp_path_factory.mktemp("digits") / "run", open_images("digits", count=300)
    model = VariationalAutoencoder(latent_dim=2, network="dense", hidden=(16,), epochs=3, out=run, random_state=0)
    return _subject(run, model.fit(images), images)


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Squares in colour, of a convolutional network with a longer code, with attributes, files and hostile names."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 60, (120, 3, 16, 16), dtype=np.uint8)
    red, large = rng.random(120) < 0.5, rng.random(120) < 0.5
    for image, is_red, is_large in zip(pixels, red, large, strict=True):
        side = 12 if is_large else 5
        image[:, 2 : 2 + side, 2 : 2 + side] = np.array([250, 40, 40] if is_red else [40, 60, 250])[:, None, None]
    columns = {
        "label": red.astype(np.int64),
        "attributes": np.where(np.stack([red, large], axis=1), 1, -1).astype(np.int8),
    }
    images = Images(
        pixels,
        columns,
        name=HOSTILE,
        label_names=("blue", HOSTILE),
        attribute_names=("red", "large"),
        files=tuple(f'{k} "quoted", with comma.png' for k in range(120)),
    )
    run = tmp_path_factory.mktemp("squares") / "run"
    options = {"network": "conv", "hidden": (8, 8), "latent_dim": 20, "epochs": 2, "random_state": 0}
    return _subject(run, Autoencoder(out=run, **options).fit(images), images)


@pytest.fixture(scope="module")
def pages(browser: Any) -> Iterator[dict[Any, Page]]:
    opened: dict[Any, Page] = {}
    yield opened
    for page in opened.values():
        page.context.close()


@pytest.fixture
def visit(browser: Any, pages: dict[Any, Page]) -> Any:
    """Open a page, or find it as it was when it was opened: starting the decoder anew each time would take long."""

    def visit(path: Path, **options: Any) -> Page:
        key = (path, *options.items())
        if str(key) not in pages:
            pages[str(key)] = Page(browser, path, **options)
        else:
            pages[str(key)].start_again()
        return pages[str(key)]

    return visit


def _apart(subject: Subject) -> int:
    """The image whose point is farthest from all other points, so that a pointer there means no other."""
    points = subject.points / subject.points.std(axis=0)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1) + 9 * np.eye(len(points))
    within = (np.abs(points - points.mean(axis=0)) < 2.5).all(axis=1)
    return int(np.argmax(distances.min(axis=1) * within))


@pytest.mark.parametrize("subject", ["digits", "squares"])
def test_the_pointer_decodes_the_code_under_it(visit: Any, subject: str, request: pytest.FixtureRequest) -> None:
    subject = request.getfixturevalue(subject)
    page = visit(subject.page(live=True))
    for place in subject.points[:3]:
        page.point_at(place)
        assert page.text("#decoded-what") == "Under the pointer"
        expected = subject.space.codes_at(place[None])
        np.testing.assert_allclose(page.code, expected[0], atol=2e-3 * np.abs(subject.seen.codes).max())
        close(page.picture("decoded"), subject.seen.decoded(page.code[None])[0])
    assert page.complaints == []


@pytest.mark.parametrize("live", [True, False], ids=["live", "atlas"])
def test_the_condition_of_a_code_stands_beside_its_picture(
    visit: Any, live: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run, images = tmp_path_factory.mktemp("flow") / "run", open_images("flow", count=40)
    options = {"latent_dim": 2, "network": "dense", "hidden": (16,), "epochs": 3, "random_state": 0}
    model = VariationalAutoencoder(condition="joint", out=run, **options).fit(images)
    flows = _subject(run, model, images)
    page = visit(flows.page(live))
    page.point_at(flows.points[3])
    # an atlas has the nearest of 24 places along either axis
    code = page.code[None] if live else _nearest_place(flows, page.code)
    expected = dict(zip(images.condition_names, model.decode(code).conditions[0], strict=True))
    rows = page.tab.locator("#decoded-conditions div").all()
    told = {row.locator("dt").inner_text(): float(row.locator("dd").inner_text()) for row in rows}
    assert told == pytest.approx(expected, rel=1e-3)
    assert page.complaints == []


def _nearest_place(subject: Subject, code: np.ndarray) -> np.ndarray:
    low, high = ([subject.space.bounds[name] for name in names] for names in (("left", "bottom"), ("right", "top")))
    steps = np.round((code - low) / np.subtract(high, low) * 23) / 23
    return (low + steps * np.subtract(high, low)).astype(np.float32)[None]


@pytest.mark.parametrize("subject", ["digits", "squares"])
def test_a_slider_moves_its_dimension_and_no_other(visit: Any, subject: str, request: pytest.FixtureRequest) -> None:
    subject = request.getfixturevalue(subject)
    page = visit(subject.page(live=True))
    before, space = subject.space.mean.astype(np.float32), subject.space
    np.testing.assert_allclose(page.code, before, atol=1e-5)
    d = int(space.order[1])
    page.slide(f"dimension-{d}", -1.5)
    expected = before - 1.5 * space.spread[d] * np.eye(len(before), dtype=np.float32)[d]
    np.testing.assert_allclose(page.code, expected, atol=1e-4)
    close(page.picture("decoded"), subject.seen.decoded(expected[None])[0])
    page.tab.locator("#mean").click()
    page.settle()
    np.testing.assert_allclose(page.code, before, atol=1e-5)


def test_more_dimensions_than_sliders_are_shown_on_request(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=True))
    sliders = page.tab.locator("#dimensions input")
    names = [f"dimension-{d}" for d in squares.space.order if squares.space.spread[d] > 0]
    assert sliders.count() == 16 < len(names)
    page.tab.locator("#more").click()
    assert [slider.get_attribute("data-slider") for slider in sliders.all()] == names
    assert not page.tab.locator("#more").is_visible()


def test_the_slider_of_an_attribute_moves_the_code_along_its_direction(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=True))
    values = squares.images.columns["attributes"][:, 1]
    vector = learn_direction(squares.seen.codes, values, attribute="large").vector
    page.slide("direction-1", 1.25)
    expected = (squares.space.mean + 1.25 * vector).astype(np.float32)
    np.testing.assert_allclose(page.code, expected, atol=1e-4)
    close(page.picture("decoded"), squares.seen.decoded(expected[None])[0])


@pytest.mark.parametrize("live", [True, False], ids=["live", "atlas"])
@pytest.mark.parametrize("subject", ["digits", "squares"])
def test_a_point_shows_its_image_and_what_its_code_decodes_to(
    visit: Any, subject: str, live: bool, request: pytest.FixtureRequest
) -> None:
    subject = request.getfixturevalue(subject)
    page = visit(subject.page(live))
    i = _apart(subject)
    page.point_at(subject.points[i])
    assert page.text("#near-title") == subject.name(i)
    shown = np.broadcast_to(subject.seen.originals(np.array([i]))[0], page.picture("near-image").shape)
    np.testing.assert_array_equal(page.picture("near-image"), shown)
    close(page.picture("near-decoded"), subject.seen.decoded(subject.seen.codes[[i]])[0])
    label = subject.images.labels[i]
    assert (subject.images.label_names or [str(k) for k in range(10)])[label] in page.text("#near-facts")
    assert float(page.text("#near-facts dd >> nth=0")) == pytest.approx(subject.seen.errors[i], rel=0.01)


def test_a_click_takes_the_code_of_a_point_to_the_sliders(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=True))
    i = _apart(squares)
    x, y = page.point_at(squares.points[i])
    page.tab.mouse.click(x, y)
    page.settle()
    assert page.text("#decoded-what") == squares.name(i)
    np.testing.assert_allclose(page.code, squares.seen.codes[i], atol=1e-6)
    d = int(squares.space.order[0])
    value = float(page.tab.locator(f"[data-slider=dimension-{d}]").input_value())
    expected = (squares.seen.codes[i, d] - squares.space.mean[d]) / squares.space.spread[d]
    assert value == pytest.approx(np.clip(expected, -3, 3), abs=0.02)


@pytest.mark.parametrize("live", [True, False], ids=["live", "atlas"])
def test_a_lasso_selects_what_it_surrounds_and_downloads_the_list(
    visit: Any, squares: Subject, live: bool, tmp_path: Path
) -> None:
    page = visit(squares.page(live))
    low, high = np.quantile(squares.points, [0.2, 0.7], axis=0)
    inside = np.flatnonzero(((squares.points > low) & (squares.points < high)).all(axis=1))
    page.tab.locator("#lasso").click()
    page.point_at(low)
    page.tab.mouse.down()
    for corner in ((high[0], low[1]), high, (low[0], high[1])):
        page.point_at(np.array(corner))
    page.tab.mouse.up()
    page.settle()
    assert page.text("#selection-count") == f"{len(inside)} images selected"
    page.tab.wait_for_selector(f"#thumbnails button >> nth={min(60, len(inside)) - 1}")
    with page.tab.expect_download() as download:
        page.tab.locator("#download").click()
    download.value.save_as(tmp_path / "list.csv")
    with open(tmp_path / "list.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == inside.tolist()
    assert [row["file"] for row in rows] == [squares.images.files[i] for i in inside]
    assert [row["label"] for row in rows] == [squares.images.label_names[squares.images.labels[i]] for i in inside]
    np.testing.assert_allclose([float(row["error"]) for row in rows], squares.seen.errors[inside], rtol=1e-4)
    page.tab.locator("#clear").click()
    assert not page.tab.locator("#selection").is_visible()


def _drawn(page: Page) -> int:
    """How many pixels of the map are neither ground nor grid."""
    page.settle()
    colours, counts = np.unique(page.picture("map").reshape(-1, 3), axis=0, return_counts=True)
    saturated = np.ptp(colours.astype(int), axis=1) > 60
    return int(counts[saturated].sum())


def test_a_click_keeps_an_image_in_its_panel_with_its_neighbours(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=True))
    i = _apart(squares)
    x, y = page.point_at(squares.points[i])
    page.tab.mouse.click(x, y)
    page.settle()
    row = page.tab.locator("#neighbours-row button")
    nearest = squares.neighbours(i)

    def named() -> list[str]:
        return [button.get_attribute("aria-label").rpartition(", error ")[0] for button in row.all()]

    assert named() == [squares.name(k) for k in nearest]
    found = page.picture("neighbours-row button >> nth=2 >> canvas")
    np.testing.assert_array_equal(found, squares.seen.originals(np.array(nearest[2:3]))[0])
    page.point_at(squares.points[nearest[5]])
    assert page.text("#near-title") == squares.name(i)
    row.nth(2).click()
    page.settle()
    assert page.text("#near-title") == squares.name(nearest[2])
    assert named() == [squares.name(k) for k in squares.neighbours(nearest[2])]
    np.testing.assert_allclose(page.code, squares.seen.codes[nearest[2]], atol=1e-6)
    page.tab.keyboard.press("Enter")  # the first neighbour has the focus
    page.settle()
    assert page.text("#near-title") == squares.name(squares.neighbours(nearest[2])[0])
    page.tab.locator("#release").click()
    page.point_at(squares.points[i])
    assert page.text("#near-title") == squares.name(i)
    assert not page.tab.locator("#neighbours").is_visible()


def test_an_image_is_found_by_a_part_of_its_name(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=False))
    page.tab.evaluate("explorer.map.zoom(40)")
    page.tab.locator("#find").fill("11")
    page.settle()
    names = [squares.name(k) for k in (11, *range(110, 120))]
    assert page.tab.locator("#selection-rows .link").all_inner_texts() == names
    assert page.text("#to-selection") == "11 images selected"
    for k in (11, 110):
        page.tab.keyboard.press("Enter")
        page.settle()
        assert page.text("#near-title") == squares.name(k)
        assert page.tab.evaluate("([x, y]) => explorer.map.view.shows(x, y)", squares.points[k].tolist())
    page.tab.locator("#find").fill("no such name")
    assert "No name" in page.text("#found")
    assert not page.tab.locator("#selection").is_visible()


def test_images_without_names_are_found_by_their_numbers(visit: Any, digits: Subject) -> None:
    page = visit(digits.page(live=False))
    page.tab.locator("#find").fill("22")
    page.settle()
    listed = page.tab.locator("#selection-rows .link").all_inner_texts()
    assert listed == ["#22", "#122", *(f"#{k}" for k in range(220, 230))]
    page.tab.keyboard.press("Enter")
    page.settle()
    assert page.text("#near-title") == "#22"


def test_the_twenty_worst_images_are_listed_and_sorted_by_name(visit: Any, squares: Subject, tmp_path: Path) -> None:
    page = visit(squares.page(live=False))
    worst = np.argsort(-squares.seen.errors)[:20]
    page.tab.locator("#worst").click()
    page.settle()
    rows = page.tab.locator("#selection-rows .link")
    assert rows.all_inner_texts() == [squares.name(k) for k in worst]
    assert float(page.text("#selection-rows td >> nth=2")) == pytest.approx(squares.seen.errors[worst[0]], rel=0.01)
    marked = page.tab.evaluate("Array.from(explorer.map.scatter.marked)")
    assert np.flatnonzero(marked).tolist() == np.sort(worst).tolist()
    name = page.tab.locator("[data-order=name]")
    for order, rank in (("ascending", np.sort(worst)), ("descending", -np.sort(-worst))):
        name.locator("button").click()
        page.settle()
        assert name.get_attribute("aria-sort") == order
        assert rows.all_inner_texts() == [squares.name(k) for k in rank]
    with page.tab.expect_download() as download:
        page.tab.locator("#download").click()
    download.value.save_as(tmp_path / "list.csv")
    with open(tmp_path / "list.csv", newline="", encoding="utf-8") as file:
        assert [int(row["index"]) for row in csv.DictReader(file)] == rank.tolist()


def test_images_are_left_out_and_both_lists_downloaded_and_opened_again(
    visit: Any, squares: Subject, tmp_path: Path
) -> None:
    page = visit(squares.page(live=False))
    order = np.argsort(-squares.seen.errors)
    page.tab.locator("#worst").click()
    page.tab.locator("#leave-all").click()
    page.settle()
    page.tab.locator("#selection-rows input >> nth=3").uncheck()
    page.settle()
    page.tab.evaluate(f"explorer.hold({int(order[50])})")
    page.tab.locator("#leave").click()
    assert page.text("#leave") == "Keep"
    left = sorted({*order[:20].tolist(), int(order[50])} - {int(order[3])})
    assert page.text("#left-out-count") == "20 of 120 images left out"
    for button, expected in (("left", left), ("kept", sorted(set(range(120)) - set(left)))):
        with page.tab.expect_download() as download:
            page.tab.locator(f"#save-{button}").click()
        download.value.save_as(tmp_path / f"{button}.txt")
        lines = (tmp_path / f"{button}.txt").read_text(encoding="utf-8").splitlines()
        assert lines == [squares.name(k) for k in expected]
    page.tab.locator("#worst").click()
    page.settle()
    kept = [k for k in order if k not in left][:20]
    assert page.tab.locator("#selection-rows .link").all_inner_texts() == [squares.name(k) for k in kept]
    page.tab.locator("#keep-all").click()
    assert page.text("#left-out-count") == "No image is left out"
    with open(tmp_path / "left.txt", "a", encoding="utf-8") as file:
        file.write("a name of another set.png\n")
    page.tab.locator("#list-file").set_input_files(tmp_path / "left.txt")
    page.tab.wait_for_selector("#list-told:not(:empty)")
    assert page.text("#list-told") == "left.txt: 20 of 120 images left out; 1 of its lines name none of this page."
    assert sorted(page.tab.evaluate("[...explorer.desk.left.images]")) == left


def test_points_are_coloured_by_class_attribute_or_error(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=True))
    options = page.tab.locator("#colour-by option").all_inner_texts()
    assert options == ["squared error", "class", "red", "large"]
    both = _drawn(page)
    page.tab.locator("#legend button >> nth=0").click()  # brings out one of the two classes
    assert 0.1 * both < _drawn(page) < 0.9 * both
    page.tab.select_option("#colour-by", "large")
    assert page.tab.locator("#legend").all_inner_texts() == ["without\nwith"]
    page.tab.select_option("#colour-by", "squared error")
    assert page.tab.locator("#legend .ramp").count() == 1
    assert _drawn(page) > 0


def test_the_map_zooms_about_the_pointer_and_pans_with_a_drag(visit: Any, digits: Subject) -> None:
    page = visit(digits.page(live=False))
    x, y = page.point_at(digits.points[0])
    page.tab.mouse.wheel(0, -500)
    page.settle()
    assert page.tab.evaluate("explorer.map.view.zoom") > 1.5
    np.testing.assert_allclose(page.point_at(digits.points[0]), (x, y), atol=1.1)
    page.tab.mouse.down()
    page.tab.mouse.move(x + 30, y + 10)
    page.tab.mouse.move(x + 60, y + 20)
    page.tab.mouse.up()
    np.testing.assert_allclose(page.point_at(digits.points[0]), (x + 60, y + 20), atol=1.1)
    page.tab.locator("#reset").click()
    np.testing.assert_allclose(page.point_at(digits.points[0]), (x, y), atol=1.1)


def test_whole_shows_the_farthest_outlier(visit: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 40, (1_500, 1, 8, 8), dtype=np.uint8)
    pixels[700] = 255
    options = {"latent_dim": 2, "network": "dense", "hidden": (4,), "epochs": 1, "random_state": 0}
    model = Autoencoder(out=tmp_path / "run", **options).fit(pixels)
    subject = _subject(tmp_path / "run", model, Images(pixels))
    page = visit(subject.page(live=False))
    assert page.pictures == "always"  # nothing else is known of these images
    assert page.tab.evaluate("explorer.map.view.zoom") == 1

    def seen() -> list[bool]:
        return page.tab.evaluate(
            "places => places.map(([x, y]) => explorer.map.view.shows(x, y))", subject.points.tolist()
        )

    before = np.array(seen())
    assert not before[700]
    assert before.mean() > 0.99
    assert page.text("#outside").startswith(f"{(~before).sum()} image")
    page.tab.locator("#reset").click()
    assert all(seen())
    page.point_at(subject.points[700])
    assert page.text("#near-title") == "#700"


def test_pictures_take_the_place_of_points_without_covering_each_other(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=False))
    assert page.pictures == "near"
    page.tab.select_option("#pictures", "always")
    page.settle()

    def drawn() -> tuple[list[int], np.ndarray]:
        images = page.tab.evaluate("explorer.map.thumbs.drawn")
        places = page.tab.evaluate(
            "all => all.map(([x, y]) => explorer.map.view.toScreen(x, y))", squares.points[images].tolist()
        )
        return images, np.array(places).reshape(-1, 2)

    images, places = drawn()
    side = page.tab.evaluate("explorer.map.thumbs.side")
    apart = np.abs(places[:, None] - places[None]).max(-1) + 1e9 * np.eye(len(images))
    assert 4 <= len(images) < 120
    assert apart.min() >= side
    points = page.picture("map")
    ratio = points.shape[1] / page.tab.evaluate("explorer.map.view.width")
    for i, (x, y) in zip(images, np.round(places * ratio).astype(int), strict=True):
        if not (side < x < points.shape[1] - side and side < y < points.shape[0] - side):
            continue
        middle = squares.images.pixels[i, :, 6:10, 6:10].astype(int)
        low, high = middle.min((1, 2)), middle.max((1, 2))
        assert ((points[y, x] >= low - 1) & (points[y, x] <= high + 1)).all()
    page.tab.locator("#reset").click()
    page.tab.select_option("#pictures", "near")
    page.settle()
    assert drawn()[0] == []  # four would stand for all
    i = _apart(squares)
    page.tab.evaluate(
        "([x, y]) => { Object.assign(explorer.map.view, { x, y }); explorer.map.zoom(300); }",
        squares.points[i].tolist(),
    )
    page.settle()
    images, places = drawn()
    assert i in images
    corner = places[images.index(i)] + 0.45 * side
    page.point_at(page.tab.evaluate("([x, y]) => explorer.map.view.toPlane(x, y)", corner.tolist()))
    assert page.text("#near-title") == squares.name(i)
    page.tab.locator("#reset").click()
    page.tab.select_option("#pictures", "never")
    page.settle()
    assert drawn()[0] == []


def test_seventy_thousand_points_are_drawn_anew_in_every_frame_of_a_drag(
    browser: Any, digits: Subject, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Page(browser, digits.page(live=False))
    drawn, seconds = page.tab.evaluate(
        """async () => {
          const { map } = explorer;
          const points = Float32Array.from({ length: 140_000 }, () => Math.random() - 0.5);
          map.scatter = new map.scatter.constructor(points);
          map.gesture = "pan";
          const before = map.drawn;
          const start = performance.now();
          for (let k = 0; k < 60; k++) {
            map.view.pan(2, 1);
            map.redraw();
            await new Promise((done) => requestAnimationFrame(done));
          }
          return [map.drawn - before, (performance.now() - start) / 1000];
        }"""
    )
    page.context.close()
    assert drawn == 60
    with capsys.disabled():
        print(f"\n70,000 points, drawn in software: {drawn / seconds:.0f} frames a second")


def test_everything_can_be_done_with_the_keyboard(visit: Any, digits: Subject) -> None:
    page = visit(digits.page(live=True))
    page.tab.locator("#overlay").focus()
    page.tab.keyboard.press("ArrowRight")
    page.settle()
    first = page.code
    page.tab.keyboard.press("Shift+ArrowRight")
    page.settle()
    assert page.code[0] > first[0]
    assert page.code[1] == pytest.approx(first[1], abs=1e-5)
    page.tab.keyboard.press("Enter")
    slider = page.tab.locator("[data-slider=dimension-0]")
    slider.focus()
    before = float(slider.input_value())
    page.tab.keyboard.press("ArrowRight")
    assert float(slider.input_value()) > before
    assert slider.get_attribute("aria-valuetext")
    names = page.tab.locator("button:visible, select:visible, input:visible, canvas[tabindex]").evaluate_all(
        "all => all.map(one => one.ariaLabel || one.innerText || one.labels?.[0]?.innerText)"
    )
    assert all(names)


@pytest.mark.parametrize(("live", "scheme"), [(True, "light"), (False, "dark")], ids=["live", "atlas"])
def test_a_telephone_shows_all_of_it_in_one_column(visit: Any, squares: Subject, live: bool, scheme: str) -> None:
    page = visit(
        squares.page(live), viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True, color_scheme=scheme
    )
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 400
    page.tab.locator("#overlay").scroll_into_view_if_needed()
    for name in ("#overlay", "#decoded", "#colour-by", "#find", "#worst", "#lasso", "#dimensions input >> nth=0"):
        box = page.tab.locator(name).bounding_box()
        assert box is not None, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 400, name
    ground = page.picture("map")[0, 0]
    assert (ground.mean() > 128) == (scheme == "light")


def test_a_walk_in_spanish_meets_no_fault(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(False, "es"), viewport={"width": 400, "height": 800})
    assert page.text("#left-out-count") == "Ninguna imagen apartada"
    assert faults(page.tab) == []
    page.tab.locator("#find").fill("11")  # lists what is found, and shows the first
    page.tab.keyboard.press("Enter")
    page.settle()
    assert page.text("#to-selection") == "11 imágenes seleccionadas"
    assert faults(page.tab) == []


def test_one_finger_decodes_and_two_zoom(visit: Any, digits: Subject) -> None:
    page = visit(digits.page(live=True), viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    page.tab.locator("#overlay").scroll_into_view_if_needed()
    box = page.tab.locator("#overlay").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    start, session = page.code, page.context.new_cdp_session(page.tab)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.settle()

    touch("touchStart", (x, y))
    touch("touchMove", (x + 60, y))
    assert page.text("#decoded-what") == "Under the pointer"
    touch("touchEnd")
    assert page.text("#decoded-what") == "Where the sliders are"
    assert page.code[0] > start[0]
    close(page.picture("decoded"), digits.seen.decoded(page.code[None])[0])
    assert page.tab.evaluate("explorer.map.view.zoom") == 1
    touch("touchStart", (x - 30, y), (x + 30, y))
    touch("touchMove", (x - 60, y), (x + 60, y))
    touch("touchEnd")
    assert page.tab.evaluate("explorer.map.view.zoom") == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("live", [True, False], ids=["live", "atlas"])
def test_nothing_is_asked_of_any_network(visit: Any, squares: Subject, live: bool) -> None:
    page = visit(squares.page(live))
    page.point_at(squares.points[0])
    page.slide("direction-0", 1)
    assert {address.split(":")[0] for address in page.requests} <= {"file", "data", "blob"}
    assert [address for address in page.requests if address.startswith("file:")] == [squares.page(live).as_uri()]
    assert page.complaints == []


def test_names_are_shown_as_text_whatever_is_in_them(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=False))
    page.point_at(squares.points[int(np.argmax(squares.images.labels))])
    assert HOSTILE in page.text("h1")
    assert HOSTILE in page.text("#legend")
    assert page.tab.locator("img").count() == 0
    assert page.tab.title() != "1"


def test_the_atlas_shows_the_nearest_of_what_was_decoded_beforehand(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=False))
    bounds, steps = squares.space.bounds, 24
    place = np.array([bounds["left"], bounds["top"]])
    place += np.array([7, -5]) / (steps - 1) * [bounds["right"] - place[0], place[1] - bounds["bottom"]]
    page.point_at(place)
    expected = squares.seen.decoded(squares.space.codes_at(place[None]))[0]
    np.testing.assert_array_equal(page.picture("decoded"), expected)
    d = int(squares.space.order[0])
    page.slide(f"dimension-{d}", 3)
    end = squares.space.mean + 3 * squares.space.spread[d] * np.eye(len(squares.space.mean))[d]
    np.testing.assert_array_equal(page.picture("decoded"), squares.seen.decoded(end[None].astype(np.float32))[0])
    page.slide("direction-0", 0.5)
    assert float(page.tab.locator(f"[data-slider=dimension-{d}]").input_value()) == 0
    assert "atlas" in page.text(".notice:visible")


def test_pictures_that_were_left_out_are_named(
    visit: Any, squares: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = squares.page(live=False).read_text(encoding="utf-8")
    sheets = sum(map(len, re.findall(r'id="part-(?:image|rebuilt)-\d+">([^<]*)<', whole)))
    room = 3_000  # too little for 120 images
    monkeypatch.setattr(writing, "MOST_BYTES", len(whole) - sheets + writing.SHELL + room)
    written = write_explorer(squares.run, squares.images, tmp_path / "small.html", atlas=True)
    page = visit(written.path)
    assert [page.text(f".notice:visible >> nth={k}") for k in range(3)] == list(written.notices)
    assert "picture of one image in" in written.notices[1]
    assert "reconstruction of one image in" in written.notices[2]
    for i, left_out in ((0, False), (1, True)):
        page.tab.evaluate(f"explorer.meet({i})")
        page.settle()
        assert page.tab.locator("#near-missing").is_visible() == left_out


def test_where_no_decoder_can_run_the_page_says_so_and_its_map_works(visit: Any, squares: Subject) -> None:
    page = visit(squares.page(live=True), ready="#failure:visible", script="delete globalThis.WebAssembly")
    assert "This page met an error" in page.text("#failure")
    i = _apart(squares)
    page.point_at(squares.points[i])
    assert page.text("#near-title") == squares.name(i)
    np.testing.assert_array_equal(page.picture("near-image"), squares.seen.originals(np.array([i]))[0])


def test_a_classifiers_map_shows_images_with_their_answers_and_no_decoder(visit: Any, tmp_path: Path) -> None:
    images = open_images("digits", count=120)
    options = {"hidden": (8,), "epochs": 2, "pretrain_epochs": 0, "random_state": 0, "device": "cpu"}
    model = StackedAutoencoderClassifier(out=tmp_path / "run", **options).fit(images)
    page = visit(write_explorer(tmp_path / "run", images).path)
    assert page.tab.evaluate("document.documentElement.dataset.decoder") == "none"
    for absent in ("#decoded-card", "#steering", "#near-decoded"):
        assert not page.tab.locator(absent).is_visible()
    subject = _subject(tmp_path / "run", model, images)
    index = _apart(subject)
    page.point_at(subject.points[index])
    np.testing.assert_array_equal(page.picture("near-image"), np.repeat(images.pixels[index].transpose(1, 2, 0), 3, -1))
    facts = page.text("#near-facts").split()
    answer = model.predict(images)[index]
    assert facts[:4] == ["class", str(images.labels[index]), "taken", "for"]
    assert facts[4:7] == [str(answer), "answer", "right" if answer == images.labels[index] else "wrong"]
    assert facts[7] == "confidence"
    assert float(facts[8]) == pytest.approx(model.predict_proba(images)[index].max(), rel=0.02)
    assert page.complaints == []
