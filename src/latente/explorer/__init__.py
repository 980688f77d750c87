"""The explorer: one page that opens from disk, with the map of the codes, the images, and a decoder that runs in it."""

from latente.explorer.writing import Written, write_explorer

__all__ = ["Written", "write_explorer"]
