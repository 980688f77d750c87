"""What the tests of each experiment share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an experiment writes its result to, the same for all tests of a file."""
    return tmp_path_factory.mktemp("result")
