"""What can be imported is what is promised, and importing it costs nothing."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import latente

PACKAGE = Path(latente.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__main__.py")
HEAVY = ("torch", "sklearn", "scipy", "skimage", "matplotlib", "jaxtyping")


def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def stub_of(path: Path) -> Path:
    """Return the file beside a package's `__init__.py` that lists what it loads on first use; few have one."""
    return path.with_suffix(".pyi")


def declared_names(path: Path) -> list[str]:
    """Return what `__all__` lists, or the stub of a package; a module without either offers nothing."""
    if stub_of(path).exists():
        imports = [node for node in read(stub_of(path)).body if isinstance(node, ast.ImportFrom)]
        return [alias.name for node in imports for alias in node.names]
    for node in read(path).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return list(ast.literal_eval(value))
    return []


def defined_names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the public functions and classes that a module defines, and all other names that it assigns.

    A function that a decorator hands to an object of the module (a verb) is reached through that object.
    """
    assigned: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            leaves = (leaf for target in targets for leaf in ast.walk(target))
            assigned |= {leaf.id for leaf in leaves if isinstance(leaf, ast.Name)}
    made = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not assigned & used_names(node.decorator_list)
    }
    return {name for name in made if not name.startswith("_")}, assigned


def used_names(expressions: list[ast.expr]) -> set[str]:
    """Return the names at the root of each expression: `verbs` in `verbs.command()`."""
    roots = set()
    for expression in expressions:
        while isinstance(expression, ast.Call | ast.Attribute):
            expression = expression.func if isinstance(expression, ast.Call) else expression.value
        roots |= {expression.id} if isinstance(expression, ast.Name) else set()
    return roots


def taken_names(tree: ast.Module) -> set[tuple[str, str]]:
    """Return (module, name) of all that a module takes from others of the package, wherever in it."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {(str(node.module), alias.name) for node in imports for alias in node.names if node.module}


def location(module: str) -> Path:
    """Return the file of `latente.this.that`."""
    place = PACKAGE.joinpath(*module.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_all_lists_the_public_names_of_the_module(path: Path) -> None:
    tree = read(path)
    declared = declared_names(path)
    if stub_of(path).exists():
        return
    functions_and_classes, assigned = defined_names(tree)
    shown = {name for _, name in taken_names(tree)} if path.name == "__init__.py" else set()
    assert len(declared) == len(set(declared))
    assert functions_and_classes <= set(declared) <= functions_and_classes | assigned | shown


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_take_from_each_other_only_what_is_public(path: Path) -> None:
    taken = {(home, name) for home, name in taken_names(read(path)) if home.split(".")[0] == "latente"}
    private = {
        f"{home}.{name}"
        for home, name in taken
        if not location(f"{home}.{name}").exists() and name not in declared_names(location(home))
    }
    assert private == set()


NAMED_TUPLE = ("_asdict", "_fields", "_replace")


def is_super(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super"


def private_attributes(tree: ast.Module) -> set[str]:
    """Return the private names that a module asks of objects other than its own, and does not define itself.

    Those of libraries are theirs to answer for, and a named tuple's are public in spite of their underscore.
    """
    libraries = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if isinstance(node, ast.Import) or not str(node.module).startswith("latente")
    }
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    asked = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.startswith("__"):
            continue
        is_stored = isinstance(node.ctx, ast.Store)
        is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", *libraries)
        if is_stored and isinstance(node.value, ast.Name) and node.value.id == "self":
            defined.add(node.attr)
        elif not is_own and not is_super(node.value) and node.attr not in NAMED_TUPLE:
            asked.add(node.attr)
    return asked - defined


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_asks_another_one_s_objects_for_what_is_private(path: Path) -> None:
    assert private_attributes(read(path)) == set()


def test_the_watch_for_private_attributes_sees_them() -> None:
    body = "return other._f, model._secret, torch._C, self._x, super()._y"
    code = f"import torch\nclass A:\n    def _f(self, other, model):\n        {body}"
    assert private_attributes(ast.parse(code)) == {"_secret"}


LAZY = [stub.with_suffix(".py") for stub in sorted(PACKAGE.rglob("__init__.pyi"))]


@pytest.mark.parametrize("path", LAZY, ids=lambda path: path.parent.name)
def test_every_name_of_a_package_loaded_on_first_use_is_the_one_of_its_home(path: Path) -> None:
    package = importlib.import_module(".".join(["latente", *path.parent.relative_to(PACKAGE).parts]))
    assert dir(package) == sorted(declared_names(path))
    for node in ast.walk(read(stub_of(path))):
        if isinstance(node, ast.ImportFrom):
            home = importlib.import_module(f"{package.__name__}.{node.module}")
            for alias in node.names:
                assert alias.name in home.__all__
                assert getattr(package, alias.name) is getattr(home, alias.name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="No latente attribute Autoencodr"):
        _ = latente.Autoencodr


def heavy_modules_after(*program: str) -> list[str]:
    """Run Python with `program` and return which of the heavy libraries it imported."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *program],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    imported = {line.rsplit("|", 1)[-1].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}
    assert "latente" in imported
    return [name for name in HEAVY if name in imported]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(("-c", "import latente; latente.InputError"), id="import latente"),
        pytest.param(("-m", "latente", "--help"), id="latente --help"),
        pytest.param(("-m", "latente", "fit", "--help"), id="latente fit --help"),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(program: tuple[str, ...]) -> None:
    assert heavy_modules_after(*program) == []


def test_the_watch_for_heavy_imports_sees_them() -> None:
    assert "torch" in heavy_modules_after("-c", "import latente, torch")


def test_a_model_is_loaded_and_used_without_torchs_compiler(tmp_path: Path) -> None:
    """Which takes seconds to load, and which nothing here compiles with."""
    X = np.zeros((6, 12, 12), np.uint8)
    latente.Autoencoder(latent_dim=3, epochs=1, random_state=0, device="cpu").fit(X).save(tmp_path)
    program = (
        "import sys, numpy as np, latente\n"
        "latente.load(sys.argv[1]).reconstruct(np.zeros((6, 12, 12), np.uint8))\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
