from .build import build_pair as build_pair
from .build import resolve as resolve
from .conv import ConvDecoder as ConvDecoder
from .conv import ConvEncoder as ConvEncoder
from .dense import DenseDecoder as DenseDecoder
from .dense import DenseEncoder as DenseEncoder
from .summary import Row as Row
from .summary import describe as describe
