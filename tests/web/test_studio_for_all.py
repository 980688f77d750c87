"""The studio for whoever uses it otherwise: by the keyboard alone, by a screen reader, on a telephone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra studio")

import uvicorn

from accessible import faults, go_to
from latente.studio import bound, commands
from latente.studio.app import BUILT, create
from latente.studio.parts import Parts
from studios import TOKEN, make_parts, png

NAME = "<img src=x onerror=alert(1)>"  # of a set: text, whatever it looks like
PATIENCE = 60_000  # milliseconds

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the built front end: make web")


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """A studio that trains a stand-in, and finds one damaged picture among sixty."""
    scan = {"total": 60, "damaged": {"b.png": "truncated"}, "odd": {}, "duplicates": [], "sizes": {"9x12": 60}}
    facts = {"count": 59, "shape": [3, 9, 12], "scan": {**scan, "classes": {"a": 30, "b": 30}}, "near_copies": []}
    plan = {"seconds_estimate": 60, "memory_estimate_bytes": 1 << 28, "parameters": 1000}
    findings = [{"name": "Python", "status": "note", "text": "3.11", "cure": "none"}]
    answers = {"doctor": findings, "fit": plan, "data": facts}
    monkeypatch.setattr(commands, "answer", lambda words: answers[words[0]])
    return make_parts(tmp_path / "workspace")


@pytest.fixture
def address(parts: Parts) -> Iterator[str]:
    """Where the studio is served, by a thread of this process, until the test ends."""
    with bound(0) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(create(parts, port, TOKEN), http="h11", ws="none", log_config=None, lifespan="on")
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{port}/?token={TOKEN}"
        (parts.workspace.path / "enough").touch()
        server.should_exit = True
        thread.join()


@pytest.fixture(params=["light", "dark"])
def tab(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """A page of the studio, 400 pixels wide, in which nothing may complain."""
    context = browser.new_context(viewport={"width": 400, "height": 800}, color_scheme=request.param)
    context.set_default_timeout(PATIENCE)
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append("a name was run as a script"))
    tab.on("filechooser", lambda chooser: None)  # from now on, or the first one would be missed
    tab.goto(address)
    yield tab
    context.close()
    assert complaints == []


def test_the_keyboard_alone_comes_from_pictures_to_results_and_no_page_has_a_fault(
    tab: Any, parts: Parts, tmp_path: Path
) -> None:
    files = [tmp_path / f"{name}.png" for name in "ab"]
    for seed, path in enumerate(files):
        path.write_bytes(png(seed))
    tab.get_by_role("heading", name="Mi trabajo").wait_for()
    assert faults(tab) == []
    go_to(tab, "Nuevo")
    tab.keyboard.press("Enter")
    tab.get_by_text("Suelta aquí").wait_for()
    assert faults(tab) == []
    go_to(tab, "Elegir archivos")
    with tab.expect_file_chooser() as chooser:
        tab.keyboard.press("Enter")
    chooser.value.set_files(files)
    tab.get_by_text("2 fotos están aquí.").wait_for()
    tab.get_by_text("Dañada").wait_for()
    set_id = tab.url.rpartition("/")[2]
    parts.sets.rename(parts.workspace.find("sets", set_id), NAME)
    tab.reload()
    tab.get_by_role("heading", name=NAME).wait_for()
    assert faults(tab) == []
    go_to(tab, "Siguiente: ¿para qué?")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="¿Qué quieres?").wait_for()
    assert faults(tab) == []
    go_to(tab, "Ver qué se parece")
    tab.keyboard.press("ArrowDown")
    go_to(tab, "Siguiente: comprobar")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Comprobar").wait_for()
    tab.get_by_role("button", name="Empezar").wait_for()
    assert faults(tab) == []
    go_to(tab, "Empezar")
    tab.keyboard.press("Enter")
    tab.get_by_text("Entrenando", exact=True).wait_for()
    assert faults(tab) == []
    go_to(tab, "Pausa")
    tab.keyboard.press("Enter")
    tab.get_by_text("En pausa").first.wait_for()
    assert faults(tab) == []
    (parts.workspace.path / "enough").touch()
    go_to(tab, "Continuar")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Las raras").wait_for()
    assert faults(tab) == []
    go_to(tab, "Mi trabajo")
    tab.keyboard.press("Enter")
    tab.get_by_text("Terminado").wait_for()
    assert faults(tab) == []
    go_to(tab, "Este equipo")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Este equipo").wait_for()
    go_to(tab, "Examinar")
    tab.keyboard.press("Enter")
    tab.get_by_text("Python").wait_for()
    assert faults(tab) == []
