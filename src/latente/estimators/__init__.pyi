from .autoencoders import Autoencoder as Autoencoder
from .autoencoders import BaseAutoencoder as BaseAutoencoder
from .base import Estimator as Estimator
from .encoding import Encoder as Encoder
from .loading import load as load
from .loading import resume as resume
from .stacked import StackedAutoencoderClassifier as StackedAutoencoderClassifier
from .variational import VariationalAutoencoder as VariationalAutoencoder
