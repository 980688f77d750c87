"""Plain `nn.Module`s that know nothing of training: encoders, decoders, and what makes images of images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
