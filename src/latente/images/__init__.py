"""Images: the one data door, what comes out of it, and the scaling to the network's range."""

from __future__ import annotations

from latente.images.container import Images
from latente.images.door import Openable, open_images
from latente.images.layouts import from_layout, to_layout
from latente.images.options import DoorOptions, Progress, Source
from latente.images.photographs import Photographs
from latente.images.scaling import Scaling
from latente.images.scan import Scan

__all__ = [
    "DoorOptions",
    "Images",
    "Openable",
    "Photographs",
    "Progress",
    "Scaling",
    "Scan",
    "Source",
    "from_layout",
    "open_images",
    "to_layout",
]
