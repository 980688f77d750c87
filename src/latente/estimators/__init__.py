"""The estimators, and the two ways back to a training on disk: `load` its model, or `resume` it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
