"""`python -m gan_repro.run --experiment=NAME`: parse, choose, train, evaluate, report. Each of these lives elsewhere."""

import json
import sys
import textwrap
from typing import Any

from absl import flags

from gan_repro.data import names
from gan_repro.papers import configuration
from gan_repro.papers.experiment import PRESETS
from gan_repro.runs import precisions, runner
from gan_repro.runs.workdir import Workdir
from gan_repro.system.command_line import run_main, warn
from gan_repro.system.errors import UsageError

USAGE = """usage: python -m gan_repro.run --experiment=NAME [--dataset=NAME] [--model=NAME] [--preset=paper|quick|smoke] ...

Trains a paper's model, evaluates it the paper's way, draws the paper's figures. A run that was interrupted, or a finished
one that is given more --epochs, is continued by the same command. --list shows what there is."""


_FLAGS: tuple[tuple, ...] = (
    (flags.DEFINE_string, "experiment", None, "The paper to reproduce; see --list."),
    (flags.DEFINE_bool, "list", False, "Show the experiments, or all of one with --experiment, and stop."),
    (
        flags.DEFINE_string,
        "dataset",
        None,
        "Which of the experiment's data sets; the model's first is the default. Your own images: npz:PATH or images:FOLDER.",
    ),
    (
        flags.DEFINE_string,
        "data_dir",
        None,
        "Where prepared TensorFlow Datasets, and relative paths of your own files, are looked for; else TFDS_DATA_DIR, else "
        "TensorFlow Datasets' own default.",
    ),
    (flags.DEFINE_string, "model", None, "Which of the paper's models; the data set's own is the default."),
    (
        flags.DEFINE_string,
        "preset",
        "paper",
        "paper: the published schedule; quick: minutes on two CPU cores, shows real learning; smoke: seconds.",
    ),
    (flags.DEFINE_integer, "epochs", None, "How many epochs, instead of the preset's."),
    (flags.DEFINE_integer, "seed", 0, "Everything random follows from it."),
    (
        flags.DEFINE_multi_string,
        "set",
        [],
        "key=value: a field of the recipe; may be given several times. --dry_run shows the fields.",
    ),
    (flags.DEFINE_string, "workdir", None, "The run's folder; else one in runs/, named after the choices."),
    (flags.DEFINE_bool, "tensorboard", False, "Also write metrics for TensorBoard, into the run's folder."),
    (flags.DEFINE_bool, "dry_run", False, "Show the resolved configuration and stop."),
)


def _define_flags(values):
    for define, name, default, text in _FLAGS:
        define(name, default, text, flag_values=values)


_WRAP = textwrap.TextWrapper(100, subsequent_indent=8 * " ", break_long_words=False, break_on_hyphens=False)


def _list_experiments():
    for found in configuration.usable(warn):
        print(f"{found.name}: {found.title}")
        print(_WRAP.fill(f"    models: {', '.join(found.models)}"))
        print(_WRAP.fill(f"    data sets: {', '.join(names.PATHS.get(kind, kind) for kind in found.datasets)}"))
    print("\nAll of one: --list --experiment=NAME. Presets of every model: paper, quick, smoke.")


def _list_one(name):
    found = configuration.find(name)
    print(f"{found.title}\n{found.reference}")
    for each, model in found.models.items():
        print(f"\n--model={each}: {model.title}")
        print(_WRAP.fill(f"    data sets: {', '.join(names.PATHS.get(kind, kind) for kind in model.datasets)}"))
        # A model that is trained has TrainingRecipes
        recipes: dict[str, Any] = {level: model.recipe(level, model.datasets[0]) for level in PRESETS if model.phases}
        lengths = [f"{level} {recipe.total_epochs:,}" for level, recipe in recipes.items()]
        print(f"    epochs: {', '.join(lengths)}" if lengths else "    nothing is trained")


def _body(values):
    if values["list"].value:
        _list_one(values["experiment"].value) if values["experiment"].value else _list_experiments()
        return 0
    if not values["experiment"].value:
        raise UsageError(f"--experiment=NAME is missing; valid: {', '.join(configuration.names())}. --list tells more.")
    found = configuration.find(values["experiment"].value)

    def resolve(dataset):
        return configuration.resolve(
            found, dataset, *(values[flag].value for flag in ("model", "preset", "seed", "epochs", "set"))
        )

    config = resolve(values["dataset"].value)
    if values["dry_run"].value:
        place = values["workdir"].value or runner.default_workdir(config)
        config = precisions.kept(config, Workdir(place))
        print(json.dumps(config.as_dict() | {"workdir": str(place)}, indent=1))
        return 0
    # Only where no data set was asked for may another one be settled for, and then openly.
    may_settle = values["dataset"].value is None and "glyphs" in configuration.model_of(config).datasets
    fallback = resolve("glyphs") if may_settle else None
    return runner.execute(
        found, config, values["workdir"].value, values["data_dir"].value, values["tensorboard"].value, fallback
    )


def main(argv):
    """Runs the program; returns its exit code (0 done, 1 the run failed, 2 wrong usage, 128+n ended by signal n)."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
