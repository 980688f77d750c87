"""Which planted faults does `latente data clean` find in a folder, and how many sound pictures does it blame for them?

    python benchmarks/cleaning.py [--sets mixed t91] [--seeds 3] [--peer .venv-cleaning/bin/python]

Folders of 200 crops as in planted.py (`mixed`: 128 pixels of four photographs, `t91`: cells of 64 that share nothing),
beside which ten of each fault are planted: damaged (files cut short), doubled (five copied files, five of the same
values in another format), nearly doubled (JPEG at 60, three quarters of the size, noise of 4 levels, brighter by 10 %,
cut by 2 %: two each), blurred (Gaussian of 2 to 4 pixels), dark (0.1 to 0.25 of the light), blank (one level and noise
of 1.5), tiny (an eighth of the side) and odd shape (a strip of 1 to 5). But for the copies, none is made of a picture
of the folder. Prints of each fault how many were found, of copies by either of the two, and how many sound pictures
were blamed for it: none of those planted, and no original of a copy. Beside it CleanVision, where --peer names the
Python of its environment; it stops at a damaged file, and is given the others.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from planted import SIDES, planted

SOUND, OF_EACH = 200, 10
FAULTS = ("damaged", "doubled", "nearly doubled", "tiny", "odd shape", "blank", "dark", "blurred")
THEIRS = {
    "exact_duplicates": "doubled",
    "near_duplicates": "nearly doubled",
    "odd_size": "tiny",
    "odd_aspect_ratio": "odd shape",
    "low_information": "blank",
    "dark": "dark",
    "blurry": "blurred",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["mixed", "t91"], choices=["mixed", "t91"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer", help="Python of an environment with CleanVision")
    options = parser.parse_args()
    tools = {"latente": _ours} | ({"cleanvision": _theirs} if options.peer else {})
    for name in options.sets:
        found, false = {tool: Counter() for tool in tools}, {tool: Counter() for tool in tools}
        seconds = dict.fromkeys(tools, 0.0)
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place, "pictures")
                folder.mkdir()
                faults, originals = plant(folder, name, seed)
                for tool, say in tools.items():
                    start = time.perf_counter()
                    said = say(folder, options.peer)
                    seconds[tool] = max(seconds[tool], time.perf_counter() - start)
                    for file, fault in faults.items():
                        found[tool][fault] += bool({(file, fault), (originals.get(file), fault)} & said)
                    known = {*faults, *originals.values()}
                    false[tool].update(reason for file, reason in said if file not in known)
        for fault in FAULTS:
            told = (f"{tool} {found[tool][fault]} found, {false[tool][fault]} false" for tool in tools)
            print(f"{name}, {fault}, {OF_EACH * options.seeds} planted: {'; '.join(told)}", flush=True)
        print(f"{name}: {', '.join(f'{tool} {seconds[tool]:.0f} s at most' for tool in tools)}", flush=True)


def plant(folder: Path, name: str, seed: int) -> tuple[dict[str, str], dict[str, str]]:
    """Fill a folder; return the fault of each file that has one, and of each copy what it was made of."""
    rng = np.random.default_rng(seed)
    pictures, kinds = planted(name, seed)
    normal = iter(pictures[kinds == ""])
    names = iter(rng.permutation(9_000) + 1_000)
    faults: dict[str, str] = {}
    sound = {f"{next(names)}.png": next(normal) for _ in range(SOUND)}
    for file, picture in sound.items():
        Image.fromarray(picture).save(folder / file)

    def save(picture: np.ndarray, fault: str, suffix: str = "png", **how: int) -> Path:
        path = folder / f"{next(names)}.{suffix}"
        Image.fromarray(picture.round().clip(0, 255).astype(np.uint8)).save(path, **how)
        faults[path.name] = fault
        return path

    copied = [str(file) for file in rng.permutation(list(sound))[: 2 * OF_EACH]]
    for number, file in enumerate(copied[:OF_EACH]):
        if number % 2:
            save(sound[file], "doubled", "webp", lossless=True)
        else:
            path = folder / f"{next(names)}.png"
            shutil.copy(folder / file, path)
            faults[path.name] = "doubled"
    for number, file in enumerate(copied[OF_EACH:]):
        picture, side = sound[file].astype(np.float64), SIDES[name]
        match number % 5:
            case 0:
                save(picture, "nearly doubled", "jpg", quality=60)
            case 1:
                smaller = Image.fromarray(sound[file]).resize((3 * side // 4, 3 * side // 4), Image.Resampling.BICUBIC)
                save(np.asarray(smaller), "nearly doubled")
            case 2:
                save(picture + rng.normal(0, 4, picture.shape), "nearly doubled")
            case 3:
                save(1.1 * picture, "nearly doubled")
            case 4:
                edge = round(0.02 * side)
                save(picture[edge:-edge, edge:-edge], "nearly doubled")
    side = SIDES[name]
    for _ in range(OF_EACH):
        save(np.full((side, side, 3), rng.uniform(60, 250)) + rng.normal(0, 1.5, (side, side, 3)), "blank")
        save(rng.uniform(0.1, 0.25) * next(normal), "dark")
        strength = rng.uniform(2, 4)
        save(ndimage.gaussian_filter(next(normal).astype(np.float64), (strength, strength, 0)), "blurred")
        save(np.asarray(Image.fromarray(next(normal)).resize((side // 8, side // 8))), "tiny")
        save(next(normal)[: side // 5], "odd shape")
        path = save(next(normal), "damaged")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    copies = [file for file, fault in faults.items() if "doubled" in fault]
    return faults, dict(zip(copies, copied, strict=True))


def _ours(folder: Path, peer: str | None) -> set[tuple[str, str]]:
    command = [sys.executable, "-m", "latente", "data", "clean", str(folder), "--json", "--out", f"{folder}.txt"]
    findings = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["findings"]
    return {(one["file"], one["reason"]) for one in findings if one["left_out"]}


def _theirs(folder: Path, peer: str | None) -> set[tuple[str, str]]:
    """Return what CleanVision says; of copies it blames all."""
    sound = Path(f"{folder}-sound")
    shutil.copytree(folder, sound)
    for file in sound.iterdir():  # it stops at the first damaged one
        try:
            Image.open(io.BytesIO(file.read_bytes())).load()
        except OSError:
            file.unlink()
    program = Path(__file__).with_name("peers_cleaning.py")
    command = [str(peer), str(program), str(sound)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    issues = json.loads(output.splitlines()[-1])
    return {(file, THEIRS[issue]) for file, said in issues.items() for issue in said if issue in THEIRS}


if __name__ == "__main__":
    main()
