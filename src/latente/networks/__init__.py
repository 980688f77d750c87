"""Plain `nn.Module`s that know nothing of training: dense and convolutional encoders and decoders, and a U-net."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
