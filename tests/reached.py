"""What the examples of the README and the documentation have to reach, a function each, called once they have run."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import latente
from examples import Stage, error_of_mean_image, photographs, squared_error
from latente.cli.shared.studies import read_study
from latente.images import Images, open_images
from latente.resampling import shrunk_picture
from latente.training import Run


def glyphs() -> Images:
    """Characters in typefaces that no training sees."""
    return open_images("glyphs", split="test", count=200)


def digits() -> Images:
    return open_images("digits", split="test")


def spoilt(images: Images) -> np.ndarray:
    noise = np.random.default_rng(7).normal(0, 0.3 * 255, images.pixels.shape)
    return np.clip(images.pixels + noise, 0, 255).astype(np.uint8)


# -- what may be asked of a result


def rebuilds(run: str, share: float, stage: Stage) -> None:
    """The model in a run rebuilds characters with at most this share of the error of their mean."""
    clean = glyphs()
    left = squared_error(latente.load(stage.folder / run).reconstruct(clean), clean.pixels)
    assert left < share * error_of_mean_image(clean.pixels)


def cleans(run: str, stage: Stage) -> None:
    """A denoiser leaves less than a quarter of the mean image's error, and than a third of what the noise spoils."""
    denoiser, clean = latente.load(stage.folder / run), glyphs()
    noisy = spoilt(clean)
    left = squared_error(denoiser.reconstruct(noisy[:, 0]), clean.pixels[:, 0])
    assert left < error_of_mean_image(clean.pixels) / 4
    assert left < squared_error(noisy, clean.pixels) / 3


def looks_like_characters(pixels: np.ndarray) -> None:
    """White on black, as much of it as in characters, and not the same picture again and again."""
    real = glyphs().pixels.reshape(-1, 784) / 255
    drawn = pixels.reshape(-1, 784) / 255
    assert 0.5 < drawn.mean() / real.mean() < 1.6
    assert drawn.std(axis=0).mean() > real.std(axis=0).mean() / 6
    nearest = ((drawn[:, None] - real[None]) ** 2).mean(axis=2).min(axis=1)
    assert nearest.mean() < 0.09  # of noise with as much white: 0.2


def shows_pictures(name: str, stage: Stage, least: int = 100) -> None:
    picture = stage.picture(name)
    assert min(picture.shape[:2]) >= least
    assert picture.std() > 10


def says(*words: str) -> partial[None]:
    def check(stage: Stage, words: tuple[str, ...]) -> None:
        assert [word for word in words if word not in stage.out] == [], stage.out

    return partial(check, words=words)


def ends_at(run: str, epochs: int, stage: Stage) -> None:
    """A run's training has come to this epoch, and its status says that it is finished."""
    lines = Run.open(stage.folder / run).lines()
    assert max(line["epoch"] for line in lines) == epochs
    assert Run.open(stage.folder / run).status()["state"] == "finished"  # type: ignore[index]


def leaves_the_damaged_one_out(stage: Stage) -> None:
    assert "damaged.png" in stage.out
    images = open_images(stage.folder / "holidays", size=64)
    left = squared_error(latente.load(stage.folder / "runs/holidays").reconstruct(images), np.asarray(images))
    assert left < 0.5 * error_of_mean_image(images.pixels)


# -- README


def prepare_readme(folder: Path) -> None:
    photographs(folder / "holidays", 40)
    (folder / "noisy").mkdir()
    for number, pixels in enumerate(spoilt(glyphs())):
        Image.fromarray(pixels[0]).save(folder / "noisy" / f"{number:03}.png")


def prepare_spanish(folder: Path) -> None:
    photographs(folder / "fotos", 24)


def ranks_in(table: str, count: int, stage: Stage) -> None:
    """Each picture has its line in the table."""
    assert len((stage.folder / table).read_text(encoding="utf-8").splitlines()) == count + 1


def enlarges_the_first(stage: Stage) -> None:
    assert stage.picture("grandes/00.png").shape == (144, 144, 3)


def draws_photographs(stage: Stage) -> None:
    assert stage["nuevas"].shape == (16, 3, 32, 32)
    assert len(stage["codigos"]) == 24


def draws_from_python(stage: Stage) -> None:
    assert stage["new"].shape == (16, 1, 28, 28)
    looks_like_characters(stage["new"])
    rebuilds("runs/glyphs-python", 0.85, stage)


def draws_holidays_again(stage: Stage) -> None:
    images = stage["images"]
    assert stage["again"].shape == np.asarray(images).shape
    left = squared_error(stage["again"], np.asarray(images))
    assert left < 0.5 * error_of_mean_image(images.pixels)


def cleaned(stage: Stage) -> None:
    files = sorted((stage.folder / "cleaned").rglob("*.png"))
    clean = glyphs().pixels[:, 0]
    assert len(files) == len(clean)
    assert squared_error(np.stack([np.asarray(Image.open(file).convert("L")) for file in files]), clean) < 0.015


def cleans_from_python(stage: Stage) -> None:
    stage["model"].save(stage.folder / "saved")
    cleans("saved", stage)


def has_codes(name: str, count: int, length: int, stage: Stage) -> None:
    with np.load(stage.folder / name) as arrays:
        codes = arrays["codes"]
    assert codes.shape == (count, length)
    assert (codes.std(axis=0) > 0).all()


def names_the_odd_ones(stage: Stage) -> None:
    lines = stage.out.splitlines()
    assert len(lines) == 10
    told = [float(line.split()[1]) for line in lines]
    assert told == sorted(stage["scores"])[:10]
    assert stage["codes"].shape == (40, 32)


# -- the first page and the guides


def draws_on_the_first_page(stage: Stage) -> None:
    pixels = stage["images"].pixels
    assert stage["codes"].shape == (len(pixels), 32)
    assert squared_error(stage["again"], pixels) < 0.85 * error_of_mean_image(pixels)
    looks_like_characters(stage["new"])


def prepare_command_line(folder: Path) -> None:
    photographs(folder / "photos", 24)
    (folder / "others").mkdir()
    for number, pixels in enumerate(digits().pixels[:40]):
        Image.fromarray(pixels[0]).save(folder / "others" / f"{number:02}.png")


def tells_digits_apart(stage: Stage, run: str = "runs/classes") -> None:
    assert latente.load(stage.folder / run).score(digits()) > 0.85


def plans_and_trains_nothing(stage: Stage) -> None:
    assert "512,256" in stage.out
    assert [path.name for path in (stage.folder / "runs").iterdir() if "network" in path.name] == []


def is_judged_by_others(stage: Stage) -> None:
    data = Run.open(stage.folder / "runs/judged").options()["data"]
    assert (data["train_count"], data["validation_count"]) == (200, 40)


def decodes_its_codes(stage: Stage) -> None:
    """What `decode` makes of the codes of images is what `reconstruct` makes of the images."""
    decoded = sorted((stage.folder / "decoded").rglob("*.png"))
    shown = np.stack([np.asarray(Image.open(file).convert("L")) for file in decoded])
    rebuilt = latente.load(stage.folder / "runs/digits").reconstruct(open_images("digits"))[:, 0]
    assert shown.shape == rebuilt.shape
    assert np.abs(shown.astype(int) - rebuilt).max() <= 1


def has_a_file_for_each(folder: str, count: int, stage: Stage) -> None:
    assert len(list((stage.folder / folder).rglob("*.png"))) == count


def measures_digits(stage: Stage) -> None:
    figures = json.loads(stage.out[stage.out.index("{") :])["metrics"]
    assert 0 < figures["mse"] < 0.1
    assert np.isfinite(figures["elbo"])


def is_a_page(name: str, stage: Stage) -> None:
    assert "</html>" in (stage.folder / name).read_text(encoding="utf-8")


def has_trials(count: int, first: str, stage: Stage) -> None:
    """The YAML is a study of so many trials; `first` is what stands above a part of one."""
    (stage.folder / "study.yaml").write_text(first + stage.out, encoding="utf-8")
    assert read_study(stage.folder / "study.yaml").sweep.total == count


def makes_hair_lighter(stage: Stage) -> None:
    edited = stage["edited"]
    assert edited.shape == (6, 3, 3, 64, 64)
    hair = edited[..., :20, :].astype(float).mean(axis=(0, 3, 4))  # red, green and blue of the upper rows, by strength
    assert hair[0, 0] < hair[1, 0] < hair[2, 0]


def tells_samples_from_digits(stage: Stage) -> None:
    found = stage["found"]
    assert (found.real, found.made) == (355, 300)
    assert found.features == "128 numbers of ImageClassifier on digits"
    assert 0 <= found.floor["frechet_distance"] < found.figures["frechet_distance"]


def learns_a_second_run(stage: Stage) -> None:
    shutil.copytree(stage.folder / "runs/faces", stage.folder / "runs/faces-2")


def exports_what_runs(stage: Stage) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    faces = open_images("faces", count=4)
    session = onnxruntime.InferenceSession(str(stage.folder / "onnx" / "whole.onnx"))
    [rebuilt] = session.run(None, {session.get_inputs()[0].name: faces.pixels.astype(np.float32)})
    expected = latente.load(stage.folder / "runs/faces").reconstruct(faces)
    assert np.abs(rebuilt.clip(0, 255) - expected).max() < 1


def prepare_own_images(folder: Path) -> None:
    photographs(folder / "holidays", 24)
    (folder / "lowlight").mkdir()
    for name in ("dark", "bright"):
        photographs(folder / "lowlight" / name, 6)
        (folder / "lowlight" / name / "damaged.png").unlink()


def prepare_better_pictures(folder: Path) -> None:
    photographs(folder / "photos", 4)
    (folder / "photos" / "damaged.png").unlink()


def learns_to_enlarge(stage: Stage) -> None:
    assert latente.load(stage.folder / "runs/larger").factor_ == 2


def enlarges_each(out: str, stage: Stage) -> None:
    for file in (stage.folder / "photos").iterdir():
        with Image.open(file) as small, Image.open(stage.folder / out / file.name) as large:
            assert large.size == (2 * small.width, 2 * small.height)
    is_a_page(f"{out}/check.html", stage)


def has_small_ones(stage: Stage) -> None:
    (stage.folder / "small").mkdir()
    for file in (stage.folder / "photos").iterdir():
        with Image.open(file) as picture:
            small = shrunk_picture(np.asarray(picture).transpose(2, 0, 1), 2)
        Image.fromarray(small.transpose(1, 2, 0)).save(stage.folder / "small" / file.name)


def measures_what_it_enlarged(stage: Stage) -> None:
    figures = json.loads(stage.out)["metrics"]
    assert figures["psnr"] > figures["input_psnr"] - 0.1


def has_masks(stage: Stage) -> None:
    shutil.copytree(stage.folder / "photos", stage.folder / "scratched")
    (stage.folder / "masks").mkdir()
    for file in (stage.folder / "photos").iterdir():
        with Image.open(file) as picture:
            mask = Image.new("L", picture.size)
        mask.paste(255, (10, 20, 60, 24))
        mask.save(stage.folder / "masks" / file.name)


def fills_in(stage: Stage) -> None:
    for file in (stage.folder / "photos").iterdir():
        with Image.open(file) as before, Image.open(stage.folder / "filled" / file.name) as after:
            changed = (np.asarray(before) != np.asarray(after)).any(axis=2)
        assert changed[20:24, 10:60].any()
        changed[20:24, 10:60] = False
        assert not changed.any()


def enlarges_from_python(stage: Stage) -> None:
    sizes = [one.shape for one in stage["photos"].content]
    assert [one.shape for one in stage["larger"]] == [(3, 2 * height, 2 * width) for _, height, width in sizes]


def denoises(stage: Stage) -> None:
    left = squared_error(stage["better"], stage["test"].pixels)
    assert left < 0.6 * squared_error(stage["noisy"], stage["test"].pixels)
    assert stage["figures"]["psnr"] > stage["figures"]["input_psnr"] + 2


def keeps_to_a_region(name: str, stage: Stage) -> None:
    """The sheet has its conditions in a table beside it, all of them within the bounds that were asked for."""
    shows_pictures(name, stage)
    table = (stage.folder / name).with_name("new-conditions.csv").read_text("utf-8").split("\n")
    assert table[0] == "image,mass_flow,throttle,wheel_speed,shock"
    rows = np.array([line.split(",")[1:] for line in table[1:] if line], float)
    assert rows.shape == (16, 4)
    assert rows[:, 0].min() >= 7.1
    assert rows[:, 0].max() <= 7.4
    assert rows[:, 3].max() <= 0.6


def holds_pairs(stage: Stage) -> None:
    with np.load(stage.folder / "rebuilt.npz") as made:
        assert made["images"].shape == (40, 1, 96, 96)
        assert made["conditions"].shape == (40, 4)


def knows_its_conditions(stage: Stage) -> None:
    assert len(stage["mass_flow"]) == len(stage["fields"])
    assert 6.0 < stage["mass_flow"].min() < stage["mass_flow"].max() < 8.0


def draws_fields(stage: Stage) -> None:
    assert stage["fields"].shape == (8, 1, 96, 96)
    assert ((stage["conditions"][:, 0] >= 7.1) & (stage["conditions"][:, 0] <= 7.4)).all()
    assert (stage["conditions"][:, 3] <= 0.6).all()
    assert stage["rebuilt"].conditions.shape == (40, 4)


def makes_threes(stage: Stage) -> None:
    """Most of what it makes is nearer to the mean of that class than to any other's."""
    real = digits()
    means = np.stack([real.pixels[real.labels == label].mean(0).ravel() for label in range(10)])
    made = stage.names.get("threes")
    if made is None:
        made = latente.load(stage.folder / "runs/made").sample(40, random_state=1, labels=3)
    gaps = ((made.reshape(len(made), 1, -1) - means) ** 2).sum(2)
    assert (gaps.argmin(1) == 3).mean() > 0.5


def goes_from_each_to_the_next(stage: Stage) -> None:
    """Each strip begins and ends at the codes of two samples that follow one another."""
    with np.load(stage.folder / "new.npz") as samples, np.load(stage.folder / "between.npz") as between:
        strips, codes = between["codes"].reshape(15, 7, -1), samples["codes"]
    np.testing.assert_allclose(strips[:, 0], codes[:-1], atol=1e-5)
    np.testing.assert_allclose(strips[:, -1], codes[1:], atol=1e-5)
    assert len(list((stage.folder / "between").iterdir())) == 15 * 7


def makes_digits(stage: Stage) -> None:
    makes_threes(stage)
    assert stage["between"].shape == (4, 6, 1, 8, 8)
    assert "frechet_distance" in stage.out


def makes_what_is_like_digits(stage: Stage) -> None:
    assert stage["figures"]["frechet_distance"] < 0.8
    assert stage["new"].shape == (64, 1, 8, 8)
    assert stage.out.startswith("Frechet distance 0.")


def brightens(stage: Stage) -> None:
    left = squared_error(stage["bright"], stage["test"].pixels)
    assert left < squared_error(stage["dark"], stage["test"].pixels)
    assert stage["figures"]["psnr"] > stage["figures"]["input_psnr"]


def lists_a_photograph(stage: Stage) -> None:
    photographs(stage.folder / "photos", 24)
    (stage.folder / "photos-left-out.txt").write_text("03.png\ndamaged.png\n", encoding="utf-8")


def leaves_out_what_is_listed(stage: Stage) -> None:
    assert "2 to be left out: 03.png, damaged.png" in stage.out
    facts = Run.open(stage.folder / "runs/photos-autoencoder-1").options()["data"]
    assert (facts["count"], facts["source"]["exclude"]) == (23, ["03.png", "damaged.png"])


def hides_an_odd_one(stage: Stage) -> None:
    photographs(stage.folder / "photos", 24)
    stripes = np.broadcast_to(np.arange(72)[:, None, None] % 4 * 80, (72, 72, 3)).astype(np.uint8)
    Image.fromarray(stripes).save(stage.folder / "photos" / "odd.png")


def ranks(count: int, stage: Stage) -> None:
    """Each picture has its line in the table, and the page is there."""
    assert len((stage.folder / "ranking.csv").read_text(encoding="utf-8").splitlines()) == count + 1
    assert "leave out" in (stage.folder / "ranking.html").read_text(encoding="utf-8")


def finds_the_damaged_one(stage: Stage) -> None:
    names = (stage.folder / "cleaning.txt").read_text(encoding="utf-8").splitlines()
    assert names[0] == "damaged.png"
    assert len(names) < 5
    assert "odd.png" not in names  # it is shown, and stays
    assert "odd.png" in (stage.folder / "cleaning.html").read_text(encoding="utf-8")


def puts_the_odd_one_first(stage: Stage) -> None:
    assert _first_of(stage.folder / "ranking.csv") == "odd.png"
    assert "odd.png" in (stage.folder / "ranking.html").read_text(encoding="utf-8")


def _first_of(table: Path) -> str:
    return table.read_text(encoding="utf-8").splitlines()[1].split(",")[0]


def lists_the_odd_one(stage: Stage) -> None:
    (stage.folder / "photos-left-out.txt").write_text("odd.png\n", encoding="utf-8")


def learns_without_the_odd_one(stage: Stage) -> None:
    assert Run.open(stage.folder / "runs/photos").options()["data"]["count"] == 24


def still_puts_the_odd_one_first(stage: Stage) -> None:
    assert _first_of(stage.folder / "again.csv") == "odd.png"
    assert len(list((stage.folder / "maps").iterdir())) == 50


def has_classes(stage: Stage) -> None:
    rows = (stage.folder / "classes.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "file,class,probability"
    assert len(rows) == 1 + len(open_images("digits"))


def has_scores(stage: Stage) -> None:
    assert len((stage.folder / "scores.csv").read_text(encoding="utf-8").splitlines()) == 26


def learns_from_crops(stage: Stage) -> None:
    assert latente.load(stage.folder / "runs/crops").image_shape_ == (3, 64, 64)


def keeps_sizes(stage: Stage) -> None:
    assert "3x64x72 to 72x72" in stage.out
    assert stage["picture"].shape in ((3, 64, 72), (3, 72, 72))


def draws_other_glyphs(stage: Stage) -> None:
    assert len(stage["glyphs"]) == 300
    assert not np.array_equal(stage["glyphs"].pixels, open_images("glyphs", count=300).pixels)


def measures_plates_again(stage: Stage) -> None:
    quiet, again = stage["quiet"], stage["again"]
    assert len(quiet) == len(again) == 3
    healthy = quiet.labels == 0
    assert quiet.pixels[healthy].mean() < again.pixels[healthy].mean()
    assert not np.array_equal(again.pixels, open_images("plates", count=3).pixels)


def is_loaded_alike(stage: Stage) -> None:
    ours, theirs = (latente.load(stage.folder / run) for run in ("runs/fashion", "runs/fashion-2"))
    assert ours.code_shape_ == theirs.code_shape_ == (16,)


def learns_with_own_networks(stage: Stage) -> None:
    images, pair = glyphs(), (stage["encoder"], stage["decoder"])
    before = pair[0][1].weight.detach().clone()
    model = stage["model"].set_params(random_state=0, epochs=30, learning_rate=0.01).fit(images)
    assert squared_error(model.reconstruct(images), images.pixels) < error_of_mean_image(images.pixels)
    assert before.equal(pair[0][1].weight)
    model.save(stage.folder / "mine")
    again = latente.load(stage.folder / "mine", network=pair)
    np.testing.assert_array_equal(again.encode(images), model.encode(images))


def goes_on_to_the_same_model(stage: Stage) -> None:
    kept = latente.load(stage.folder / "runs/fashion")
    np.testing.assert_array_equal(stage["model"].encode(glyphs()), kept.encode(glyphs()))


def has_the_keys_of_a_log(stage: Stage) -> None:
    shown = [json.loads(line) for line in stage.out.splitlines()]
    latente.VariationalAutoencoder(epochs=1, out=stage.folder / "run", hidden=(4,)).fit(digits().take(slice(64)))
    lines = Run.open(stage.folder / "run").lines()
    for line in shown:
        assert any(set(other) == set(line) for other in lines if other["part"] == line["part"])


# -- the reference


def codes_digits(stage: Stage) -> None:
    images = stage["test"]
    assert stage["codes"].shape == (len(images), 8)
    assert squared_error(stage["again"], images.pixels) < 0.4 * error_of_mean_image(images.pixels)
    assert stage["scores"].shape == (len(images),)


def bounds_digits(stage: Stage) -> None:
    assert stage["new"].shape == (16, 1, 8, 8)
    assert stage["mean"].shape == stage["log_variance"].shape == (len(stage["test"]), 8)
    assert stage["figures"]["elbo"] < stage["figures"]["bound"] < 0


def sorts_digits(stage: Stage) -> None:
    assert stage["model"].score(stage["test"]) > 0.9
    assert (stage["sure"] > 0.1).all()
    assert (stage["classes"] == stage["test"].labels).mean() > 0.9


def finds_other_digits(stage: Stage) -> None:
    assert stage["odd"][~stage["is_zero"]].mean() > 0.9
    assert stage["odd"][stage["is_zero"]].mean() < 0.25
    assert stage["where"].shape == (355, 8, 8)


def tells_ones_from_others(stage: Stage) -> None:
    assert stage["figures"]["auroc"] > 0.95
    assert stage["figures"]["base_rate"] > 0.85


def goes_by_what_was_held_out(stage: Stage) -> None:
    model = latente.load(stage.folder / "runs/not-drawn-again")
    assert model.method_ == "reconstruction"
    assert len(model.left_out_) == 130  # of 1,442 training digits 144 were held out from the autoencoder


def goes_by_errors(stage: Stage) -> None:
    assert stage["model"].autoencoder_.latent_dim == 8
    assert len(stage["model"].left_out_) < len(stage["model"].own_)


def looks_through_a_module(stage: Stage) -> None:
    assert stage["same"].features_ == "own"
    np.testing.assert_array_equal(stage["same"].left_out_, stage["model"].left_out_)


def holds_images(stage: Stage) -> None:
    assert "20 of 3x32x48 uint8, columns label" in stage.out
    np.testing.assert_array_equal(stage["back"], stage["photographs"][1::2])
    np.testing.assert_array_equal(stage["first"], stage["photographs"][1].transpose(2, 0, 1))


def goes_on(stage: Stage) -> None:
    ends_at("runs/digits", 4, stage)
    assert stage["longer"].score(stage["digits"]) >= stage["model"].score(stage["digits"])


def reads_a_run(stage: Stage) -> None:
    assert stage.out.startswith("finished 32 [")
    assert len(stage["judged"]) == 4  # the start, and three epochs


def minimises(stage: Stage) -> None:
    assert stage["losses"][-1] < 0.7 * stage["losses"][0]


def tries_codes(stage: Stage) -> None:
    errors = {trial.options["latent_dim"]: trial.metrics["mse"] for trial in stage["results"].trials}
    assert len(stage["results"].trials) == 4
    assert errors[8] < errors[2]


def paints_at_once(stage: Stage) -> None:
    """The picture is as large as the photograph, and it is told how far it goes."""
    assert stage.picture("painted.png").shape == (400, 600, 3)
    assert re.search(r"-?\d+% of the way to the style", stage.out)


def paints(stage: Stage) -> None:
    """The picture is as large as was asked for, and says what its loss is."""
    assert stage.picture("painted.png").shape == (43, 64, 3)
    assert "after 5 steps the loss is" in stage.out
