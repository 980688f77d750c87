"""Training: the loop, its state, the run folder, and the devices it runs on; its options load nothing heavy."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
