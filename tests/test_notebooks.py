"""The notebooks of the documentation run as they stand, and what is stored in them is what comes out."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 300_000  # bytes
LAST_LINE = re.compile(
    r"epoch (\d+)/\1 ━{24} ([\d,]+)/\2 best (epoch \d+|at the start) · validation .* · \d+:\d\d in all"
)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: Any) -> list[tuple[str, ...]]:
    """What a cell put out, in which formats; several pieces of one stream are one."""
    pieces = [
        (out.output_type, out.name) if out.output_type == "stream" else (out.output_type, *sorted(out.data))
        for out in cell.outputs
    ]
    return [kind for kind, alike in itertools.groupby(pieces) for _ in ([kind] if kind[0] == "stream" else alike)]


def progress(cell: Any) -> list[str]:
    """The lines that the trainings in a cell left behind."""
    return [out.data["text/plain"] for out in cell.outputs if out.output_type == "display_data"]


def wording(lines: list[str]) -> list[str]:
    """What lines say but for their figures, which another machine may not reach to the last digit."""
    return [re.sub(r"\d[\d.,:]*(e[+-]\d+)?", "#", line.replace("at the start", "epoch 0")) for line in lines]


@each_notebook
def test_a_notebook_runs_and_gives_what_is_stored(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    stored = nbformat.read(path, as_version=4)
    run = nbformat.read(path, as_version=4)
    (tmp_path / "here").mkdir()
    NotebookClient(
        run,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": tmp_path / "here"}},
    ).execute()
    for before, after in zip(code_cells(stored), code_cells(run), strict=True):
        assert kinds(after) == kinds(before), after.source
        assert wording(progress(after)) == wording(progress(before))


@each_notebook
def test_a_stored_notebook_is_small_complete_and_clean(path: Path):
    assert path.stat().st_size < LARGEST
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    texts = []
    for cell in cells:
        assert cell.metadata == {}
        for out in cell.outputs:
            assert out.output_type != "error"
            assert out.get("name") != "stderr", out.text
            texts += [out.text] if out.output_type == "stream" else [out.data["text/plain"]]
    assert not re.search(r"\x1b|/home/|/root/|/tmp/|object at 0x", "\n".join(texts))


@each_notebook
def test_each_training_leaves_one_line_of_progress(path: Path):
    for cell in code_cells(nbformat.read(path, as_version=4)):
        lines = progress(cell)
        assert len(lines) == cell.source.count(".fit(")
        for line in lines:
            assert LAST_LINE.fullmatch(line), line


def test_the_chapters_are_numbered_and_their_links_lead_somewhere():
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4"]
    for path in NOTEBOOKS:
        markdown = "".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type != "code")
        assert markdown.startswith(f"# {path.name[0]} · ")
        for target in re.findall(r"\]\(([^)\s]+)\)", markdown):
            assert (path.parent / target).exists()
