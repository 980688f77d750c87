"""The studio as a person finds it who speaks Spanish and has pictures: one of them broken, one of them odd."""

from __future__ import annotations

import signal
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra studio")

from journeys import ODD, discs, opened, running
from latente.studio.app import BUILT

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the built front end: make web")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Twenty pictures of a disc, of which one is a cross, and one more that is half a file."""
    folder = tmp_path / "fotos"
    discs(folder)
    whole = (folder / "foto-00.png").read_bytes()
    (folder / "rota.png").write_bytes(whole[: len(whole) // 2])
    return sorted(folder.iterdir())


def test_the_odd_picture_is_found_though_the_tab_is_closed_and_the_server_killed(
    browser: Any, pictures: list[Path], tmp_path: Path
) -> None:
    complaints: list[str] = []
    with running(tmp_path / "workspace") as (server, address):
        tab = opened(browser, address, complaints)
        assert "token" not in tab.url
        tab.get_by_role("link", name="Nuevo: elegir fotos").click()
        tab.locator("input[type=file]").first.set_input_files(pictures)
        tab.get_by_text("21 fotos están aquí.").wait_for()
        tab.get_by_text("20 fotos, la mayoría de 64×64").wait_for()
        wrong = tab.locator(".wrong li")
        assert wrong.count() == 1
        assert "rota.png" in wrong.inner_text()
        assert "Dañada" in wrong.inner_text()
        tab.get_by_role("link", name="Siguiente: ¿para qué?").click()
        tab.get_by_text("hacen falta al menos 50").wait_for()
        tab.get_by_role("radio", name="Encontrar las raras").check()
        tab.get_by_role("link", name="Siguiente: comprobar").click()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400
        tab.get_by_role("button", name="Empezar").click()
        tab.get_by_text("Tus fotos se comparan unas con otras").wait_for()
        tab.context.close()
        server.send_signal(signal.SIGKILL)
    with running(tmp_path / "workspace") as (_, address):
        tab = opened(browser, address, complaints)
        tab.get_by_role("link", name="Encontrar las raras").click()
        tab.get_by_text("1 foto destaca.").wait_for()
        assert ODD in tab.locator(".cell").first.inner_text()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400
        with tab.expect_download() as taken:
            tab.get_by_role("link", name="Todo en un archivo (zip)").click()
        names = zipfile.ZipFile(taken.value.path()).namelist()
        assert {"results/ranking.csv", "model-and-report/report.html", "model-and-report/model/model.json"} <= set(
            names
        )
        tab.context.close()
    assert complaints == []
