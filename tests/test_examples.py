"""Every example of the README and the documentation runs, and reaches the result that its page speaks of.

Trainings are cut where the example's own would take long; what has to come out is then what so short a one reaches.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from examples import PAGES, Case, Stage, elsewhere, examples
from reached import (
    bounds_digits,
    brightens,
    cleaned,
    cleans,
    cleans_from_python,
    codes_digits,
    decodes_its_codes,
    denoises,
    draws_fields,
    draws_from_python,
    draws_holidays_again,
    draws_on_the_first_page,
    draws_other_glyphs,
    draws_photographs,
    ends_at,
    enlarges_each,
    enlarges_from_python,
    enlarges_the_first,
    exports_what_runs,
    fills_in,
    finds_other_digits,
    finds_the_damaged_one,
    goes_by_errors,
    goes_by_what_was_held_out,
    goes_from_each_to_the_next,
    goes_on,
    goes_on_to_the_same_model,
    has_a_file_for_each,
    has_classes,
    has_codes,
    has_masks,
    has_scores,
    has_small_ones,
    has_the_keys_of_a_log,
    has_trials,
    hides_an_odd_one,
    holds_images,
    holds_pairs,
    is_a_page,
    is_judged_by_others,
    is_loaded_alike,
    keeps_sizes,
    keeps_to_a_region,
    knows_its_conditions,
    learns_a_second_run,
    learns_from_crops,
    learns_to_enlarge,
    learns_with_own_networks,
    learns_without_the_odd_one,
    leaves_out_what_is_listed,
    leaves_the_damaged_one_out,
    lists_a_photograph,
    lists_the_odd_one,
    looks_through_a_module,
    makes_digits,
    makes_hair_lighter,
    makes_threes,
    makes_what_is_like_digits,
    measures_digits,
    measures_plates_again,
    measures_what_it_enlarged,
    minimises,
    names_the_odd_ones,
    paints,
    paints_at_once,
    plans_and_trains_nothing,
    prepare_better_pictures,
    prepare_command_line,
    prepare_own_images,
    prepare_readme,
    prepare_spanish,
    puts_the_odd_one_first,
    ranks,
    ranks_in,
    reads_a_run,
    rebuilds,
    says,
    shows_pictures,
    sorts_digits,
    still_puts_the_odd_one_first,
    tells_digits_apart,
    tells_ones_from_others,
    tells_samples_from_digits,
    tries_codes,
)

SEED = "--seed 0 "
NO_REPORT = " --no-report"  # where nothing that is asked for stands in it
CI = "continuous integration runs it"
VAE_GLYPHS = SEED + "--count 1000 --epochs 5 --batch-size 32" + NO_REPORT
FACES = SEED + "--count 160 --epochs 4 --batch-size 16 --no-report"
RESTORER = SEED + "--epochs 1 --width 4 --depth 1 --batch-size 2 --augmentation crop:16 --no-report"
FIELDS = SEED + "--epochs 12 --hidden 32 --batch-size 16 --no-report"
GAN = "--epochs 4 --hidden 32 --learning-rate 2e-3 --no-report"
DENOISER = SEED + "--count 800 --batch-size 32 --no-report"

CASES: dict[str, list[Case]] = {
    "README.md": [
        elsewhere("make demo", CI),
        elsewhere("make test", CI),
        elsewhere("pip install -c constraints.txt .", "the tests run in such an environment"),
        Case("latente fit glyphs --model vae", partial(rebuilds, "runs/glyphs", 0.85), VAE_GLYPHS),
        Case("latente sample runs/glyphs", partial(shows_pictures, "new.png")),
        Case(
            "import latente\n\nmodel = latente.VariationalAutoencoder",
            draws_from_python,
            swaps=(("count=10_000", "count=1_000"), ("epochs=10,", "epochs=5, batch_size=32, random_state=0,")),
        ),
        Case("latente fit holidays/", leaves_the_damaged_one_out, SEED + "--epochs 1" + NO_REPORT),
        Case("import latente\n\nimages", draws_holidays_again, swaps=(("epochs=20", "epochs=2, random_state=0"),)),
        Case("latente fit glyphs --latent-dim none", partial(cleans, "runs/denoiser"), DENOISER),
        Case("latente reconstruct runs/denoiser", cleaned),
        Case(
            "import latente\n\nmodel = latente.Autoencoder(latent_dim=None",
            cleans_from_python,
            swaps=(("count=10_000", "count=800"), ("epochs=5", "epochs=5, batch_size=32, random_state=0")),
        ),
        Case("latente encode runs/holidays", partial(has_codes, "codes.npz", 40, 32)),
        Case("latente evaluate runs/holidays", says("psnr", "mse")),
        Case("latente rank holidays/", partial(ranks, 40)),
        Case("import latente\n\nmodel = latente.load", names_the_odd_ones),
        Case("latente resume runs/holidays", partial(ends_at, "runs/holidays", 1), NO_REPORT),
        Case(
            "latente resume runs/holidays --epochs 100", partial(ends_at, "runs/holidays", 2), "--epochs 2" + NO_REPORT
        ),
    ],
    "docs/index.md": [
        Case("latente doctor", says("torch", "python")),
        Case(
            "latente fit glyphs --model vae",
            partial(is_a_page, "runs/first/report.html"),
            SEED + "--count 200 --epochs 1",
        ),
        Case("latente sample runs/first", partial(shows_pictures, "new.png")),
        Case(
            "import latente\n\nimages",
            draws_on_the_first_page,
            swaps=(("count=20_000", "count=1_000"), ("epochs=10,", "epochs=5, batch_size=32,")),
        ),
    ],
    "docs/guides/command-line.md": [
        Case("latente fit --model vae --help", says("--beta", "--likelihood")),
        Case(
            "latente fit digits --model stacked",
            tells_digits_apart,
            SEED + "--epochs 5 --pretrain-epochs 2" + NO_REPORT,
        ),
        Case("latente evaluate runs/classes digits", says("accuracy")),
        Case("latente classify runs/classes digits", has_classes),
        Case(
            "latente fit digits --model classifier",
            partial(tells_digits_apart, run="runs/net"),
            SEED + "--epochs 4" + NO_REPORT,
        ),
        Case("latente fit digits --model vae", partial(ends_at, "runs/digits", 2), SEED + "--epochs 2" + NO_REPORT),
        Case("latente fit photos/", says("damaged.png", "gaussian:0.1"), SEED + "--no-report"),
        Case("latente fit digits --network dense", plans_and_trains_nothing),
        Case(
            "latente fit digits --validation",
            is_judged_by_others,
            SEED + "--count 200 --epochs 1 --out runs/judged" + NO_REPORT,
        ),
        Case("latente resume runs/digits --epochs 40", partial(ends_at, "runs/digits", 3), "--epochs 3" + NO_REPORT),
        Case("latente encode runs/digits", partial(has_codes, "codes.npz", 1442, 2)),
        Case("latente decode runs/digits", decodes_its_codes),
        Case("latente reconstruct runs/digits", partial(has_a_file_for_each, "reconstructed", 1442)),
        Case("latente sample runs/digits", partial(shows_pictures, "samples.png", least=80)),
        Case("latente evaluate runs/digits", measures_digits),
        Case("latente report runs/digits", partial(is_a_page, "runs/digits/report.html")),
        Case("images: digits", partial(has_trials, 27, ""), is_text=True),
        Case("search:", partial(has_trials, 30, "images: digits\n"), is_text=True),
        Case("experiment: letters", partial(has_trials, 4, ""), is_text=True),
    ],
    "docs/guides/looking-inside.md": [
        Case("latente fit faces", partial(ends_at, "runs/faces", 4), FACES),
        Case("latente explore runs/faces", partial(is_a_page, "runs/faces/explorer.html"), "--count 40"),
        Case(
            "latente fit photos/ --exclude",
            leaves_out_what_is_listed,
            SEED + "--size 32 --epochs 1" + NO_REPORT,
            before=lists_a_photograph,
        ),
        Case(
            "latente explore runs/faces --maps",
            partial(is_a_page, "runs/faces/explorer.html"),
            "--count 40 --force",
            swaps=((",umap", ""),),  # it is an extra, and as slow as it is good
        ),
        Case("latente map runs/faces", partial(shows_pictures, "map.png"), "--count 40"),
        Case("latente compare-pca runs/faces", partial(shows_pictures, "pca.png")),
        Case("latente traverse runs/faces", partial(shows_pictures, "dimensions.png")),
        Case("latente interpolate runs/faces", partial(shows_pictures, "between.png"), "--count 20"),
        Case("latente direction learn", says("hair_blond"), "--count 200"),
        Case("latente edit runs/faces", partial(shows_pictures, "blond.png")),
        Case("import latente", makes_hair_lighter, swaps=(("count=2_000", "count=200"),)),
        Case("latente nearest runs/faces", partial(shows_pictures, "nearest.png")),
        Case(
            "latente fit mnist --model classifier",
            partial(ends_at, "runs/features", 2),
            "--epochs 2" + NO_REPORT,
            swaps=(("mnist", "digits"),),
        ),
        Case("latente evaluate runs/features", says("accuracy"), swaps=(("mnist", "digits"),)),
        Case(
            "import latente\nfrom latente.likeness",
            tells_samples_from_digits,
            swaps=(
                ('"mnist"', '"digits"'),
                ("10_000", "300"),
                ("Autoencoder(random_state=0", "Autoencoder(epochs=2, random_state=0"),
            ),
        ),
        Case("latente evaluate runs/faces faces", says("mse", "hat", "long_hair"), "--count 120 --samples 200"),
        Case("latente evaluate runs/faces faces --samples", says("hair_blond", "share"), "--count 120 --samples 200"),
        Case("latente report", partial(is_a_page, "comparison.html"), before=learns_a_second_run),
        Case("latente export runs/faces", exports_what_runs),
    ],
    "docs/guides/better-pictures.md": [
        Case("latente restore photos/ --with sr-x2", partial(enlarges_each, "first")),
        Case("latente fit photos/", learns_to_enlarge, RESTORER),
        Case("latente restore runs/larger photos/", partial(enlarges_each, "larger")),
        Case("latente restore runs/larger small/", measures_what_it_enlarged, before=has_small_ones),
        Case("latente evaluate runs/larger", says("input_psnr", "psnr")),
        elsewhere("latente fit PAIRS", "tests/estimators/test_translation.py trains on pairs"),
        elsewhere("latente restore runs/coloured", "tests/cli/test_abilities.py lets a translator restore"),
        Case("latente fit photos/", lambda stage: None, RESTORER),
        Case("latente restore runs/fill", fills_in, before=has_masks),
        Case(
            "import latente\n\nphotos",
            enlarges_from_python,
            swaps=(("epochs=2,", "epochs=1, width=4, depth=1, batch_size=2, augmentation='crop:16',"),),
        ),
    ],
    "docs/guides/own-images.md": [
        Case("latente data show holidays/", says("24 of 25", "damaged.png")),
        Case(
            "latente fit holidays/", says("damaged.png", "runs/holidays-autoencoder-1"), SEED + "--epochs 1 --no-report"
        ),
        Case("import latente\n\nimages", says("24 of 3x64x64 uint8")),
        Case("latente data show lowlight/", says("pairs", "target")),
        Case("import numpy", says("(20, 1, 16, 16)")),
        Case("photographs =", keeps_sizes),
        Case("latente fit holidays/ --size keep", learns_from_crops, SEED + "--epochs 1 --no-report --shortcut none"),
        Case("import torch", says("[8, 3, 48, 48]", "[8, 3, 96, 96]")),
        Case("latente data list", says("glyphs", "fashion-mnist")),
        elsewhere("latente data get fashion-mnist", "tests/images/test_catalog.py fetches from a server of its own"),
        Case(
            "import latente\n\nglyphs",
            draws_other_glyphs,
            swaps=(("count=5_000", "count=300"), ('"fashion-mnist"', '"digits"')),
        ),
        Case("from latente.images.generated.plates", measures_plates_again, swaps=(("count=100", "count=3"),)),
        Case("import latente\n\nfields", knows_its_conditions),
    ],
    "docs/guides/run-folder.md": [Case('{"part"', has_the_keys_of_a_log, is_text=True)],
    "docs/guides/training.md": [
        Case(
            "latente fit fashion-mnist",
            partial(ends_at, "runs/fashion", 1),
            SEED + "--count 300 --epochs 1 --no-report",
            swaps=(("fashion-mnist", "glyphs"),),
        ),
        Case(
            "import latente\n\nmodel = latente.VariationalAutoencoder",
            is_loaded_alike,
            swaps=(('"fashion-mnist"', '"glyphs", count=300'), ("latent_dim=16,", "latent_dim=16, epochs=1,")),
        ),
        Case("from torch import nn", learns_with_own_networks),
        elsewhere("latente fit fashion-mnist --model vae --watch", "the watching page has tests of its own"),
        elsewhere("latente watch runs/fashion", "the watching page has tests of its own"),
        elsewhere("ssh", "it needs a second machine"),
        elsewhere("pip install 'latente[tensorboard]'", "it is an extra of the tests' environment"),
        elsewhere("latente fit fashion-mnist --tensorboard", "what TensorBoard reads is tested with the listener"),
        elsewhere("tensorboard", "another program"),
        Case("latente resume runs/fashion", partial(ends_at, "runs/fashion", 1), NO_REPORT),
        Case("import latente\n\nmodel = latente.resume", goes_on_to_the_same_model),
        elsewhere("torchrun", "tests/training starts several processes"),
    ],
    "docs/reference/autoencoder.md": [Case("import latente", codes_digits, swaps=(("epochs=20", "epochs=5"),))],
    "docs/reference/variational-autoencoder.md": [
        Case("import latente", bounds_digits, swaps=(("epochs=20", "epochs=5"),))
    ],
    "docs/reference/stacked-autoencoder-classifier.md": [
        Case("import latente", sorts_digits, swaps=(("epochs=20", "epochs=10, pretrain_epochs=2"),))
    ],
    "docs/reference/anomaly-detector.md": [Case("import numpy", finds_other_digits)],
    "docs/guides/studio.md": [
        elsewhere("pip install", "it is an extra of the tests' environment"),
        elsewhere("latente studio", "the studio has tests of its own"),
        elsewhere("latente studio --workspace", "the studio has tests of its own"),
        elsewhere("latente studio --painter", "tests/studio/test_goals.py paints at once"),
        elsewhere("latente studio --host", "the studio has tests of its own"),
    ],
    "docs/es/index.md": [
        elsewhere("pip install", "it is an extra of the tests' environment"),
        Case("latente doctor", says("torch", "python")),
        elsewhere("latente studio", "the studio has tests of its own"),
        Case("latente data show fotos/", says("24 of 25", "damaged.png")),
        Case("latente rank fotos/", partial(ranks_in, "raras.csv", 24)),
        Case("latente fit fotos/", partial(ends_at, "runs/fotos", 1), SEED + "--epochs 1" + NO_REPORT),
        Case("latente resume runs/fotos", partial(ends_at, "runs/fotos", 2), "--epochs 2" + NO_REPORT),
        Case("latente report runs/fotos", partial(is_a_page, "runs/fotos/report.html")),
        elsewhere("latente explore runs/fotos", "docs/guides/looking-inside.md explores"),
        Case("latente sample runs/fotos", partial(shows_pictures, "nuevas.png")),
        Case("latente restore fotos/00.png", enlarges_the_first),
        Case("import latente", draws_photographs, swaps=(("epochs=20", "epochs=1"),)),
    ],
    "docs/guides/odd-ones.md": [
        Case("latente fit digits", lambda stage: None, swaps=(("--out", SEED + "--no-report --out"),)),
        Case("latente evaluate", says("oddness")),
        Case("import numpy", tells_ones_from_others),
        Case("latente data clean photos/", finds_the_damaged_one, before=hides_an_odd_one),
        Case("latente rank photos/", puts_the_odd_one_first),
        Case(
            "latente fit photos/ --exclude",
            learns_without_the_odd_one,
            SEED + "--no-report",
            before=lists_the_odd_one,
        ),
        Case("latente rank runs/photos", still_puts_the_odd_one_first),
        Case("latente score runs/photos", has_scores),
        elsewhere(
            "latente fit TILES", "these weights are not shipped; tests/networks/test_features.py reads such files"
        ),
        Case("latente fit digits --epochs", lambda stage: None, SEED + "--no-report"),
        Case("latente fit digits --model detector --method", goes_by_what_was_held_out, SEED + "--no-report"),
        Case("drawer", goes_by_errors, swaps=(("epochs=20", "epochs=2"),)),
        elsewhere(
            "latente fit PICTURES", "550 steps take a minute; tests/estimators/test_detection_transforms.py takes fewer"
        ),
        Case("import torch", looks_through_a_module),
        elsewhere(
            "latente fit TILES",
            "these weights are not shipped; tests/estimators/test_detection_windows.py plants faults",
        ),
    ],
    "docs/reference/image-classifier.md": [Case("import latente", sorts_digits, swaps=(("epochs=20", "epochs=10"),))],
    "docs/reference/restorer.md": [
        Case(
            "import numpy",
            denoises,
            swaps=(
                ("count=200", "count=40"),
                ("epochs=3,", "epochs=1, width=16, depth=2, batch_size=8, learning_rate=5e-3,"),
            ),
        )
    ],
    "docs/guides/new-pictures.md": [
        Case("latente fit digits --model gan", lambda stage: None, GAN),
        Case("latente sample runs/made -n 64", partial(shows_pictures, "new.png")),
        Case("latente sample runs/made --label 3", makes_threes),
        Case("latente sample runs/made -n 16", partial(shows_pictures, "new/01.png", least=8)),
        Case("latente vary runs/made new.npz -n 4", partial(shows_pictures, "near.png")),
        Case("latente vary runs/made new.npz --between 7", goes_from_each_to_the_next),
        Case(
            "import latente",
            makes_digits,
            swaps=(
                ("latente.GAN(conditional=True, epochs=12, random_state=0).fit(digits)", "latente.load('runs/made')"),
            ),
        ),
        elsewhere("latente fit mnist --model gan", "tests/estimators/test_adversarial.py builds these networks"),
    ],
    "docs/guides/conditions.md": [
        elsewhere("latente fit parts/", "tests/cli/test_conditions.py chooses columns of a table"),
        Case("latente fit flow", lambda stage: None, FIELDS),
        Case("latente sample runs/flow", partial(keeps_to_a_region, "new.png")),
        Case("latente reconstruct runs/flow", holds_pairs),
        Case(
            "import latente",
            draws_fields,
            swaps=(
                (
                    """latente.VariationalAutoencoder(
    latent_dim=2, condition="joint", network="dense", hidden=(256, 64), epochs=400, prior="mixture", random_state=0
).fit(images)""",
                    "latente.load('runs/flow')",
                ),
            ),
        ),
    ],
    "docs/reference/image-translator.md": [
        Case(
            "import numpy",
            brightens,
            swaps=(
                ("count=200", "count=60"),
                ("epochs=3,", "epochs=1, hidden=(8, 16), batch_size=4, augmentation='crop:32',"),
            ),
        )
    ],
    "docs/reference/gan.md": [
        Case(
            "import latente",
            makes_what_is_like_digits,
            swaps=(("epochs=12", "epochs=4, hidden=(32,), learning_rate=2e-3"),),
        )
    ],
    "docs/guides/style.md": [
        elsewhere("latente style photo.jpg painting.jpg", "tests/cli/test_style.py paints smaller ones"),
        elsewhere("latente style photo.jpg night.jpg scream.jpg --blend", "tests/cli/test_style.py mixes styles"),
        elsewhere(
            "latente style photo.jpg night.jpg scream.jpg --region", "tests/estimators/test_style.py has regions"
        ),
        elsewhere("latente style photos/", "tests/cli/test_style.py paints folders"),
        elsewhere("latente fit photos/ --model style", "tests/cli/test_examples.py trains it"),
        elsewhere("latente style photo.jpg painting.jpg --fast", "tests/cli/test_style.py paints in one pass"),
        elsewhere("import latente", "tests/estimators/test_style.py paints from Python"),
    ],
    "docs/reference/fast-style-transfer.md": [
        Case(
            "from PIL import Image",
            paints_at_once,
            swaps=(
                ("count=200, size=128", "count=20"),
                ("epochs=3,", "minutes=0.01, width=4, augmentation='crop:32',"),
            ),
        )
    ],
    "docs/reference/style-transfer.md": [
        Case("from PIL import Image", paints, swaps=(("side=256", "side=64, steps=5, preview_every=5"),))
    ],
    "docs/reference/images.md": [Case("import numpy", holds_images)],
    "docs/reference/scaling.md": [Case("import numpy", lambda stage: None)],
    "docs/reference/loading.md": [Case("import latente", goes_on)],
    "docs/reference/run.md": [Case("import latente", reads_a_run)],
    "docs/reference/training-options.md": [Case("import torch", minimises)],
    "docs/reference/sweep.md": [Case("import latente", tries_codes)],
    "docs/reference/errors.md": [Case("import latente", says("unknown loss 'msee'; did you mean 'mse'?"))],
}

PREPARATIONS = {
    "README.md": prepare_readme,
    "docs/guides/better-pictures.md": prepare_better_pictures,
    "docs/guides/command-line.md": prepare_command_line,
    "docs/guides/own-images.md": prepare_own_images,
    "docs/es/index.md": prepare_spanish,
}


@pytest.mark.parametrize("page", PAGES)
def test_no_example_is_without_a_result_that_it_has_to_reach(page: str) -> None:
    there, cases = examples(PAGES[page]), CASES.get(page, [])
    assert len(there) == len(cases), there
    for example, case in zip(there, cases, strict=True):
        assert example.startswith(case.start)
        assert case.check or case.why


@pytest.mark.parametrize("page", CASES)
def test_the_examples_of_a_page_reach_their_results(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    PREPARATIONS.get(page, lambda folder: None)(tmp_path)
    stage = Stage(tmp_path)
    for example, case in zip(examples(PAGES[page]), CASES[page], strict=True):
        if case.check is not None:
            stage.run(example, case)
            case.check(stage)
