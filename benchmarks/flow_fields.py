"""Solve the flow fields that come with the package, and write them where the package looks for them.

    python benchmarks/flow_fields.py

200 fields, of seed 0. What was solved before is taken from the cache; LATENTE_CACHE says where that is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import latente.images.generated
from latente.files import replacing
from latente.images.generated.flow import SHIPPED, solved

PLACE = Path(latente.images.generated.__file__).with_name("flow.npz")


def main() -> None:
    arrays = {}
    for split, count in sorted(SHIPPED.items()):
        fields = solved(count, split, 0, lambda *told: print(*told, flush=True), anew=True)
        arrays |= {f"{split}_mach": fields.mach, f"{split}_condition": fields.condition}
    with replacing(PLACE) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    print(f"{PLACE}: {PLACE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
