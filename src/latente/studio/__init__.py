"""The studio: training on one's own pictures in the browser, served to this machine unless others are named.

Nothing is trained here: each training is a process of its own that goes on whatever becomes of this one, and what is
shown of it is read from its run folder.
"""

from __future__ import annotations

from latente.studio.serving import PORT, bound, check_names, serve

__all__ = ["PORT", "bound", "check_names", "serve"]
