"""Goals from pictures to results as a person has them who speaks Spanish, with trainings that do train.

Each takes some processes that import the whole of Latente: `python benchmarks/studio.py journeys` runs them.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra studio")

from accessible import faults
from journeys import discs, opened, running
from latente.studio.app import BUILT
from studios import wait_until

pytestmark = [
    pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the built front end: make web"),
    pytest.mark.skipif("LATENTE_JOURNEYS" not in os.environ, reason="takes long: python benchmarks/studio.py journeys"),
]


def give(tab: Any, pictures: list[Path]) -> None:
    tab.get_by_role("link", name="Nuevo: elegir fotos").click()
    tab.locator("input[type=file]").first.set_input_files(pictures)
    tab.get_by_role("link", name="Siguiente: ¿para qué?").click()


def fill_in(tab: Any, options: dict[str, str]) -> None:
    if options:
        tab.get_by_text("Detalles").click()
    for name, text in options.items():
        tab.locator(f'label:has(b:text-is("{name}")) input').fill(text)


def train(tab: Any, goal: str, workspace: Path, **options: str) -> None:
    """Start a training with options, and stop it once there is a model: what it has learned is kept."""
    tab.get_by_role("radio", name=goal).check()
    fill_in(tab, options)
    tab.get_by_role("link", name="Siguiente: comprobar").click()
    tab.get_by_text("Se compara con").wait_for()
    tab.get_by_role("button", name="Empezar").click()
    tab.locator("img.sample").first.wait_for()
    wait_until(lambda: [*(workspace / "runs").glob("*/model/model.json")], 300)
    tab.get_by_role("button", name="Parar y conservar").click()


def look(tab: Any, name: str) -> None:
    """Keep what the page looks like, on a telephone and at a desk, where somebody wants to see that."""
    if folder := os.environ.get("LATENTE_SHOTS"):
        for width in (400, 1400):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.wait_for_timeout(300)
            tab.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    tab.set_viewport_size({"width": 400, "height": 800})


def test_new_pictures_are_varied_mixed_and_kept(browser: Any, tmp_path: Path) -> None:
    complaints: list[str] = []
    for group, light in (("claras", 220), ("otras", 120)):
        discs(tmp_path / "fotos" / group, 30, 32, light)
    with running(tmp_path / "workspace") as (_, address):
        tab = opened(browser, address, complaints)
        tab.get_by_role("link", name="Nuevo: elegir fotos").click()
        tab.locator("input[type=file]").nth(1).set_input_files(tmp_path / "fotos")
        tab.get_by_role("link", name="Siguiente: ¿para qué?").click()
        train(tab, "Hacer otras nuevas como las mías", tmp_path / "workspace")
        tab.get_by_role("heading", name="Imágenes nuevas").wait_for()
        assert tab.locator(".gallery.new img").count() == 48
        tab.get_by_role("button", name="Imagen nueva 3", exact=True).click()
        tab.get_by_role("button", name="Más como esta").click()
        tab.get_by_role("heading", name="Como esta").wait_for()
        assert tab.locator(".gallery.near img").count() == 12
        tab.get_by_role("button", name="Imagen 5 de la fila 1", exact=True).click()
        tab.get_by_role("button", name="Mezclar estas dos").click()
        tab.get_by_role("heading", name="Entre estas dos").wait_for()
        assert tab.locator(".gallery.between img").count() == 8
        tab.get_by_role("button", name="Conservar", exact=True).click()  # the two that are chosen
        tab.get_by_role("heading", name="2 conservadas").wait_for()
        tab.get_by_role("button", name="No elegir ninguna").click()
        tab.get_by_role("button", name="Imagen 2 de la fila 2", exact=True).last.press("k")
        tab.get_by_role("heading", name="3 conservadas").wait_for()
        tab.get_by_role("button", name="Imagen nueva 7", exact=True).click()
        for group, title in (
            ("", "Menos y más de lo que distingue a las conservadas"),
            ("otras", "Menos y más de «otras»"),
        ):
            tab.get_by_label("Menos y más de lo que distingue a:").select_option(group)
            tab.get_by_role("button", name="Verlo en esta").click()
            tab.get_by_role("heading", name=title).wait_for()
        assert faults(tab) == []
        look(tab, "new")
        tab.reload()
        tab.get_by_role("heading", name="3 conservadas").wait_for()
        with tab.expect_download() as taken:
            tab.get_by_role("button", name="Las conservadas en un zip").click()
        assert len(zipfile.ZipFile(taken.value.path()).namelist()) == 4  # with the table
        tab.context.close()
    assert [text for text in complaints if "sandboxed" not in text] == []  # of the report's own script


def test_noise_is_taken_out_of_all_pictures_but_the_one_that_is_left_out(browser: Any, tmp_path: Path) -> None:
    complaints: list[str] = []
    with running(tmp_path / "workspace") as (_, address):
        tab = opened(browser, address, complaints)
        tab.get_by_role("link", name="Nuevo: elegir fotos").click()
        tab.locator("input[type=file]").first.set_input_files(discs(tmp_path / "fotos", 14, 48))
        tab.get_by_role("link", name="Todas las fotos").click()
        tab.get_by_role("listbox").focus()
        for key in ("End", "Space"):
            tab.keyboard.press(key)
        tab.get_by_role("button", name="Dejar fuera").click()
        tab.locator(".cell.out").wait_for()
        tab.get_by_role("link", name="Siguiente: ¿para qué?").click()
        train(tab, "Quitar el ruido", tmp_path / "workspace", width="8", depth="2")
        tab.get_by_role("heading", name="Tus fotos, mejoradas").wait_for()
        assert tab.locator(".gallery .picture").count() == 13
        assert tab.locator(".slider img").count() == 2
        assert faults(tab) == []
        look(tab, "clean")
        tab.context.close()
    assert [text for text in complaints if "sandboxed" not in text] == []


def test_a_photograph_is_painted(browser: Any, tmp_path: Path) -> None:
    complaints: list[str] = []
    with running(tmp_path / "workspace") as (_, address):
        tab = opened(browser, address, complaints)
        give(tab, discs(tmp_path / "fotos", 1, 64))
        tab.get_by_role("radio", name="Pintar al estilo de un cuadro").check()
        tab.locator("input[type=file]").first.set_input_files(discs(tmp_path / "cuadros", 14, 64)[13])
        fill_in(tab, {"side": "64", "steps": "10"})
        tab.get_by_role("link", name="Siguiente: comprobar").click()
        tab.get_by_role("button", name="Empezar").click()
        tab.get_by_role("heading", name="Pintadas").wait_for()
        assert tab.locator(".slider img").count() == 2
        assert faults(tab) == []
        look(tab, "style")
        tab.context.close()
    assert [text for text in complaints if "sandboxed" not in text] == []
