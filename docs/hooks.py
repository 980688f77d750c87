"""Called while the site is built: notebooks become pages, and tables of options are written from their declarations."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

from latente.checks import options_of
from latente.estimators.kinds import kind_named

_MARK = re.compile(r"^<!-- options of ([a-z-]+) -->$", re.MULTILINE)


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
    """Replace each line `<!-- options of MODEL -->` by the table of that model's options."""
    return _MARK.sub(lambda match: options_table(match[1]), markdown)


def notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown, with what it put out, and the pictures that this shows by their names."""
    resources = {"output_files_dir": f"{path.stem}_files"}
    markdown, resources = MarkdownExporter().from_filename(str(path), resources=resources)
    title, rest = markdown.split("\n", 1)
    offer = f'<p><a href="{path.name}" download>Download the notebook</a></p>'
    return f"{title}\n\n{offer}\n{rest.replace('![png]', '![what the cell above shows]')}", resources["outputs"]


def options_table(model: str) -> str:
    """Return the options of the model that `--model` calls so as a table in Markdown."""
    lines = ["| option | on the command line | default | meaning |", "|---|---|---|---|"]
    for option in options_of(kind_named(model).load_options()).values():
        typed = f"`{option.flag} {option.check.metavar}`".replace("|", "\\|")
        lines.append(f"| `{option.name}` | {typed} | {option.shown} | {option.help} |")
    return "\n".join(lines)
