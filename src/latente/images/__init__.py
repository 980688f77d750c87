"""Images: the one data door, what comes out of it, and the scaling to the network's range."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
