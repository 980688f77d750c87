from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]


def test_imports_point_one_way_and_every_module_has_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def imports_of(module: str, tree: ast.Module, modules: set[str]) -> set[str]:
    """Return the modules of the package that one imports, wherever in it, but for what type checkers alone look at."""
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return (names & modules) - {module}


def test_no_module_comes_back_to_itself_by_its_imports_lazy_ones_included() -> None:
    package = ROOT / "src" / "latente"
    files = {
        ".".join(["latente", *path.relative_to(package).with_suffix("").parts]).removesuffix(".__init__"): path
        for path in package.rglob("*.py")
    }
    # a package's own file gathers its modules, and these name the package: that is no circle among modules
    modules = {name for name, path in files.items() if path.name != "__init__.py"}
    graph = {name: imports_of(name, ast.parse(files[name].read_text()), modules) for name in modules}
    order = TopologicalSorter(graph)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
