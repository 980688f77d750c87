"""Pictures and figures inside a page."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image

from latente.figures import INK, kl_bars, latent_map
from latente.pages import lay_out, write
from latente.pages.embedding import LONGEST_SIDE, error_maps, gif, pictures, svg, window

rng = np.random.default_rng(0)


def _picture(uri: str) -> Image.Image:
    kind, data = uri.split(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_an_option_of_a_command_is_not_broken_at_its_hyphens_and_the_rest_of_the_line_is_as_it_was(
    tmp_path: Path,
) -> None:
    (tmp_path / "page.j2").write_text("{{ line | typed }}")
    laid_out = lay_out("page.j2", {"line": "latente fit a-b <x>  --latent-dim 16\n-n 3"}, tmp_path)
    option = '<span class="option">{}</span>'.format
    assert laid_out == f"latente fit a-b &lt;x&gt;  {option('--latent-dim')} 16\n{option('-n')} 3"


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB"), (6, "L")])
def test_images_of_any_number_of_channels_become_png(channels: int, mode: str) -> None:
    [uri] = pictures(rng.random((1, channels, 7, 5)), (0.0, 1.0))
    with _picture(uri) as picture:
        assert (picture.mode, picture.size) == (mode, (5, 7))


def test_the_values_of_small_images_are_kept() -> None:
    image = rng.integers(0, 256, (1, 3, 6, 6)) / 255
    with _picture(pictures(image, (0.0, 1.0))[0]) as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.rint(image[0] * 255).transpose(1, 2, 0))


def test_large_images_are_reduced() -> None:
    with _picture(pictures(rng.random((1, 1, 300, 150)), (0.0, 1.0))[0]) as picture:
        assert picture.size == (LONGEST_SIDE // 2, LONGEST_SIDE)


def test_what_need_not_be_exact_is_webp_where_that_is_smaller() -> None:
    small, large = rng.random((1, 3, 32, 32)), np.tile(np.linspace(0, 1, 64), (1, 3, 64, 1))
    assert pictures(small, (0.0, 1.0), exact=False) == pictures(small, (0.0, 1.0))
    [uri] = pictures(large, (0.0, 1.0), exact=False)
    kind, data = uri.split(",")
    assert kind == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        np.testing.assert_allclose(np.asarray(picture) / 255, large[0].transpose(1, 2, 0), atol=0.03)


def test_the_window_is_the_whole_range_unless_the_images_use_little_of_it_or_exceed_it() -> None:
    assert window(np.array([0.0, 0.9])) == (0, 1)
    assert window(np.array([0.2, 1.0])) == (0, 1)
    assert window(np.array([0.01, 0.02])) == (0.01, 0.02)
    assert window(np.array([-0.5, 0.5])) == (-0.5, 0.5)
    low, high = window(np.zeros(3))
    assert low < high


def test_error_maps_are_black_where_nothing_is_wrong_and_share_one_scale() -> None:
    originals = np.zeros((2, 3, 8, 8))
    wrong = originals.copy()
    wrong[0, :, :4] = 0.5
    wrong[1, :, :4] = 0.25
    (first, second), peak = error_maps(originals, wrong)
    assert peak == 0.5
    brightness = [np.asarray(_picture(uri).convert("L")).astype(int) for uri in (first, second)]
    assert (brightness[0][4:] == 0).all()
    assert (brightness[0][:4] > 200).all()
    assert (brightness[1][:4] < brightness[0][:4]).all()


def test_perfect_reconstructions_have_black_maps() -> None:
    same = rng.random((1, 1, 4, 4))
    [uri], _ = error_maps(same, same)
    assert not np.asarray(_picture(uri).convert("L")).any()


def test_a_figure_becomes_svg_of_the_pages_own_colours_and_text() -> None:
    text = svg(kl_bars(np.array([1.0, 0.0])), "bars")
    assert text.startswith("<svg ")
    head = text[: text.index(">")]
    assert " width=" not in head
    assert " height=" not in head
    assert "viewBox" in head
    assert ">1 of 2 dimensions active</text>" in text
    assert "http" not in text
    assert INK not in text
    assert "var(--ink)" in text


def test_two_figures_share_no_ids_and_every_reference_finds_its_own() -> None:
    figures = [svg(latent_map(rng.normal(size=(20, 2)), np.arange(20) % 3), name) for name in ("one", "two")]
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in figures]
    assert not ids[0] & ids[1]
    for text, own in zip(figures, ids, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', text)) <= own


def test_names_in_a_figure_cannot_break_out_of_it() -> None:
    text = svg(latent_map(np.zeros((2, 2)), np.array([0, 1]), ["<script>", "a&b"]), "map")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_only_a_gif_of_moderate_size_goes_into_the_page(tmp_path: Path) -> None:
    path = tmp_path / "progress.gif"
    assert gif(path) is None
    path.write_bytes(b"no picture at all")
    assert gif(path) is None
    path.write_bytes(b"GIF89a" + bytes(2_000_000))
    assert gif(path) is None
    Image.new("P", (2, 2)).save(path)
    assert (gif(path) or "").startswith("data:image/gif;base64,R0lGOD")


def test_a_page_is_laid_out_escaped_and_written_whole(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "page.j2").write_text("<p>{{ text }}</p>{% include 'part.j2' %}")
    (tmp_path / "part.j2").write_text("{{ text }}")
    text = lay_out("page.j2", {"text": "<b>"}, tmp_path / "a", tmp_path)
    assert text == "<p>&lt;b&gt;</p>&lt;b&gt;"
    path = write(tmp_path / "deep" / "page.html", text)
    assert path.read_text() == text
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]
    with pytest.raises(UndefinedError):
        lay_out("page.j2", {}, tmp_path / "a", tmp_path)
