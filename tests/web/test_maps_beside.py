"""Maps side by side, and outlines of where their points lie dense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from browsing import Page, close
from latente.estimators import Autoencoder
from latente.explorer import further, write_explorer
from latente.images import Images, open_images
from latente.latents import map_codes

rng = np.random.default_rng(0)
COUNT = 150


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Images, Path]:
    """A model of digits, images, and their page, on whose t-SNE only some of them are."""
    run, images = tmp_path_factory.mktemp("maps") / "run", open_images("digits", count=COUNT)
    options = {"network": "dense", "hidden": (32,), "latent_dim": 6, "epochs": 5, "random_state": 0, "device": "cpu"}
    model = Autoencoder(out=run, **options).fit(images)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(further, "MOST_MAPPED", 100)
        page = write_explorer(run, images, maps=("pca", "tsne", "tsne"), atlas=True).path
    return model, images, page


def points_of(page: Page, k: int) -> np.ndarray:
    return np.array(
        page.tab.evaluate(f"Array.from(explorer.maps.all[{k}].scatter.points, (v) => v === v ? v : null)"), float
    ).reshape(-1, 2)


def test_a_further_map_shows_a_sample_and_lies_beside_the_first(browser: Any, digits: tuple[Any, Images, Path]) -> None:
    model, images, path = digits
    page = Page(browser, path, viewport={"width": 1400, "height": 900})
    points = points_of(page, 1)
    rows = np.flatnonzero(np.isfinite(points[:, 0]))
    assert len(points) == COUNT
    assert len(rows) == 100
    expected = map_codes(model.transform(images)[rows], method="tsne").points
    np.testing.assert_allclose(points[rows], expected, rtol=1e-4, atol=1e-3)
    assert page.tab.locator("#map-choice label").all_inner_texts() == ["PCA", "t-SNE"]
    assert "of 100 images, trustworthiness" in page.text(".map-frame >> nth=1")
    first, second = (page.tab.locator(f"{name}").bounding_box() for name in ("#overlay", "#overlay-2"))
    assert first["x"] + first["width"] <= second["x"]
    assert first["y"] == second["y"]
    page.tab.locator("#map-choice input >> nth=0").uncheck()
    assert not page.tab.locator("#overlay").is_visible()
    page.tab.locator("#map-choice input >> nth=1").click()  # one stays
    assert page.tab.locator("#overlay-2").is_visible()
    assert page.complaints == []
    page.context.close()


def test_maps_share_what_is_pointed_at_clicked_and_surrounded(browser: Any, digits: tuple[Any, Images, Path]) -> None:
    model, images, path = digits
    page = Page(browser, path, viewport={"width": 1400, "height": 1200})
    points, codes = points_of(page, 1), model.transform(images)
    rows = np.flatnonzero(np.isfinite(points[:, 0]))
    distances = np.linalg.norm(points[rows][:, None] - points[rows][None], axis=-1) + 1e3 * np.eye(len(rows))
    i = int(rows[np.argmax(distances.min(axis=1))])  # the image that lies apart
    x, y = page.tab.evaluate(
        """(i) => {
          const map = explorer.maps.all[1];
          const frame = map.overlay.getBoundingClientRect();
          const [px, py] = map.view.toScreen(map.scatter.points[2 * i], map.scatter.points[2 * i + 1]);
          return [frame.left + px, frame.top + py];
        }""",
        i,
    )
    page.tab.mouse.move(x, y)
    page.settle()
    assert page.text("#near-title") == f"#{i}"
    assert page.tab.evaluate("explorer.maps.all.map((map) => map.hovered)") == [i, i]
    close(page.picture("decoded"), model.decode(codes[i : i + 1]).reshape(8, 8, 1))
    page.tab.mouse.click(x, y)
    page.settle()
    np.testing.assert_allclose(page.code, codes[i], atol=1e-5)
    pins = page.tab.evaluate("explorer.maps.all.map((map) => map.pinned)")
    np.testing.assert_allclose(pins[1], points[i], rtol=1e-5)
    centred = points_of(page, 0)[i]
    np.testing.assert_allclose(pins[0], centred, atol=1e-4 * np.abs(points_of(page, 0)).max())
    inside = [int(k) for k in rows if points[k, 0] < np.median(points[rows, 0])]
    page.tab.evaluate("(all) => explorer.desk.choose(all)", inside)
    marked = page.tab.evaluate("explorer.maps.all.map((map) => Array.from(map.scatter.marked))")
    assert np.flatnonzero(marked[0]).tolist() == np.flatnonzero(marked[1]).tolist() == inside
    page.context.close()


def test_a_code_is_placed_between_its_nearest_neighbours(browser: Any, digits: tuple[Any, Images, Path]) -> None:
    model, images, path = digits
    page = Page(browser, path)
    points, codes = points_of(page, 1), model.transform(images)
    rows = np.flatnonzero(np.isfinite(points[:, 0]))
    code = codes.mean(axis=0)
    distances = np.linalg.norm(codes[rows] - code, axis=1)
    nearest = np.argsort(distances)[:12]
    weights = distances[nearest] ** -2
    expected = (weights[:, None] * points[rows][nearest]).sum(axis=0) / weights.sum()
    place = page.tab.evaluate("(code) => explorer.maps.place(1, Float32Array.from(code))", code.tolist())
    np.testing.assert_allclose(place, expected, rtol=1e-3, atol=1e-3)
    page.context.close()


def test_an_outline_holds_the_share_of_the_points_that_it_promises(
    browser: Any, digits: tuple[Any, Images, Path]
) -> None:
    page = Page(browser, digits[2])
    cloud = np.concatenate([rng.normal(0, 1, (3000, 2)), rng.normal((7, 2), 0.7, (1500, 2))])
    density, levels, line = page.tab.evaluate(
        """(cloud) => {
          const Contours = explorer.maps.contours[0].constructor;
          const contours = new Contours(Float32Array.from(cloud.flat()), { left: -3, right: 9, bottom: -3, top: 4 });
          const { density, levels, lines } = contours.around(cloud.map((_, i) => i), "", [0.25, 0.5, 0.75, 0.95]);
          return [{ ...density, values: Array.from(density.values) }, levels, lines.map((ends) => Array.from(ends))];
        }""",
        cloud.tolist(),
    )
    values = np.array(density["values"]).reshape(160, 160)
    steps, corner = np.array([density["dx"], density["dy"]]), np.array([density["x0"], density["y0"]])
    edges = [corner[axis] - steps[axis] / 2 + steps[axis] * np.arange(161) for axis in (0, 1)]
    counts = np.histogram2d(cloud[:, 1], cloud[:, 0], bins=[edges[1], edges[0]])[0]
    sigmas = 0.5 * cloud.std(axis=0) * len(cloud) ** (-1 / 6) / steps
    reference = gaussian_filter(counts, sigmas[::-1], mode="constant", truncate=4)
    np.testing.assert_allclose(values, reference, atol=1e-3 * reference.max())
    for share, level, ends in zip((0.25, 0.5, 0.75, 0.95), levels, line, strict=True):
        assert values[values >= level].sum() / values.sum() == pytest.approx(share, abs=0.02)
        places = (np.array(ends).reshape(-1, 2) - corner) / steps
        assert len(places) > 20
        column, row = np.floor(places).astype(int).T
        across, up = (places - np.floor(places)).T
        there = (1 - up) * ((1 - across) * values[row, column] + across * values[row, column + 1])
        there += up * ((1 - across) * values[row + 1, column] + across * values[row + 1, column + 1])
        np.testing.assert_allclose(there, level, rtol=0.02)
    page.context.close()


def test_contours_are_drawn_for_each_class_for_those_switched_on_and_for_all(
    browser: Any, digits: tuple[Any, Images, Path]
) -> None:
    page = Page(browser, digits[2])
    before = page.picture("map")
    page.tab.locator("#contours").focus()
    page.tab.keyboard.press("Enter")
    page.settle()
    assert (page.picture("map") != before).any()
    outlines = "explorer.maps.contours[0].outlines.map(({ lines }) => lines.length)"
    assert page.tab.evaluate(outlines) == [2] * 10
    page.tab.locator("#legend button >> nth=3").click()
    page.settle()
    assert page.tab.evaluate(outlines) == [2]
    page.tab.select_option("#colour-by", "squared error")
    page.settle()
    assert page.tab.evaluate(outlines) == [4]
    page.tab.locator("#contours").click()
    page.tab.select_option("#colour-by", "class")
    page.settle()
    np.testing.assert_array_equal(page.picture("map"), before)
    page.context.close()


def test_a_map_that_there_is_not_is_refused_before_anything_is_encoded(
    digits: tuple[Any, Images, Path], tmp_path: Path
) -> None:
    from latente.errors import InputError

    with pytest.raises(InputError, match="tsne"):
        write_explorer(digits[2].parent, digits[1], tmp_path / "page.html", maps=("tsnee",))
    assert not (tmp_path / "page.html").exists()
