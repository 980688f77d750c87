from .errors import InputError as InputError
from .errors import Interrupted as Interrupted
from .errors import ModelError as ModelError
from .errors import TrainingError as TrainingError
from .estimators.adversarial import GAN as GAN
from .estimators.autoencoders import Autoencoder as Autoencoder
from .estimators.classifier import ImageClassifier as ImageClassifier
from .estimators.detection import AnomalyDetector as AnomalyDetector
from .estimators.fast_style import FastStyleTransfer as FastStyleTransfer
from .estimators.loading import load as load
from .estimators.loading import resume as resume
from .estimators.restoration import Deblurrer as Deblurrer
from .estimators.restoration import Denoiser as Denoiser
from .estimators.restoration import Inpainter as Inpainter
from .estimators.restoration import Restorer as Restorer
from .estimators.restoration import SuperResolver as SuperResolver
from .estimators.shipped import load_shipped as load_shipped
from .estimators.stacked import StackedAutoencoderClassifier as StackedAutoencoderClassifier
from .estimators.style import StyleTransfer as StyleTransfer
from .estimators.translation import ImageTranslator as ImageTranslator
from .estimators.variational import VariationalAutoencoder as VariationalAutoencoder
from .images.container import Images as Images
from .images.door import open_images as open_images

__version__: str
