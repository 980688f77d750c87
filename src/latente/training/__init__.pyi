from .batches import Batches as Batches
from .listeners import Listener as Listener
from .loop import train as train
from .options import TrainingOptions as TrainingOptions
from .passes import evaluate as evaluate
from .randomness import isolated_rng as isolated_rng
from .runs import Run as Run
from .state import TrainingState as TrainingState
