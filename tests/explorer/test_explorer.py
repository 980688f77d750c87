"""The explorer's file: what is in it, how large it gets, and what it refuses."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latente.errors import InputError
from latente.estimators import Autoencoder, StackedAutoencoderClassifier, VariationalAutoencoder
from latente.explorer import page as pages
from latente.explorer import write_explorer, writing
from latente.explorer.columns import class_colours
from latente.explorer.parts import Part, numbers
from latente.explorer.space import space_of
from latente.explorer.tiles import tiles
from latente.images import Images, open_images
from latente.latents import learn_direction, save_direction, saved_directions, to_two_dimensions
from translating import left_in_description, left_in_english, mark

rng = np.random.default_rng(0)


class _File:
    """A page, taken apart."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.description: dict[str, Any] = json.loads(self._element('type="application/json" id="part-description"'))

    def _element(self, attributes: str) -> str:
        return re.search(f"<script {attributes}>(.*?)</script>", self.text, re.DOTALL)[1]

    def part(self, name: str) -> bytes:
        found = re.search(f'<script type="text/plain" id="part-{name}"( data-packed="gzip")?>([^<]*)<', self.text)
        data = base64.b64decode(found[2])
        return gzip.decompress(data) if found[1] else data

    def numbers(self, stored: dict[str, str]) -> np.ndarray:
        return np.frombuffer(self.part(stored["part"]), np.dtype(stored["kind"]).newbyteorder("<"))

    def tile(self, layout: dict[str, Any], i: int) -> np.ndarray:
        k = i // layout["every"]
        with Image.open(io.BytesIO(self.part(f"{layout['name']}-{k // layout['perSheet']}"))) as sheet:
            row, column = divmod(k % layout["perSheet"], layout["columns"])
            left, top = column * layout["width"], row * layout["height"]
            return np.asarray(sheet.crop((left, top, left + layout["width"], top + layout["height"])))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explorer") / "run"
    images = open_images("digits", count=200)
    VariationalAutoencoder(latent_dim=3, network="dense", hidden=(8,), epochs=1, random_state=0, out=folder).fit(images)
    return folder


def _images(count: int = 60, shape: tuple[int, ...] = (1, 8, 8), **more: Any) -> Images:
    return Images(rng.integers(0, 256, (count, *shape), dtype=np.uint8), name="noise", **more)


def test_the_page_holds_codes_points_errors_and_images_of_the_whole_set_by_part(run: Path) -> None:
    from latente import load

    written = write_explorer(run, atlas=True)
    assert written.path == run / "explorer.html"
    assert written.size == written.path.stat().st_size
    found, model = _File(written.path), load(run)
    train, test = open_images("digits", count=200), open_images("digits", split="test", count=200)
    about = found.description
    assert written.images == len(train) + len(test)
    error, label, part = about["columns"]
    assert (error["name"], label["name"], part["name"], about["start"]) == ("squared error", "class", "part", "class")
    assert part["names"] == ["training", "validation", "test"]
    assert about["apart"] == [["test", "test"]]
    rows, parts = found.numbers(about["rows"]), found.numbers(part["values"])
    assert np.bincount(parts).tolist() == [0, 180, 20, len(test)]
    np.testing.assert_array_equal(np.sort(rows[parts < 3]), np.arange(200))
    np.testing.assert_array_equal(rows[parts == 3], np.arange(len(test)))
    pixels = np.concatenate([train.pixels[rows[parts < 3]], test.pixels])
    codes = model.transform(pixels)
    np.testing.assert_allclose(found.numbers(about["codes"]["values"]).reshape(-1, 3), codes, atol=1e-6)
    points = to_two_dimensions(codes).astype(np.float32)
    np.testing.assert_allclose(found.numbers(about["points"]).reshape(-1, 2), points, atol=1e-5)
    truth, rebuilt = pixels / 255, model.decode(codes).reshape(pixels.shape) / 255
    errors = ((truth - rebuilt) ** 2).mean((1, 2, 3))
    np.testing.assert_allclose(found.numbers(error["values"]), errors, rtol=1e-4)
    labels = np.concatenate([train.labels[rows[parts < 3]], test.labels])
    np.testing.assert_array_equal(found.numbers(label["values"]), labels + 1)
    for i in (0, 185, len(pixels) - 1):
        np.testing.assert_array_equal(found.tile(about["sheets"], i), pixels[i, 0])
    assert f"{errors.mean():.3g}: training {errors[:180].mean():.3g}, validation {errors[180:200].mean():.3g}" in (
        found.text
    )


def test_a_page_of_some_of_the_images_says_so_and_how_to_get_the_others(run: Path, tmp_path: Path) -> None:
    written = write_explorer(run, out=tmp_path / "page.html", count=50, atlas=True)
    assert written.images == 50
    assert written.notices[0] == "50 of 400 images are in this page, evenly drawn: without `--count` all are."
    found = _File(written.path)
    parts = found.numbers(found.description["columns"][2]["values"])
    assert (np.bincount(parts, minlength=4)[1:] > 0).all()
    part = write_explorer(run, open_images("digits", split="test", count=40), tmp_path / "page.html", atlas=True)
    assert part.notices[0].startswith("Only the part test of digits is in this page; ")
    assert "`--split train`" in part.notices[0]


def test_neighbours_of_codes_that_the_page_does_not_hold_are_listed_in_it(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latente import load

    images = _images(90)
    whole = _File(write_explorer(run, images, tmp_path / "page.html", atlas=True).path)
    assert whole.description["neighbours"]["values"] is None
    monkeypatch.setattr(writing, "MOST_CODES", 90 * 3 * 4 // 2)
    found = _File(write_explorer(run, images, tmp_path / "page.html", atlas=True).path)
    codes = load(run).transform(images).astype(np.float64)
    distances = np.linalg.norm(codes[:, None] - codes[None], axis=-1) + 1e9 * np.eye(90)
    listed = found.numbers(found.description["neighbours"]["values"]).reshape(90, 12)
    np.testing.assert_array_equal(listed, np.argsort(distances, axis=1)[:, :12])


def test_neighbours_of_images_that_are_all_alike_are_others() -> None:
    found = writing.neighbours(np.zeros((5, 3), np.float32), 3)
    assert found.shape == (5, 3)
    assert not (found == np.arange(5)[:, None]).any()


def test_the_policy_allows_the_pages_own_scripts_and_style_and_nothing_else(run: Path, tmp_path: Path) -> None:
    text = write_explorer(run, _images(), tmp_path / "page.html", atlas=True).path.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe-inline" not in policy
    own = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    own += re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for script in own:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert not re.findall(r'(?:src|href|action)="(?!#)', text.partition("<script")[0])


def test_names_cannot_end_the_element_that_they_stand_in(run: Path, tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><!--"
    columns = {"label": np.zeros(60, np.int64), "attributes": np.resize([-1, 1], (60, 1)).astype(np.int8)}
    names = {"label_names": (hostile,), "attribute_names": (hostile,), "files": (hostile,) * 60}
    out = write_explorer(run, _images(columns=columns, **names), tmp_path / "page.html", atlas=True).path
    found = _File(out)
    assert "<script>alert" not in found.text
    assert found.description["columns"][1]["names"] == [hostile]
    assert json.loads(found.part("files")) == [hostile] * 60
    assert found.description["directions"][0]["name"] == hostile


def test_scripts_are_joined_without_imports_and_exports() -> None:
    whole = "\n".join(pages.scripts())
    assert not re.findall(r"^\s*(import|export)\b", whole, re.MULTILINE)
    files = {path.stem for path in pages.TEMPLATES.glob("*.js")}
    assert files == set(pages.MODULES)
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", whole, re.MULTILINE)
    assert len(names) == len(set(names)), "the scripts are joined into one, in which a name can mean one thing"


def test_without_the_built_front_end_there_is_an_atlas_and_the_way_to_the_live_one(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "BUILT", tmp_path)
    written = write_explorer(run, _images(), tmp_path / "page.html")
    assert not written.live
    assert "`make web`" in written.notices[0]
    assert "<code>make web</code>" in written.path.read_text(encoding="utf-8")
    asked = write_explorer(run, _images(), tmp_path / "page.html", atlas=True)
    assert "make web" not in asked.notices[0]


def test_the_built_front_end_brings_its_licence(run: Path, tmp_path: Path) -> None:
    if pages.runtime() is None:
        pytest.skip("needs the built front end: make web")
    written = write_explorer(run, _images(), tmp_path / "page.html")
    assert written.live
    assert written.notices == ()
    found = _File(written.path)
    assert found.description["atlas"] is None
    assert "Copyright (c) Microsoft Corporation" in found.text
    assert found.part("runtime")[:4] == b"\0asm"


def test_the_atlas_holds_what_the_model_decodes(run: Path, tmp_path: Path) -> None:
    from latente import load

    images = _images()
    found, model = _File(write_explorer(run, images, tmp_path / "page.html", atlas=True).path), load(run)
    about = found.description
    codes = model.transform(images)
    space, points = space_of(codes, to_two_dimensions(codes)), about["atlas"]["lattice"]
    corner = space.codes_at(np.array([[points["left"], points["top"]]]))
    np.testing.assert_array_equal(found.tile(points["pictures"]["sheets"], 0), model.decode(corner)[0].squeeze())
    np.testing.assert_array_equal(
        found.tile(about["atlas"]["images"]["sheets"], 5), model.decode(codes[5:6])[0].squeeze()
    )
    strips = about["atlas"]["strips"]
    for row, slider in enumerate(strips["sliders"]):
        end = space.mean + 3 * space.spread[slider["index"]] * np.eye(3)[slider["index"]]
        last = found.tile(strips["pictures"]["sheets"], (row + 1) * strips["steps"] - 1)
        np.testing.assert_array_equal(last, model.decode(end[None].astype(np.float32))[0].squeeze())


def test_the_atlas_holds_the_conditions_that_the_model_decodes(tmp_path: Path) -> None:
    columns = {"condition": rng.normal(300, 20, (60, 2)).astype(np.float32)}
    images = Images(_images().pixels, columns, name="parts", condition_names=("load", "angle"))
    options = {"latent_dim": 3, "network": "dense", "hidden": (4,), "epochs": 1, "random_state": 0}
    model = VariationalAutoencoder(condition="joint", out=tmp_path / "run", **options).fit(images)
    found = _File(write_explorer(tmp_path / "run", images, tmp_path / "page.html", atlas=True).path)
    assert found.description["conditions"] == ["load", "angle"]
    kept = found.description["atlas"]["images"]
    told = found.numbers(kept["conditions"]).reshape(-1, kept["size"])
    np.testing.assert_allclose(told, model.decode(model.transform(images)).conditions, rtol=1e-6)
    assert found.description["atlas"]["strips"]["pictures"]["size"] == 2


def test_seventy_thousand_images_that_nothing_compresses_stay_under_60_mb(tmp_path: Path) -> None:
    pixels = rng.integers(0, 256, (70_000, 1, 28, 28), dtype=np.uint8)
    options = {"latent_dim": 2, "network": "dense", "hidden": (4,), "epochs": 1, "random_state": 0}
    Autoencoder(out=tmp_path / "run", **options).fit(pixels[:500])
    written = write_explorer(tmp_path / "run", Images(pixels, name="noise"), tmp_path / "page.html")
    assert 40e6 < written.size == written.path.stat().st_size < 60e6
    assert written.images == 70_000
    found = _File(written.path)
    layout = found.description["sheets"]
    assert (layout["every"], layout["count"], layout["type"]) == (1, 70_000, "image/webp")
    assert found.numbers(found.description["points"]).shape == (140_000,)


def test_where_not_all_pictures_fit_every_so_many_are_there_and_the_page_says_so(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = _images(400)
    whole = write_explorer(run, images, tmp_path / "page.html", atlas=True)
    sheets = re.findall(r'id="part-(?:image|rebuilt)-\d+">([^<]*)<', whole.path.read_text(encoding="utf-8"))
    limit = whole.size + writing.SHELL - sum(map(len, sheets)) + 8_000
    monkeypatch.setattr(writing, "MOST_BYTES", limit)
    written = write_explorer(run, images, tmp_path / "page.html", atlas=True)
    assert written.size < min(limit, whole.size)
    found = _File(written.path)
    every = found.description["sheets"]["every"]
    assert every > 1
    assert found.description["sheets"]["count"] == len(range(0, 400, every))
    _, pictures, reconstructions = written.notices
    assert f"picture of one image in {every} " in pictures
    assert "reconstruction of one image in" in reconstructions
    assert pictures in found.text


def test_many_long_codes_are_kept_in_half_precision_and_more_of_them_thinned(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latente import load

    images = _images(60)
    codes = load(run).transform(images)
    for exact, most, kind, every in (
        (60 * 12, 10**6, "float32", 1),
        (100, 60 * 6, "float16", 1),
        (0, 150, "float16", 3),
    ):
        monkeypatch.setattr(writing, "MOST_EXACT_CODES", exact)
        monkeypatch.setattr(writing, "MOST_CODES", most)
        found = _File(write_explorer(run, images, tmp_path / "page.html", atlas=True).path)
        kept = found.description["codes"]
        assert (kept["values"]["kind"], kept["every"]) == (kind, every)
        np.testing.assert_allclose(found.numbers(kept["values"]).reshape(-1, 3), codes[::every], rtol=1e-3, atol=1e-6)


def test_fewer_images_are_drawn_evenly_and_keep_their_numbers(run: Path, tmp_path: Path) -> None:
    images = _images(60, columns={"label": np.arange(60)})
    found = _File(write_explorer(run, images, tmp_path / "page.html", count=20, atlas=True).path)
    rows = found.numbers(found.description["rows"])
    assert len(rows) == 20
    assert (np.diff(rows) > 0).all()
    label = found.description["columns"][1]
    assert [int(label["names"][k - 1]) for k in found.numbers(label["values"])] == rows.tolist()
    assert "20 of 60 images" in found.text


def test_directions_of_the_run_take_the_place_of_those_learned_here(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    codes = rng.normal(size=(40, 3)).astype(np.float32)
    for name in ("often", "8"):
        save_direction(folder, learn_direction(codes, np.resize([0, 1], 40), attribute=name))
    columns = {"attributes": np.resize([-1, 1], (60, 1)).astype(np.int8)}
    images = _images(columns=columns, attribute_names=("often",))
    found = _File(write_explorer(folder, images, atlas=True).path)
    assert [direction["name"] for direction in found.description["directions"]] == ["often", "8"]
    vectors = found.numbers(found.description["vectors"]).reshape(2, 3)
    saved = {direction.attribute: direction.vector for direction in saved_directions(folder)}
    np.testing.assert_array_equal(vectors, [saved["often"], saved["8"]])
    save_direction(folder, learn_direction(rng.normal(size=(40, 5)), np.resize([0, 1], 40), attribute="8"))
    with pytest.raises(InputError, match="the direction of 8 is for codes of 5 values, not 3"):
        write_explorer(folder, images, atlas=True)


def test_directions_are_learned_where_enough_images_differ(run: Path, tmp_path: Path) -> None:
    attributes = np.stack([np.resize([-1, 1], 60), np.r_[np.full(57, -1), [1, 1, 1]], np.full(60, -1)], axis=1)
    columns = {"attributes": attributes.astype(np.int8), "condition": rng.random((60, 1), np.float32)}
    names = {"attribute_names": ("often", "rarely", "never"), "condition_names": ("often",)}
    found = _File(write_explorer(run, _images(columns=columns, **names), tmp_path / "page.html", atlas=True).path)
    assert [direction["name"] for direction in found.description["directions"]] == ["often"]
    kinds = {column["name"]: column["kind"] for column in found.description["columns"]}
    assert kinds == {
        "squared error": "number",
        "often": "class",
        "rarely": "class",
        "never": "class",
        "often (continuous)": "number",
    }


@pytest.mark.parametrize(
    "pixels",
    [
        rng.random((24, 1, 10, 12)).astype(np.float32) * 50 - 20,
        rng.integers(0, 65_536, (24, 3, 9, 9)).astype(np.uint16),
        rng.random((24, 2, 8, 8)) < 0.5,
        rng.random((24, 6, 8, 8), np.float32),
        rng.integers(0, 256, (24, 4, 8, 8)).astype(np.uint8),
        rng.integers(0, 256, (24, 1, 120, 9)).astype(np.uint8),
        np.zeros((24, 1, 8, 8), np.uint8),
    ],
    ids=["floats", "16 bits", "booleans", "six channels", "with alpha", "large", "constant"],
)
def test_images_of_any_kind_get_a_page(tmp_path: Path, pixels: np.ndarray) -> None:
    run = tmp_path / "run"
    options = {"latent_dim": 3, "network": "dense", "hidden": (4,), "epochs": 1, "random_state": 0}
    Autoencoder(out=run, **options).fit(Images(pixels))
    found = _File(write_explorer(run, Images(pixels), atlas=True).path)
    layout, (channels, height, width) = found.description["sheets"], pixels.shape[1:]
    assert max(layout["width"], layout["height"]) == min(96, max(height, width))
    coloured = channels in (3, 4) or layout["type"] == "image/webp"  # which knows no grey
    assert found.tile(layout, 23).shape == (layout["height"], layout["width"], *([3] if coloured else []))
    assert found.description["format"]["channels"] == channels


def test_a_spatial_code_has_a_plane_and_sliders_too(tmp_path: Path) -> None:
    images = _images(40, (1, 16, 16))
    options = {"latent_dim": None, "network": "conv", "hidden": (4, 2), "epochs": 1, "random_state": 0}
    Autoencoder(out=tmp_path / "run", **options).fit(images)
    found = _File(write_explorer(tmp_path / "run", images, atlas=True).path)
    assert found.description["space"]["dimensions"] == 32
    assert "main plane of the codes (PCA)" in found.text


def test_a_model_that_only_encodes_gets_the_map_without_a_decoder(tmp_path: Path) -> None:
    images = _images(60, columns={"label": np.arange(60) % 2 + 3}, label_names=("a", "b", "c", "<d>", "e"))
    options = {"hidden": (4,), "epochs": 1, "pretrain_epochs": 0, "random_state": 0, "device": "cpu"}
    model = StackedAutoencoderClassifier(out=tmp_path / "run", **options).fit(images)
    written = write_explorer(tmp_path / "run", images)
    page = _File(written.path)
    assert (written.live, written.notices) == (False, ())
    assert (page.description["decodes"], page.description["atlas"], page.description["directions"]) == (False, None, [])
    assert page.description["score"] == {
        "column": "confidence",
        "word": "confidence",
        "head": "confidence",
        "worst": "lowest",
    }
    columns = {column["name"]: column for column in page.description["columns"]}
    assert list(columns) == ["class", "taken for", "answer", "confidence"]
    answers = page.numbers(columns["taken for"]["values"])
    assert [columns["taken for"]["names"][k - 1] for k in answers] == [
        images.label_names[k] for k in model.predict(images)
    ]
    right = np.where(model.predict(images) == images.labels, 2, 1)
    np.testing.assert_array_equal(page.numbers(columns["answer"]["values"]), right)
    confidence = page.numbers(columns["confidence"]["values"])
    np.testing.assert_allclose(confidence, model.predict_proba(images).max(axis=1), rtol=1e-5)
    np.testing.assert_allclose(
        page.numbers(page.description["codes"]["values"]).reshape(60, 4), model.transform(images), rtol=1e-5, atol=1e-6
    )
    assert "make web" not in page.text


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_the_plane_leads_back_to_the_codes_on_it(dimensions: int) -> None:
    codes = rng.normal(size=(50, dimensions)).astype(np.float32)
    codes[:, 2:] *= 0.0  # all of them lie in the plane
    points = to_two_dimensions(codes)
    space = space_of(codes, points)
    np.testing.assert_allclose(space.codes_at(points), codes, atol=1e-5)
    inside = (points[:, 0] >= space.bounds["left"]) & (points[:, 0] <= space.bounds["right"])
    assert inside.all()


def test_codes_that_are_all_alike_have_a_plane(run: Path, tmp_path: Path) -> None:
    images = Images(np.zeros((5, 1, 8, 8), np.uint8))
    found = _File(write_explorer(run, images, tmp_path / "page.html", atlas=True).path)
    bounds = found.description["bounds"]
    assert bounds["left"] < bounds["right"]
    assert bounds["bottom"] < bounds["top"]


@pytest.mark.parametrize(("side", "kind"), [(8, "png"), (64, "webp")])
def test_small_tiles_are_exact_and_large_ones_close(side: int, kind: str) -> None:
    pictures = np.full((70, side, side, 3), 40, np.uint8) + np.arange(70, dtype=np.uint8)[:, None, None, None]
    found = tiles("tile", lambda k: pictures[k], 70)
    assert found.layout["type"] == f"image/{kind}"
    per_sheet, columns = found.layout["perSheet"], found.layout["columns"]
    for k in (0, 3, 69):
        data = base64.b64decode(found.parts[k // per_sheet].text)
        row, column = divmod(k % per_sheet, columns)
        with Image.open(io.BytesIO(data)) as sheet:
            value = np.asarray(sheet)[row * side + side // 2, column * side + side // 2]
        np.testing.assert_allclose(value, pictures[k, 0, 0], atol=0 if kind == "png" else 4)


def test_tiles_keep_to_their_budget_and_none_needs_to_fit() -> None:
    pictures = rng.integers(0, 256, (300, 20, 20, 1), dtype=np.uint8)
    for budget in (60_000.0, 9_000.0):
        found = tiles("tile", lambda k: pictures[k], 300, budget)
        assert sum(part.size for part in found.parts) <= budget
        assert found.layout["count"] == len(range(0, 300, found.every))
    assert found.every > 1


def test_numbers_travel_in_half_the_space_where_they_repeat() -> None:
    part, how = numbers("zeros", np.zeros(1000, np.float32))
    assert part.packed
    assert how == {"part": "zeros", "kind": "float32"}
    noise = rng.integers(0, 256, 1000, dtype=np.uint8).tobytes()
    assert Part.of("noise", noise) == Part.plain("noise", noise)


@pytest.mark.parametrize("count", [3, 20, 62, 300])
def test_every_class_has_a_colour(count: int) -> None:
    colours = class_colours(count)
    assert len(colours) == count
    assert len(set(colours)) == count
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_what_cannot_be_explored_is_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no run folder"):
        write_explorer(tmp_path)
    with pytest.raises(InputError, match="at least 1"):
        write_explorer(run, _images(), tmp_path / "page.html", count=0)
    with pytest.raises(InputError, match="9x9"):
        write_explorer(run, _images(5, (1, 9, 9)), tmp_path / "page.html")
    Autoencoder(latent_dim=2, hidden=(4,), epochs=1, out=tmp_path / "table", random_state=0).fit(rng.random((40, 6)))
    with pytest.raises(InputError, match="tables"):
        write_explorer(tmp_path / "table")
    monkeypatch.setattr(writing, "MOST_BYTES", 70_000)
    with pytest.raises(InputError, match="smaller count"):
        write_explorer(run, _images(), tmp_path / "page.html", atlas=True)
    assert not (tmp_path / "page.html").exists()


def test_a_decoder_that_leaves_no_room_for_images_is_refused_and_the_atlas_proposed(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "runtime", lambda: pages.Runtime("", Part.plain("runtime", b""), ""))
    monkeypatch.setattr(writing, "MOST_DECODER", 1e-6)
    with pytest.raises(InputError, match="--atlas"):
        write_explorer(run, _images(), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_the_page_is_wholly_in_the_language_asked_for(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spanish = write_explorer(run, atlas=True, count=30, out=run / "es.html", language="es").path
    about = _File(spanish).description
    assert "Mapa latente" in spanish.read_text(encoding="utf-8")
    assert about["words"]["Leave out"] == "Apartar"
    assert about["columns"][1]["name"] == about["start"] == "clase"
    assert about["apart"] == [["prueba", "test"]]  # lists are read by other programs
    mark(monkeypatch)
    write_explorer(run, atlas=True, count=30, out=spanish, maps=["tsne"], language="es")
    assert left_in_english(spanish) == set()
    assert left_in_description(_File(spanish).description, run) == set()
