"""Restoring picture files: what a model makes of each lies beside it under its own name, with all that it keeps."""

from __future__ import annotations

from latente.images.kept import Picture, read_picture, save_picture
from latente.restoring.comparing import MOST_SHOWN, Comparison, compare, write_page
from latente.restoring.folder import Place, Results, find_pictures, restore_files
from latente.restoring.through import restored

__all__ = [
    "MOST_SHOWN",
    "Comparison",
    "Picture",
    "Place",
    "Results",
    "compare",
    "find_pictures",
    "read_picture",
    "restore_files",
    "restored",
    "save_picture",
    "write_page",
]
