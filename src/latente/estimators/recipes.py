"""Which judges a detector takes for images of a shape: every method with the features that go with it."""

from __future__ import annotations

from torch import Tensor, nn

from latente.errors import InputError
from latente.estimators import telling
from latente.estimators.judges import Judge, PlacesJudge, PlantedJudge, WholeJudge
from latente.estimators.rebuilding import Codes, Unrebuilt
from latente.networks import windows as windowing
from latente.networks.contrast import local_contrast
from latente.networks.features import FEWEST_PIXELS, NETWORKS, FeatureNetwork
from latente.networks.orientations import orientations
from latente.networks.own import OwnFeatures
from latente.normality import Gaussian, Hyperplane, Nearest, Normality, Origin, Residual
from latente.objectives import DetectionObjective, ReconstructionObjective

__all__ = ["OWN", "PLACES", "PRODUCTS", "SEARCHES", "objective_for", "settled"]

SEARCHES = ("memory", "neighbours")  # methods that search what they remember
PRODUCTS = ("gaussian", "pca")  # methods that are products with what was learned, and search nothing
PLACES = ("windows", *NETWORKS)  # features of many places in a picture, which may have any size
OF_PLACES = ("memory", "planted")  # methods that need them
OWN = "own"  # what features are called that a module of a caller's own makes
SMALL = 48  # pixels: pictures with no side above are taken for aligned ones, which may be compared as wholes
FEWEST_SIDES = 8  # pixels, below which there are no edges to speak of
_BLURS = (1.4, 0.7)  # pixels: coarse shapes, and fine ones

_WHOLE: dict[str, type[Normality]] = {
    "gaussian": Gaussian,
    "pca": Residual,
    "neighbours": Hyperplane,
    "transforms": Hyperplane,
    "reconstruction": Origin,
}
_PLACED: dict[str, type[Normality]] = {"gaussian": Gaussian, "memory": Nearest, "reconstruction": Origin}


def settled(
    method: str,
    features: str,
    shape: tuple[int, ...],
    *,
    sizes_vary: bool = False,
    own: OwnFeatures | None = None,
) -> tuple[str, str]:
    """Return the method and the features for images of a shape, with what is "auto" settled; the same for everybody.

    own: the caller's module that makes the features, where they are its own.
    Raises InputError where such features cannot be had of such images, or do not go with the method.
    """
    is_picture = len(shape) == 3
    has_edges = is_picture and min(shape[1:]) >= FEWEST_SIDES
    has_windows = has_edges and shape[0] <= 4
    is_large = has_windows and (sizes_vary or max(shape[1:]) > SMALL)
    if sizes_vary and (method in ("reconstruction", "transforms") or features == "embedded"):
        looks = "method='transforms'" if method == "transforms" else "an autoencoder"
        raise InputError(
            f"{looks} looks at pictures of one size: give size=64 when opening them, or take method='memory' by "
            "'windows'"
        )
    if own is not None:
        return _settled_for_own(method, own), OWN
    if method == "transforms" and not has_edges:
        raise InputError(
            f"method='transforms' is for pictures of {FEWEST_SIDES}x{FEWEST_SIDES} pixels or more; take 'gaussian'"
        )
    if method == "auto":
        has_places = features in PLACES or (features == "auto" and is_large)
        method = "memory" if has_places else "neighbours" if has_edges else "gaussian"
    if features == "auto":
        in_places = method in OF_PLACES or (method == "gaussian" and is_large)
        by_edges = has_edges and method in ("neighbours", "transforms")
        features = "windows" if in_places else "orientations" if by_edges else "pixels"
    if features == "windows" and not has_windows:
        raise InputError(
            f"features='windows' are of pictures of {FEWEST_SIDES}x{FEWEST_SIDES} pixels or more with 1 to 4 channels; "
            "take method='gaussian' by 'pixels'"
        )
    if features in NETWORKS and (not has_windows or (not sizes_vary and min(shape[1:]) < FEWEST_PIXELS)):
        raise InputError(
            f"features={features!r} are of pictures of {FEWEST_PIXELS}x{FEWEST_PIXELS} pixels or more with 1 to 4 "
            "channels; take method='gaussian' by 'pixels'"
        )
    if features in ("orientations", "embedded") and not has_edges:
        raise InputError(
            f"features={features!r} are of pictures of {FEWEST_SIDES}x{FEWEST_SIDES} pixels or more; take 'pixels'"
        )
    if method == "transforms" and features not in ("orientations", "pixels"):
        raise InputError(f"method='transforms' does not go with features={features!r}; take orientations or pixels")
    if method == "reconstruction" and features == "embedded":
        raise InputError("method='reconstruction' does not go with features='embedded'; take pixels or orientations")
    if (method in OF_PLACES) != (features in PLACES) and method not in ("gaussian", "reconstruction"):
        fitting = " or ".join(PLACES) if method in OF_PLACES else "pixels, orientations or embedded"
        raise InputError(f"method={method!r} does not go with features={features!r}; take {fitting}")
    if sizes_vary and features not in PLACES:
        raise InputError(
            f"features={features!r} compare pictures of one size: give size=64 when opening them, or take 'windows'"
        )
    return method, features


def _settled_for_own(method: str, own: OwnFeatures) -> str:
    if method == "auto":
        return "memory" if own.has_places else "gaussian"
    goes_anyhow = method in ("gaussian", "reconstruction")
    if method in ("planted", "transforms") or ((method == "memory") != own.has_places and not goes_anyhow):
        form = "(B, F, h, w)" if own.has_places else "(B, F)"
        fitting = "memory, gaussian" if own.has_places else "gaussian, pca, neighbours"
        raise InputError(
            f"method={method!r} does not go with features {form} of a module of one's own; take {fitting} or "
            "reconstruction"
        )
    return method


def objective_for(
    method: str,
    features: str,
    shape: tuple[int, ...],
    contrast: int | None = None,
    network: FeatureNetwork | OwnFeatures | None = None,
    autoencoder: ReconstructionObjective | None = None,
) -> DetectionObjective:
    """Return the objective of untaught judges for a method and features that `settled` has settled.

    shape: of an image. contrast: the side of the window whose mean and deviation are taken out of pictures before
    anything else. network: that of the features which have one. autoencoder: what "reconstruction" and "embedded"
    look through.
    """

    def seen(describe: nn.Module) -> nn.Module:
        look = describe if contrast is None else nn.Sequential(_Contrast(contrast), describe)
        if method != "reconstruction":
            return look
        assert autoencoder is not None
        return Unrebuilt(look, autoencoder)

    if isinstance(network, OwnFeatures) and not network.has_places:
        return DetectionObjective({OWN: WholeJudge(seen(network), _WHOLE[method](), has_places=False)})
    if features in PLACES or network is not None:
        look = _Windows() if network is None else network
        centres = None if isinstance(look, OwnFeatures) else look.centres
        if method == "planted":
            assert centres is not None  # as `settled` has it
            return DetectionObjective({features: PlantedJudge(seen(look), centres)}, "sum", counted=2)
        judge = PlacesJudge(seen(look), centres, _PLACED[method]())
        # of a network's places the mean is mostly what else differs between pictures
        return DetectionObjective({features: judge}, "largest", counted=None if network is None else 1)
    normality = _WHOLE[method]
    judges: dict[str, Judge] = {}
    if method == "transforms":  # which looks at the pixels itself
        before = None if contrast is None else _Contrast(contrast)
        views = telling.Views(telling.untrained(shape, before))
        judges["views"] = WholeJudge(views, Gaussian(), has_places=False)
    elif features == "pixels":
        judges["pixels"] = WholeJudge(seen(_Pixels()), normality())
    if features != "pixels":
        names = zip(("coarse", "fine"), _BLURS, strict=True)
        judges |= {name: WholeJudge(seen(_Orientations(blur)), normality()) for name, blur in names}
    if features == "embedded":
        assert autoencoder is not None
        judges["codes"] = WholeJudge(Codes(autoencoder), normality(), has_places=False)
    return DetectionObjective(judges)


class _Contrast(nn.Module):
    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, images: Tensor) -> Tensor:
        contrast: Tensor = local_contrast(images, self.side)
        return contrast


class _Windows(nn.Module):
    centres = staticmethod(windowing.centres)

    def forward(self, images: Tensor) -> Tensor:
        rows: Tensor = windowing.windows(images)
        return rows


class _Pixels(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images


class _Orientations(nn.Module):
    def __init__(self, blur: float) -> None:
        super().__init__()
        self.blur = blur

    def forward(self, images: Tensor) -> Tensor:
        histograms: Tensor = orientations(images, self.blur)
        return histograms
