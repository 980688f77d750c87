"""The web application: routes, the built pages, and every refusal as code, fields and message."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

import latente
from latente.errors import InputError, LatenteError
from latente.studio.guard import Guard
from latente.studio.jobs import Jobs
from latente.studio.parts import Parts
from latente.studio.problems import Problem
from latente.studio.routes import jobs, machine, results, sets
from latente.studio.sets import Sets
from latente.studio.shelves import Shelves
from latente.studio.uploads import Uploads
from latente.studio.workspace import Workspace
from latente.training.runs import Run

__all__ = ["BUILT", "create", "parts_of"]

BUILT = Path(__file__).parent / "web"
_PAINTER = "style"  # the kind of model that `latente style --fast` paints with

_UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Latente</title>
<p>The pages of the studio are not built: run <code>make web</code> in the sources of Latente (with Node.js 20 or
newer), and start the studio again. A wheel brings them with it."""


def parts_of(
    folder: Path, language: str | None = None, shelves: Sequence[Path] = (), painter: Path | None = None
) -> Parts:
    """Return what works on a workspace; raises InputError where its folder cannot be made, or a shelf is none.

    painter: a run that paints at once; InputError as well where it is none, or has not finished.
    """
    own_shelves = Shelves(shelves)
    if painter is not None:
        painter = _checked_painter(painter).absolute()
    workspace = Workspace(folder)
    own_sets = Sets(workspace)
    return Parts(
        workspace, own_sets, Uploads(workspace), Jobs(workspace, own_sets, painter=painter), language, own_shelves
    )


def _checked_painter(path: Path) -> Path:
    run = Run.open(path)
    if run.options().get("model") != _PAINTER or not (run.model / "model.json").exists():
        raise InputError(f"--painter {path} is no finished painter: train one by `latente fit PHOTOS --model style`")
    return path


def create(parts: Parts, port: int, token: str, names: tuple[str, ...] = ()) -> FastAPI:
    """Return the application that answers at a port to whoever has the token; its queue runs while it does.

    names: by which other machines may ask for it.
    """

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        parts.workspace.sweep()
        parts.workspace.empty_trash()
        parts.jobs.open()
        try:
            yield
        finally:
            parts.jobs.close()
            parts.sets.close()

    app = FastAPI(title="Latente studio", version=latente.__version__, docs_url=None, redoc_url=None, lifespan=life)
    app.state.parts = parts
    app.add_middleware(Guard, port=port, token=token, names=names)
    app.add_exception_handler(LatenteError, _refuse)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(ClientDisconnect, _leave)
    app.add_exception_handler(Exception, _fail)
    for home in (sets, jobs, results, machine):
        app.include_router(home.router, prefix="/api")
    app.add_api_route("/", _front, methods=["GET"], include_in_schema=False)
    if (BUILT / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=BUILT / "assets"))
    return app


def _front() -> Response:
    page = BUILT / "index.html"
    return FileResponse(page) if page.is_file() else HTMLResponse(_UNBUILT, 503)


def _refuse(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, Problem) else Problem(400, "refused", str(error), reason=str(error))
    return JSONResponse(problem.to_json(), problem.status)


def _refuse_http(request: Request, error: Exception) -> Response:
    status = cast(HTTPException, error).status_code
    code = {404: "unknown", 405: "no_method"}.get(status, "refused")
    return JSONResponse(Problem(status, code, str(cast(HTTPException, error).detail)).to_json(), status)


def _refuse_invalid(request: Request, error: Exception) -> Response:
    faults = cast(RequestValidationError, error).errors()
    where = ".".join(map(str, faults[0]["loc"])) if faults else ""
    return JSONResponse(Problem(422, "invalid", f"{where} is not as it has to be", where=where).to_json(), 422)


def _leave(request: Request, error: Exception) -> Response:
    """Say nothing of a connection that broke: nobody hears it, and what was sent in part was not kept."""
    return Response(status_code=400)


def _fail(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw; the server's own log tells of it."""
    return JSONResponse(Problem(500, "failed", f"{type(error).__name__}: {error}").to_json(), 500)
