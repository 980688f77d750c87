"""Goals and results as a person finds them who speaks Spanish, on a telephone and at a desk; a stand-in trains."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra studio")

import uvicorn

from accessible import faults, go_to
from latente.studio import commands
from latente.studio.app import BUILT, create
from latente.studio.jobs import Jobs
from latente.studio.parts import Parts
from latente.studio.serving import bound
from latente.studio.sets import Sets
from latente.studio.uploads import Announced, Uploads, pictures_folder
from latente.studio.workspace import Workspace
from studios import TOKEN, png, wait_until

PATIENCE = 60_000  # milliseconds
STAND_IN = Path(__file__).parent / "stand_in.py"

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the built front end: make web")


def answer(arguments: list[str]) -> dict[str, Any]:
    """Stand for what a look at a set finds, and for dry runs."""
    if arguments[0] != "data":
        return {"seconds_estimate": 90.0, "memory_estimate_bytes": 1 << 28, "seconds": 30.0, "memory": 1 << 28}
    names = sorted(path.relative_to(arguments[2]).as_posix() for path in Path(arguments[2]).rglob("*.png"))
    groups = [name.split("/")[0] for name in names if "/" in name]
    scan = {"total": len(names), "damaged": {}, "odd": {}, "duplicates": [], "sizes": {"9x12": len(names)}}
    scan |= {"classes": {group: groups.count(group) for group in sorted(set(groups))}}
    return {"count": len(names), "shape": [3, 9, 12], "scan": scan, "near_copies": []}


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setattr(commands, "answer", answer)
    monkeypatch.setattr(commands, "run", lambda words: subprocess.run([sys.executable, STAND_IN, *words], check=True))
    workspace = Workspace(tmp_path / "workspace")
    (workspace.path / "enough").touch()
    sets = Sets(workspace)
    jobs = Jobs(workspace, sets, lambda arguments: [sys.executable, str(STAND_IN), *arguments])
    return Parts(workspace, sets, Uploads(workspace), jobs, "es")


@pytest.fixture
def address(parts: Parts) -> Iterator[str]:
    listener = bound(0)
    port = listener.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(create(parts, port, TOKEN), log_level="error", timeout_graceful_shutdown=1, ws="none")
    )
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{port}/?token={TOKEN}"
    wait_until(lambda: not any(ticket.process for ticket in parts.jobs.tickets()))
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Any]:
    context, complaints = browser.new_context(viewport={"width": 400, "height": 800}, locale="es-ES"), []
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(address)
    yield tab
    context.close()
    assert [text for text in complaints if "sandboxed" not in text] == []  # of the report's own script


def archive(tmp_path: Path) -> Path:
    """Write a zip file of 60 pictures in two groups."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for number in range(60):
            file.writestr(f"todas/{'gatos' if number % 2 else 'perros'}/{number:02}.png", png(number))
    path = tmp_path / "todas.zip"
    path.write_bytes(content.getvalue())
    return path


def choose(tab: Any, goal: str) -> None:
    tab.get_by_role("radio", name=goal).check()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400


def begin(tab: Any) -> None:
    tab.get_by_role("link", name="Siguiente: comprobar").click()
    tab.get_by_text("Se compara con").wait_for()
    tab.get_by_role("button", name="Empezar").click()


def pictures(parts: Parts, count: int) -> str:
    """Return the id of a set of so many pictures that was looked through."""
    folder = parts.workspace.find("sets", parts.sets.new("Dos")["id"])
    for number in range(count):
        name, content = f"{number:02}.png", png(number)
        listed = Announced(name, hashlib.sha256(content).hexdigest(), len(content))
        parts.uploads.announce(folder, [listed])
        parts.uploads.keep(folder, listed.sha256, content)
    parts.sets.look(folder)
    wait_until(lambda: parts.sets.finding(folder)["state"] == "done")
    return folder.name


def test_each_goal_leads_to_its_results_and_what_was_made_serves_other_pictures(
    tab: Any, parts: Parts, tmp_path: Path
) -> None:
    tab.get_by_role("link", name="Nuevo: elegir fotos").click()
    tab.locator("input[type=file]").first.set_input_files(archive(tmp_path))
    tab.get_by_text("60 fotos, 2 grupos, la mayoría de 12×9").wait_for()
    tab.get_by_role("link", name="Siguiente: ¿para qué?").click()
    goals = tab.url

    # new pictures: drawn, with the film, and again with changes
    choose(tab, "Hacer otras nuevas como las mías")
    begin(tab)
    tab.get_by_role("heading", name="Imágenes nuevas").wait_for()
    assert "Conoce bien tus fotos." in tab.locator(".verdict").inner_text()
    assert tab.locator(".gallery img").count() == 6
    assert faults(tab) == []
    tab.locator(".strip button").first.click()
    tab.get_by_text("Paso 1.").wait_for()
    with tab.expect_download() as taken:
        tab.get_by_role("link", name="GIF").click()
    assert Path(taken.value.path()).read_bytes()[:4] == b"GIF8"
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="El proyecto entero en un archivo").click()
    project = Path(taken.value.path())
    assert "set/pictures/gatos/01.png" in zipfile.ZipFile(project).namelist()
    tab.get_by_role("link", name="Otra vez con cambios").click()
    assert tab.get_by_role("radio", name="Hacer otras nuevas como las mías").is_checked()

    # paintings: a second set, and a sheet of both
    tab.goto(goals.replace(goals.split("/")[-2], pictures(parts, 2)))
    choose(tab, "Pintar al estilo de un cuadro")
    assert faults(tab) == []
    assert tab.get_by_role("button", name="Siguiente: comprobar").is_disabled()
    cuadro = tmp_path / "noche.png"
    cuadro.write_bytes(png(99))
    tab.locator("input[type=file]").first.set_input_files(cuadro)
    begin(tab)
    tab.get_by_role("heading", name="Pintadas").wait_for()
    assert tab.locator(".sheet tbody tr").count() == 2
    assert tab.locator(".slider img").count() == 2
    assert faults(tab) == []

    # groups, and others sorted by them
    tab.goto(goals)
    choose(tab, "Ordenarlas por grupos")
    begin(tab)
    tab.get_by_role("heading", name="Por grupos").wait_for()
    tab.locator("input[type=file]").first.set_input_files(cuadro)
    tab.get_by_role("button", name="Usarlo con ellas").click()
    tab.get_by_role("heading", name="noche.png 1 foto").wait_for()
    assert tab.locator(".gallery li").count() == 1
    assert faults(tab) == []

    # the odd ones, kept or left out by a key that goes on to the next
    tab.goto(goals)
    choose(tab, "Encontrar las raras")
    begin(tab)
    tab.get_by_text("1 foto destaca.").wait_for()
    tab.get_by_role("listbox").focus()
    for key in ("x", "k", "x"):
        tab.keyboard.press(key)
    tab.locator(".cell.out").nth(1).wait_for()
    assert [cell.get_attribute("aria-posinset") for cell in tab.locator(".cell.out").all()] == ["1", "3"]
    tab.get_by_role("slider").first.fill("5")
    tab.get_by_text("3 fotos destacan.").wait_for()
    assert faults(tab) == []

    # what was packed is here a second time
    tab.get_by_role("link", name="Mi trabajo").click()
    tab.locator("input[type=file]").set_input_files(project)
    tab.get_by_role("heading", name="Imágenes nuevas").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400


def test_by_the_keyboard_alone_new_pictures_are_kept_and_varied_and_clean_ones_compared(tab: Any, parts: Parts) -> None:
    goals = f"{tab.url.partition('#')[0]}#/set/{pictures(parts, 60)}/goal"

    def reach(goal: str, downs: int) -> None:
        tab.goto(goals)
        tab.get_by_role("radio", name=goal).wait_for()
        go_to(tab, "Ver qué se parece")
        for _ in range(downs):
            tab.keyboard.press("ArrowDown")
        assert tab.get_by_role("radio", name=goal).is_checked()
        for words in ("Siguiente: comprobar", "Empezar"):
            go_to(tab, words)
            tab.keyboard.press("Enter")
            tab.get_by_role("heading", name="Comprobar").wait_for() if words != "Empezar" else None

    reach("Hacer otras nuevas", 2)
    tab.get_by_role("heading", name="Imágenes nuevas").wait_for()
    go_to(tab, "Imagen nueva 3")
    tab.keyboard.press("k")
    tab.get_by_role("heading", name="1 conservada").wait_for()
    tab.keyboard.press("Space")
    tab.get_by_text("1 elegida").wait_for()
    go_to(tab, "Más como esta")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Como esta").wait_for()
    tab.wait_for_function("document.activeElement.id === 'varied-001'")  # from where the new ones are the next
    tab.keyboard.press("Tab")
    tab.keyboard.press("k")
    tab.get_by_role("heading", name="2 conservadas").wait_for()
    assert faults(tab) == []
    reach("Quitar el ruido", 3)
    tab.get_by_role("heading", name="Tus fotos, mejoradas").wait_for()
    go_to(tab, "Antes y después")
    tab.keyboard.press("ArrowLeft")
    assert tab.get_by_role("slider", name="Antes y después").input_value() == "49"


def test_a_training_that_is_stopped_too_early_to_be_kept_says_so_and_goes_on(tab: Any, parts: Parts) -> None:
    (parts.workspace.path / "enough").unlink()
    (parts.workspace.path / "early").touch()
    tab.goto(f"{tab.url.partition('#')[0]}#/set/{pictures(parts, 60)}/goal")
    choose(tab, "Ver qué se parece")
    begin(tab)
    tab.get_by_role("button", name="Parar y conservar").click()
    tab.get_by_text("Solo está en pausa: todavía no hay nada que conservar.").wait_for()
    assert tab.get_by_role("button", name="Parar y conservar").count() == 0
    assert faults(tab) == []
    (parts.workspace.path / "early").rename(parts.workspace.path / "enough")
    tab.get_by_role("button", name="Continuar").click()
    tab.get_by_text("Conoce bien tus fotos").wait_for()


def test_of_fifty_thousand_pictures_only_those_in_sight_are_there(tab: Any, parts: Parts) -> None:
    folder = parts.workspace.find("sets", parts.sets.new("Muchas")["id"])
    digest = hashlib.sha256(png(0)).hexdigest()
    (folder / "files.json").write_text(json.dumps({f"{number:05}.png": [digest, 9] for number in range(50_000)}))
    for number in (*range(100), *range(49_900, 50_000)):  # those that come into sight
        (pictures_folder(folder) / f"{number:05}.png").write_bytes(png(0))
    tab.goto(tab.url.partition("#")[0] + f"#/set/{folder.name}/all")
    tab.get_by_role("listbox").focus()
    tab.keyboard.press("End")
    tab.get_by_text("49999.png").wait_for()
    assert tab.locator("[role=option]").count() < 60
    tab.keyboard.press("Control+a")
    tab.get_by_text("50.000 elegidas").wait_for()
    assert faults(tab) == []
