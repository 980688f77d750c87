"""Latente trains, inspects and uses image autoencoders and their generative relatives.

Every public name is fetched from its home on first use, so that `import latente` loads nothing heavy; `__init__.pyi`
lists them (https://scientific-python.org/specs/spec-0001/).
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
