"""Called while the site is built: notebooks become pages, and tables of options are written from their declarations."""

from __future__ import annotations

import importlib
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

from latente.checks import Option, options_of
from latente.words import typed

_MARK = re.compile(r"^<!-- options of ([\w.]+) -->$", re.MULTILINE)


class _Notebook(File):
    """A notebook whose content is the Markdown that was made of it."""

    def is_documentation_page(self) -> bool:
        return True


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put a page in the place of each notebook, as it was executed; links to the notebook then lead to the page."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        markdown, pictures = notebook_page(Path(config.docs_dir) / file.src_uri)
        files.remove(file)
        files.append(_Notebook.generated(config, file.src_uri, content=markdown))
        for name, content in pictures.items():
            place = posixpath.join(posixpath.dirname(file.src_uri), name)
            files.append(File.generated(config, place, content=content))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Lay the notebooks themselves beside their pages, which offer them."""
    for notebook in Path(config.docs_dir).rglob("*.ipynb"):
        copy = Path(config.site_dir) / notebook.relative_to(config.docs_dir)
        copy.write_bytes(notebook.read_bytes())


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each line `<!-- options of CLASS -->` by the tables of the options that the class declares."""
    return _MARK.sub(lambda match: options_tables(match[1]), markdown)


def notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown, with what it put out, and the pictures that this shows by their names."""
    resources = {"output_files_dir": f"{path.stem}_files"}
    markdown, resources = MarkdownExporter().from_filename(str(path), resources=resources)
    title, rest = markdown.split("\n", 1)
    offer = f'<p><a href="{path.name}" download>Download the notebook</a></p>'
    return f"{title}\n\n{offer}\n{rest.replace('![png]', '![what the cell above shows]')}", resources["outputs"]


def options_tables(place: str) -> str:
    """Return the options that a class declares, named as it is imported, as tables in Markdown, one a panel."""
    module, _, name = place.rpartition(".")
    panels: dict[str, list[Option]] = {}
    for option in options_of(getattr(importlib.import_module(module), name)).values():
        panels.setdefault(option.panel, []).append(option)
    lines: list[str] = []
    for panel, options in reversed(panels.items()):  # a family's own first
        lines += ["", f"**{panel}**", ""] if len(panels) > 1 else [""]
        lines += ["| name | type | default | meaning |", "|---|---|---|---|"]
        lines += [f"| `{option.name}` | {_types(option)} | {_default(option)} | {option.help} |" for option in options]
    return "\n".join(lines)


def _types(option: Option) -> str:
    *types, last = [*option.check.types, *["None"] * (option.default is None or option.check.or_none)]
    return f"{', '.join(types)} or {last}" if types else last


def _default(option: Option) -> str:
    """The default as Python writes it, or in words where that says more."""
    return f"`{option.default!r}`" if option.shown == typed(option.default) else option.shown
