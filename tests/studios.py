"""A studio whose trainings are a stand-in, and who asks it."""

from __future__ import annotations

import hashlib
import io
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from latente.studio.app import create
from latente.studio.jobs import Jobs
from latente.studio.parts import Parts
from latente.studio.sets import Sets
from latente.studio.shelves import Shelves
from latente.studio.uploads import Uploads
from latente.studio.workspace import Workspace

PORT, TOKEN = 8421, "the-token"
ORIGIN = f"http://127.0.0.1:{PORT}"
TRAINER = Path(__file__).parent / "studio" / "trainer.py"


def command(arguments: list[str]) -> list[str]:
    return [sys.executable, str(TRAINER), *arguments]


def png(seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def wait_until(holds: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def make_parts(folder: Path, shelves: Sequence[Path] = ()) -> Parts:
    workspace = Workspace(folder)
    sets = Sets(workspace)
    return Parts(workspace, sets, Uploads(workspace), Jobs(workspace, sets, command), "es", Shelves(shelves))


class Client(TestClient):
    """Asks as the studio's own page does."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        super().__init__(create(parts, PORT, TOKEN), base_url=ORIGIN, headers={"Origin": ORIGIN})

    def enter(self) -> None:
        """Come with the token, and get the cookie."""
        assert self.get(f"/?token={TOKEN}", follow_redirects=False).status_code == 303

    def give(self, set_id: str, files: dict[str, bytes]) -> dict[str, Any]:
        """Announce files, send those that are missing, and return what was answered to the announcement."""
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        listed = [{"name": name, "sha256": sums[name], "size": len(files[name])} for name in files]
        answer = self.post(f"/api/sets/{set_id}/files", json={"files": listed}).json()
        contents = {sums[name]: content for name, content in files.items()}
        for sha256 in answer["missing"]:
            assert self.put(f"/api/sets/{set_id}/files/{sha256}", content=contents[sha256]).status_code == 204
        return answer

    def look(self, set_id: str) -> dict[str, Any]:
        self.post(f"/api/sets/{set_id}/look")
        wait_until(lambda: self.get(f"/api/sets/{set_id}").json()["finding"]["state"] in ("done", "failed"))
        return self.get(f"/api/sets/{set_id}").json()
