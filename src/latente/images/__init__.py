"""Images: the one data door, what comes out of it, and the scaling to the network's range."""

from __future__ import annotations

from latente.images.container import Images, to_layout
from latente.images.door import open_images
from latente.images.options import Progress
from latente.images.scaling import Scaling
from latente.images.scan import Scan

__all__ = ["Images", "Progress", "Scaling", "Scan", "open_images", "to_layout"]
