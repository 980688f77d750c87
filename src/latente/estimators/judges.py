"""The judges of a detector: what each looks at in an image, and what it knows of the normal ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from latente.latents.oddity import LARGEST, numbers_of
from latente.normality import (
    Discriminator,
    Gaussian,
    Moments,
    Nearest,
    Normality,
    Origin,
    folds,
    planted,
)

__all__ = ["Judge", "Learned", "PlacesJudge", "PlantedJudge", "WholeJudge"]

MOST_PLACES = 10_000  # that a memory keeps, whatever it learned from
MOST_DRAWN = 50_000  # among which these are chosen
MOST_REMEMBERED = 256 * 2**20  # bytes of windows between two passes; the others are made again
FAULTS = 6  # that are planted in each picture
MOST_TAUGHT = 100_000  # sound places, and as many faulty ones, that a discriminator is taught by
_FAULTY_SHARE = 0.06  # of the 9x9 pixels in the middle of a place, from which on it is faulty: a line is enough
_SOFTNESS = 1.2  # places: what one place says of a fault is shaky

Batches = Callable[[], Iterable[Tensor]]  # passes over the normal images, each time in the same order


@dataclasses.dataclass(frozen=True)
class Learned:
    """What a judge says of the images that it learned from, (N, K) each.

    left_out: of each, as far as the others tell. own: of each, by what it has learned of all of them.
    """

    left_out: Tensor
    own: Tensor


class Judge(nn.Module):
    """Makes of each image `numbers` that are larger where it is odder. What it learned rests in `normality`.

    has_places: whether what it looks at has places, so that there is a map.
    """

    numbers: int
    has_places: bool = True
    normality: Normality

    def learn(self, batches: Batches, groups: np.ndarray, seed: int) -> Learned:
        """Learn from normal images, each of the group of this number; `seed` draws what is drawn."""
        raise NotImplementedError

    def with_map(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return pictures' numbers, and how odd they are at each pixel (B, H, W), the mean about their last number."""
        raise NotImplementedError

    def learned(self) -> int:
        """Return how many numbers were learned by gradients."""
        return 0

    def told(self, batches: Batches) -> Tensor:
        """Return the numbers of images (N, K), by what was learned."""
        return torch.cat([self(batch) for batch in batches()])

    def reserve(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """Make room for what was learned, which has these shapes."""
        self.normality.reserve(shapes)


class WholeJudge(Judge):
    """Compares images as wholes. describe: images -> features (B, F, h, w), or (B, F) where they have no places."""

    numbers = 1

    def __init__(self, describe: Callable[[Tensor], Tensor], normality: Normality, *, has_places: bool = True) -> None:
        super().__init__()
        self.describe, self.normality, self.has_places = describe, normality, has_places

    def learn(self, batches: Batches, groups: np.ndarray, seed: int) -> Learned:
        if isinstance(self.normality, Origin):
            return Learned(*2 * (self.told(batches),))
        features = torch.cat([self.describe(batch).flatten(1) for batch in batches()])
        self.normality.learn(features, groups)
        left_out = self.normality.left_out(features, groups, seed)[:, None]
        # each is its own nearest, which says nothing
        return Learned(left_out, left_out if isinstance(self.normality, Nearest) else self.normality(features)[:, None])

    def forward(self, images: Tensor) -> Tensor:
        distances: Tensor = self.normality(self.describe(images).flatten(1))
        return distances[:, None]

    def with_map(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.describe(images)
        distances, residuals = self.normality.residuals(features.flatten(1))
        residuals = residuals.view(features.shape).sum(1, keepdim=True)
        places = residuals.shape[-2] * residuals.shape[-1]
        maps = functional.interpolate(places * residuals, images.shape[-2:], mode="bilinear")
        return distances[:, None], maps[:, 0]


class PlacesJudge(Judge):
    """Compares places of pictures. describe: pictures -> places (B, h, w, F).

    centres: where they lie along a side of so many pixels; None: evenly over all of it.
    numbers: the mean of the 4 oddest places' distances, and the mean of all.
    """

    numbers = 2

    def __init__(
        self, describe: Callable[[Tensor], Tensor], centres: Callable[[int], np.ndarray] | None, normality: Normality
    ) -> None:
        super().__init__()
        self.describe, self.centres, self.normality = describe, centres, normality

    def learn(self, batches: Batches, groups: np.ndarray, seed: int) -> Learned:
        if isinstance(self.normality, Origin):
            return Learned(*2 * (self.told(batches),))
        grids = _remembered(batches, self.describe)
        if isinstance(self.normality, Gaussian):
            return self._learn_gaussian(self.normality, grids, groups, seed)
        rng = np.random.default_rng([seed, 6])
        rows, owners = _drawn(grids(), groups, rng)
        kept = _farthest(rows, MOST_PLACES, rng)
        rows, owners = rows[kept], owners[kept.cpu().numpy()]
        self.normality.learn(rows, owners)
        known, left_out = torch.from_numpy(owners).to(rows.device), []
        for grid, group in zip(_each(grids()), groups.tolist(), strict=True):
            left_out.append(self._numbers(self._distances(grid[None], known == group)))
        return Learned(torch.cat(left_out), torch.cat(left_out))

    def _learn_gaussian(self, normality: Gaussian, grids: Batches, groups: np.ndarray, seed: int) -> Learned:
        """Learn in one pass, and judge each fifth of the groups by what the others teach in a second one."""
        parts = folds(groups, seed)
        fold_of = np.empty(len(groups), np.int64)
        for number, part in enumerate(parts):
            fold_of[part] = number
        moments = [Moments() for _ in parts]
        for grid, fold in zip(_each(grids()), fold_of, strict=True):
            moments[fold].add(grid.flatten(0, 1))
        total = Moments.sum(moments)
        normality.take(total)
        others = [Gaussian() for _ in parts]
        for other, own in zip(others, moments, strict=True):
            other.take(total.without(own) if len(parts) > 1 else total)
        judges = [PlacesJudge(self.describe, self.centres, other) for other in others]
        looks = zip(_each(grids()), fold_of, strict=True)
        left_out = torch.cat([self._numbers(judges[fold]._distances(grid[None])) for grid, fold in looks])
        return Learned(left_out, left_out)  # among so many places its own make next to no difference

    def forward(self, images: Tensor) -> Tensor:
        return self._numbers(self._distances(self.describe(images)))

    def with_map(self, images: Tensor) -> tuple[Tensor, Tensor]:
        distances = self._distances(self.describe(images))
        maps = _enlarged(distances, (images.shape[-2], images.shape[-1]), self.centres)
        return self._numbers(distances), maps

    def _distances(self, rows: Tensor, aside: Tensor | None = None) -> Tensor:
        """Return the distance of each window (B, h, w); aside: what of a memory does not count."""
        flat = rows.flatten(0, 2)
        normality = self.normality
        squares = normality.closest(flat, aside) if isinstance(normality, Nearest) else normality(flat)
        return squares.sqrt().view(rows.shape[:3])

    def _numbers(self, distances: Tensor) -> Tensor:
        return numbers_of(distances.flatten(1)).exp()


class PlantedJudge(PlacesJudge):
    """Compares places of pictures with those of faults that it plants in the normal ones itself.

    numbers: the mean of the 4 largest Mahalanobis distances from the sound places, which knows small faults best; the
    mean of log(1 + odds) over the 1 % of places that are most likely faulty, 4 at least; and that mean over all places.
    """

    numbers = 3

    def __init__(self, describe: Callable[[Tensor], Tensor], centres: Callable[[int], np.ndarray]) -> None:
        super().__init__(describe, centres, Discriminator())
        self._places_at = centres

    def learn(self, batches: Batches, groups: np.ndarray, seed: int) -> Learned:
        """Plant once, and judge each fifth of the groups by what the places of the others teach."""
        grids, rng = _remembered(batches, self.describe), np.random.default_rng([seed, 7])
        sound, faulty, weights = self._taught(batches, grids, len(groups), rng)

        def teach(discriminator: Discriminator, rows: np.ndarray) -> Discriminator:
            own, counts = [weights[row] for row in rows], torch.cat([sound[row] for row in rows])
            return discriminator.tell(counts, torch.cat([faulty[row] for row in rows]), np.concatenate(own), rng)

        every, fold_of, others = np.arange(len(groups)), np.empty(len(groups), np.int64), []
        parts = folds(groups, seed)
        for number, part in enumerate(parts):
            fold_of[part] = number
            judge = PlantedJudge(self.describe, self._places_at)
            judge.normality = teach(Discriminator(), np.setdiff1d(every, part) if len(parts) > 1 else every)
            others.append(judge)
        assert isinstance(self.normality, Discriminator)
        teach(self.normality, every)
        left_out, whole = [], []
        for grid, fold in zip(_each(grids()), fold_of, strict=True):
            left_out.append(others[fold]._all_numbers(grid[None]))
            whole.append(self._all_numbers(grid[None]))
        return Learned(torch.cat(left_out), torch.cat(whole))

    def _taught(
        self, batches: Batches, grids: Batches, count: int, rng: np.random.Generator
    ) -> tuple[list[Tensor], list[Tensor], list[np.ndarray]]:
        """Return of each picture some sound places, some faulty ones, and how often each of these is to be drawn."""
        most = max(1, MOST_TAUGHT // count)
        sound, faulty, weights = [], [], []
        for images, grid in zip(batches(), grids(), strict=True):
            pairs = [planted(picture, FAULTS, rng) for picture in images]
            worse = self.describe(torch.stack([picture for picture, _ in pairs]))
            for (_, mask), own, odd in zip(pairs, grid.flatten(1, 2), worse.flatten(1, 2), strict=True):
                rows = rng.permutation(len(own))[:most]
                sound.append(own[torch.from_numpy(rows).to(own.device)])
                chance = self._chances(mask)
                rows = np.flatnonzero(chance)
                rows = rows[rng.permutation(len(rows))[:most]]
                faulty.append(odd[torch.from_numpy(rows).to(odd.device)])
                weights.append(chance[rows])
        return sound, faulty, weights

    def _chances(self, mask: Tensor) -> np.ndarray:
        """Return how often each place is to be drawn for a faulty one (P,), by how faulty each pixel is (H, W).

        As the root of 1 / its fault's places, so that faults of few places count too.
        """
        near = functional.avg_pool2d(mask[None], 9, 1, 4, count_include_pad=False)[0]
        rows, columns = (torch.from_numpy(self._places_at(side)).round().long().to(mask.device) for side in mask.shape)
        faults, _ = ndimage.label((near[rows][:, columns] > _FAULTY_SHARE).cpu().numpy())
        sizes = np.bincount(faults.ravel())[faults.ravel()]
        return np.where(faults.ravel() > 0, sizes**-0.5, 0.0)

    def learned(self) -> int:
        return sum(buffer.numel() for name, buffer in self.normality.named_buffers() if name[:5] in ("inner", "outer"))

    def _distances(self, rows: Tensor, aside: Tensor | None = None) -> Tensor:
        """Return log(1 + odds) of each place (B, h, w), drawn together with those next to it."""
        log_odds: Tensor = self.normality(rows.flatten(0, 2))
        return functional.softplus(_softened(log_odds.view(rows.shape[:3])))

    def forward(self, images: Tensor) -> Tensor:
        return self._all_numbers(self.describe(images))

    def with_map(self, images: Tensor) -> tuple[Tensor, Tensor]:
        rows = self.describe(images)
        maps = _enlarged(self._distances(rows), (images.shape[-2], images.shape[-1]), self.centres)
        return self._all_numbers(rows), maps

    def _all_numbers(self, rows: Tensor) -> Tensor:
        assert isinstance(self.normality, Discriminator)
        far = self.normality.sound(rows.flatten(0, 2)).sqrt().view(len(rows), -1)
        odds = self._distances(rows).flatten(1)
        places = odds.shape[1]
        likeliest = odds.topk(min(max(LARGEST, places // 100), places), 1).values
        farthest = far.topk(min(LARGEST, places), 1).values
        return torch.stack([farthest.mean(1), likeliest.mean(1), odds.mean(1)], 1)


def _remembered(batches: Batches, describe: Callable[[Tensor], Tensor]) -> Batches:
    """Return passes over what `describe` makes of the batches, of which 256 MB are kept from the first on."""
    kept: list[Tensor] = []

    def passes() -> Iterator[Tensor]:
        for number, batch in enumerate(batches()):
            if number < len(kept):
                yield kept[number]
                continue
            grid = describe(batch)
            if number == len(kept) and sum(one.nbytes for one in kept) + grid.nbytes <= MOST_REMEMBERED:
                kept.append(grid)
            yield grid

    return passes


def _each(grids: Iterable[Tensor]) -> Iterator[Tensor]:
    """Yield the grid of each picture (h, w, F) of batches of them."""
    for batch in grids:
        yield from batch


def _drawn(grids: Iterable[Tensor], groups: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, np.ndarray]:
    """Return at most 50,000 of all places (M, F), each as likely as any other, and of which groups they are."""
    rows, owners, lots = [], [], []
    bound = 1.0  # above which no lot is among the smallest any more
    for grid, group in zip(_each(grids), groups, strict=True):
        lot = rng.random(grid.shape[0] * grid.shape[1])
        chosen = np.flatnonzero(lot < bound)
        rows.append(grid.flatten(0, 1)[torch.from_numpy(chosen).to(grid.device)])
        owners.append(np.full(len(chosen), group))
        lots.append(lot[chosen])
        if sum(map(len, lots)) > MOST_DRAWN:
            every = np.concatenate(lots)
            least = np.sort(np.argpartition(every, MOST_DRAWN - 1)[:MOST_DRAWN])
            rows = [torch.cat(rows)[torch.from_numpy(least).to(grid.device)]]
            owners, lots = [np.concatenate(owners)[least]], [every[least]]
            bound = float(every[least].max())
    return torch.cat(rows), np.concatenate(owners)


def _farthest(rows: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """Return which of the rows (M, F) are kept, at most so many: each the farthest from all that were chosen before it.

    So what is rare among normal places is known too (Gonzalez 1985; the coreset of Roth et al. 2022). As there, they
    are looked at in few directions drawn at random, 16, which keep distances well enough (Johnson and Lindenstrauss).
    """
    if len(rows) <= count:
        return torch.arange(len(rows), device=rows.device)
    directions = torch.from_numpy(rng.standard_normal((rows.shape[1], 16), np.float32)).to(rows.device)
    places = (rows - rows.mean(0)) @ directions
    lengths = places.square().sum(1)
    chosen = torch.empty(count, dtype=torch.int64, device=rows.device)
    apart = torch.full_like(lengths, torch.inf)  # from the nearest that was chosen, squared
    last = torch.tensor(int(rng.integers(len(rows))), device=rows.device)
    for number in range(count):
        chosen[number] = last
        apart = torch.minimum(apart, torch.addmv(lengths + lengths[last], places, places[last], alpha=-2))
        last = apart.argmax()
    return chosen


def _enlarged(values: Tensor, sides: tuple[int, int], centres: Callable[[int], np.ndarray] | None) -> Tensor:
    """Return values of places (B, h, w) at each pixel, between their centres in proportion."""
    if centres is None:
        return functional.interpolate(values[:, None], sides, mode="bilinear")[:, 0]
    height, width = sides
    rows, columns = centres(height), centres(width)
    top, left = int(rows[0]), int(columns[0])
    size = (int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1)
    inner = functional.interpolate(values[:, None], size, mode="bilinear", align_corners=True)
    pad = (left, width - left - size[1], top, height - top - size[0])
    return functional.pad(inner, pad, mode="replicate")[:, 0]


def _softened(values: Tensor) -> Tensor:
    """Return values of places (B, h, w) under a Gaussian of 1.2 places, as they go on at the edges."""
    reach = 3
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=values.device) / _SOFTNESS) ** 2)
    kernel = (weights / weights.sum()).expand(1, 1, 1, -1)
    soft = functional.pad(values[:, None], (reach,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(soft, kernel), kernel.mT)[:, 0]
