"""What a run is: an experiment found by name, one of its data sets and presets, fields set, as a Config.

No TensorFlow is imported here: `--list`, `--dry_run` and every usage error answer at once.
"""

import contextlib
import dataclasses
import functools
import importlib
import importlib.util
import math
import pathlib
import pkgutil
import sys
import traceback
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gan_repro.data.names import choose_dataset
from gan_repro.data.scaling import Scaling
from gan_repro.data.source import Source
from gan_repro.papers.experiment import PRESETS, Experiment, Model
from gan_repro.papers.recipe import AUTO, Recipe, TrainingRecipe, fields_of
from gan_repro.system.choices import choose, suggest
from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Config:
    """A resolved run: what is trained, on what, from which seed, by which recipe."""

    experiment: str
    dataset: str
    model: str
    preset: str
    seed: int
    recipe: Recipe

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, for config.json and for comparing two configurations."""
        return {
            "experiment": self.experiment,
            "dataset": self.dataset,
            "model": self.model,
            "preset": self.preset,
            "seed": self.seed,
            "recipe": plain(dataclasses.asdict(self.recipe)),
        }


def from_dict(value: dict[str, Any]) -> Config:
    """The Config of which `Config.as_dict` gave `value`.

    Raises:
      KeyError, TypeError, AttributeError: something is missing, unknown or of another kind. UsageError: a value is not valid.
    """
    base = resolve(find(value["experiment"]), *(value[key] for key in ("dataset", "model", "preset", "seed")))
    fields: dict[str, Any] = {key: tuple(entry) if isinstance(entry, list) else entry for key, entry in value["recipe"].items()}
    found = dataclasses.replace(base, recipe=type(base.recipe)(**fields))
    if undecided(found):
        raise UsageError(f"precision = {AUTO}: this is a run's choice, not its configuration, which names what was chosen")
    return found


def undecided(config: Config) -> bool:
    """Whether a Config leaves its precision to the machine where the run begins (recipe.AUTO)."""
    return getattr(config.recipe, "precision", None) == AUTO


def plain(value: Any) -> Any:
    """`value` with tuples turned into lists, as JSON gives them back."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value


def names() -> list[str]:
    """The names of all experiments, sorted: the modules of the package `experiments` that stands beside gan_repro.

    Raises:
      UsageError: another package of that name comes first on the path.
    """
    import experiments
    import gan_repro

    ours, found = (pathlib.Path(package.__path__[0]).resolve().parent for package in (gan_repro, experiments))
    if ours != found:
        raise UsageError(
            f"a package called experiments in {found} hides gan_repro's own in {ours}: run this from another folder"
        )
    return sorted(module.name for module in pkgutil.iter_modules(experiments.__path__) if not module.name.startswith("_"))


def find(name: str) -> Experiment:
    """The Experiment called `name`.

    Raises:
      UsageError: an unknown one, or its file cannot be imported or does not describe an experiment of that name.
    """
    loaded = getattr(sys.modules.get(f"experiments.{name}"), "EXPERIMENT", None)
    if isinstance(loaded, Experiment) and loaded.name == name:  # a study asks for the same one hundreds of times
        return loaded
    choose("experiment", name, names())
    spec = importlib.util.find_spec(f"experiments.{name}")
    path = _shown(spec.origin) if spec and spec.origin else f"experiments/{name}.py"
    try:
        found = getattr(importlib.import_module(f"experiments.{name}"), "EXPERIMENT", None)
    except (Exception, SystemExit) as error:  # whatever a file may do that somebody is writing
        raise UsageError(f"{path} cannot be used: {type(error).__name__}: {error}{_place(error)}") from error
    if not isinstance(found, Experiment):
        raise UsageError(f"{path} describes no experiment: it must have EXPERIMENT = Experiment(name={name!r}, ...)")
    if found.name != name:
        raise UsageError(f"{path}: the name of its EXPERIMENT is {found.name!r}: it must be {name!r}, as the file is called")
    return found


def _shown(path):
    """A path, as seen from the folder that holds gan_repro and experiments where it is below that."""
    import experiments

    path, above = pathlib.Path(path), pathlib.Path(experiments.__path__[0]).parent
    return path.relative_to(above) if path.is_relative_to(above) else path


def _place(error):
    """Where in the files of experiments an exception arose: " (experiments/lsgan.py, line 3)"; "" where it says so itself."""
    import experiments

    ours = tuple(experiments.__path__)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(ours)]
    told = isinstance(error, SyntaxError) or not frames
    return "" if told else f" ({_shown(frames[-1].filename)}, line {frames[-1].lineno})"


def usable(warn: Callable[[str], object]) -> list[Experiment]:
    """The Experiments of all names, sorted. One that cannot be used hides no other: `warn` gets a line that says why."""
    found = []
    for name in names():
        try:
            found.append(find(name))
        except UsageError as error:
            warn(str(error))
    return found


def identity(config: dict[str, Any]) -> dict[str, Any]:
    """What makes a run another run: a configuration as Config.as_dict gives it, without what may be changed later.

    Left out are `epochs`, of which more continue a run, what only draws pictures, and whether XLA compiles the step: a
    condition, as the processor is, which a manifest tells of. A field of the recipe that it has not, since it is older, is
    as `defaults` has it. A configuration that is none is returned as it is.
    """
    if not isinstance(config.get("recipe"), dict):
        return config
    recipe_class = _recipe_class(config.get("experiment"), config.get("model"))
    left_out = {"epochs", "jit_compile"} | fields_of(recipe_class or TrainingRecipe, "pictures")
    whole = (defaults(recipe_class) if recipe_class else {}) | config["recipe"]
    return config | {"recipe": {key: value for key, value in whole.items() if key not in left_out}}


def _recipe_class(experiment, model):
    """The class of the recipe of a model, by their names; None where there is none of these names."""
    with contextlib.suppress(UsageError, KeyError):
        if isinstance(experiment, str) and isinstance(model, str):
            return type(next(iter(find(experiment).models[model].presets.values())))
    return None


def defaults(recipe_class: type[Recipe]) -> dict[str, Any]:
    """{field: its default} of a recipe, plain JSON values: what a run played that is older than the field.

    A field that is added to a recipe has for its default what the game was without it, and a preset that says otherwise
    makes the commands of older records stale: they name what differed from the preset of their day.
    """
    fields = dataclasses.fields(recipe_class)
    return {field.name: plain(field.default) for field in fields if field.default is not dataclasses.MISSING}


def departures(recipe: Recipe, used: Mapping[str, Any], schedule: bool = True) -> Iterator[tuple[str, Any, Any]]:
    """(key, value used, the recipe's) of each field that touches the training and differs; None where it is in one only.

    Args:
      recipe: what it is held against.
      used: {field: value} as a recipe in JSON has them.
      schedule: whether fields of the schedule (recipe.bounded) are compared, too; `epochs` never is.
    """
    wanted = plain(dataclasses.asdict(recipe))
    left_out = {"epochs"} | fields_of(recipe, "evaluation") | (set() if schedule else fields_of(recipe, "schedule"))
    for key in sorted((wanted.keys() | used.keys()) - left_out):
        if wanted.get(key) != used.get(key):
            yield key, used.get(key), wanted.get(key)


def value_in_words(value: Any) -> str:
    """A recipe's value for a reader: thousands apart, lists without brackets."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_in_words, value)) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:,}" if isinstance(value, int) else f"{value:.15g}" if isinstance(value, float) else str(value)


def settings(recipe: Recipe, used: Mapping[str, Any]) -> tuple[str, ...]:
    """What --set changed of a preset's recipe, such as ("order alternating", "units 20, 10")."""
    return tuple(f"{key} {value_in_words(value)}" for key, value, _ in departures(recipe, used, schedule=False))


def resolve(
    experiment: Experiment,
    dataset: str | None = None,
    model: str | None = None,
    preset: str = "paper",
    seed: int = 0,
    epochs: int | None = None,
    settings: Iterable[str] = (),
) -> Config:
    """The Config of a command line.

    Args:
      experiment: an Experiment.
      dataset: one of its data sets, or None for its first, or the model's first where one is named.
      model: the name of one of its models, or None for the data set's own.
      preset: one of PRESETS.
      seed: 0 <= seed < 2**31.
      epochs: overrides the recipe's, or None.
      settings: "key=value" strings for fields of the recipe; of two for the same field the last holds.

    Raises:
      UsageError: a name, key, type or value is not valid, or two numbers of epochs are given.
    """
    if dataset is None:
        named = None if model is None else experiment.models[choose("model", model, experiment.models)]
        dataset = (named or experiment).datasets[0]
    choose_dataset(dataset, experiment.datasets)
    model = experiment.model_for(dataset) if model is None else model
    found = experiment.find_model(model, dataset)
    recipe = found.recipe(_preset(preset, experiment), dataset)
    if not 0 <= seed < 2**31:
        raise UsageError(f"seed = {seed}: must be >= 0 and < 2**31")
    if epochs is not None and not hasattr(recipe, "epochs"):
        raise UsageError(f"--epochs={epochs}: the model {model} of {experiment.name} trains nothing")
    changes = dict(parse_setting(type(recipe), setting) for setting in settings)
    if epochs is not None and changes.setdefault("epochs", epochs) != epochs:
        raise UsageError(f"--epochs={epochs} and --set=epochs={changes['epochs']}: leave one of them out")
    return Config(experiment.name, dataset, model, preset, seed, dataclasses.replace(recipe, **changes))


def _preset(preset, experiment):
    """A preset, if it is one. Raises UsageError; of an older spelling, "quick-mlp", it says the new one."""
    level, _, model = preset.partition("-")
    if level in PRESETS and model:
        near = suggest(model, experiment.models).strip() or f"Models: {', '.join(experiment.models)}."
        raise UsageError(f"--preset={preset}: preset and model are two flags now: --preset={level} --model=NAME. {near}")
    return choose("preset", preset, PRESETS)


def model_of(config: Config) -> Model:
    """The Model of a Config."""
    return find(config.experiment).models[config.model]


def source_of(config: Config, data_dir: str | pathlib.Path | None = None, download: bool = True) -> Source:
    """The data of a Config as its networks see them, a data.source.Source. Raises what data.load does."""
    from gan_repro import data  # not before it is needed

    sources, prepare = find(config.experiment).sources, model_of(config).prepare(config.recipe)
    return data.load(config.dataset, data_dir, scaling_of(config), download, sources, prepare)


def scaling_of(config: Config) -> Scaling:
    """What the networks of a Config see of the data."""
    return model_of(config).scaling(config.recipe)


_hints: Any = functools.cache(typing.get_type_hints)


def parse_setting(recipe_class: type[Recipe], setting: str) -> tuple[str, Any]:
    """Turns "key=value" into (key, typed value) for a field of `recipe_class`.

    Raises:
      UsageError: no "=", an unknown key, or a value of the wrong type; the message names the valid ones.
    """
    key, equals, text = setting.partition("=")
    if not equals:
        raise UsageError(f"--set={setting}: must be key=value")
    hints = _hints(recipe_class)
    fields = [field.name for field in dataclasses.fields(recipe_class)]
    choose("recipe field", key, fields)
    return key, _parse(key, text, hints[key])


def _parse(key, text, hint):
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        options = typing.get_args(hint)
        if text not in options:
            raise UsageError(f"--set={key}={text}: must be one of {', '.join(options)}.{suggest(text, options)}")
        return text
    if origin is tuple:
        inner = typing.get_args(hint)[0]
        return tuple(_parse(key, entry, inner) for entry in text.split(",")) if text else ()
    if origin in (typing.Union, types.UnionType):
        if text.lower() == "none":
            return None
        return _parse(key, text, next(option for option in typing.get_args(hint) if option is not type(None)))
    if hint is bool:
        if text.lower() not in ("true", "false"):
            raise UsageError(f"--set={key}={text}: must be true or false")
        return text.lower() == "true"
    try:
        value = hint(text)
    except ValueError as error:
        raise UsageError(f"--set={key}={text}: must be {'a whole number' if hint is int else 'a number'}") from error
    if hint is float and not math.isfinite(value):
        raise UsageError(f"--set={key}={text}: must be a finite number")
    return value
