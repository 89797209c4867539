"""The typed description that an experiment module fills in, and its recipes: what a paper has, field by field.

No TensorFlow is imported here. What a paper fixes is not here (experiments/), nor how a run is asked for (configuration.py).
"""

import dataclasses
import operator
import re
import typing
from collections.abc import Callable, Mapping

from gan_repro.errors import UsageError
from gan_repro.scaling import UNIT

PRESETS = ("paper", "quick", "smoke")  # a data set that several models of a paper learn has paper-MODEL, ... besides

LATEST = 10**6  # epochs


def level(preset):
    """The one of PRESETS that a preset is: "quick" of "quick" and of "quick-convolutional"."""
    return preset.partition("-")[0]


def bounded(default=dataclasses.MISSING, *, low=None, high=None, above=None, below=None, role="training"):
    """A dataclass field whose number, or every number of whose tuple, satisfies low <= n <= high and above < n < below.

    `role` says what two runs that differ in the field differ in: "training": in what is trained; "schedule": in how long;
    "evaluation": only in what is kept, shown and measured of it, or in roundings; "pictures": only in which pictures are
    drawn on the way. Tables compare recipes by it, and `identity` tells runs apart; a field that is declared without
    `bounded` has the role "training".
    """
    limits = {"low": low, "high": high, "above": above, "below": below}
    return dataclasses.field(default=default, metadata=limits | {"role": role})


def fields_of(recipe, role):
    """The names of the fields of a Recipe that have a role of `bounded`: a set. "pictures" are a part of "evaluation"."""
    roles = (role, "pictures") if role == "evaluation" else (role,)
    return {field.name for field in dataclasses.fields(recipe) if field.metadata.get("role", "training") in roles}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """What every run has. An experiment's recipe is a subclass with the paper's own fields; `--set` reaches all of them.

    Attributes:
      n_samples: samples that an evaluation draws.
    """

    n_samples: int = bounded(10_000, low=2, high=10**6, role="evaluation")

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check_range(field, getattr(self, field.name))


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingRecipe(Recipe):
    """What every run that trains a generator has besides.

    Attributes:
      epochs: passes over the training images; not part of what makes two configurations different (more epochs continue).
      batch_size: images of a minibatch.
      steps_per_epoch: at most so many minibatches an epoch; 0: as many whole ones as the training images give.
      precision: Keras's dtype policy of the networks: their arithmetic; variables are float32 in both.
      jit_compile: compile the step with XLA (on CPUs slower: Keras's matrix products then bypass oneDNN).
      averages: averages of the generator's weights to keep beside it: "exponential-DECAY" or "uniform-EPOCH"
        (averaging.py). They never touch the training.
      validate_every: epochs between validations; the best generator is chosen among these.
      samples_every: epochs between grids of samples.
    """

    epochs: int = bounded(low=1, high=LATEST, role="schedule")
    batch_size: int = bounded(low=1, high=10**6)
    steps_per_epoch: int = bounded(0, low=0, high=10**9, role="schedule")
    precision: typing.Literal["float32", "mixed_bfloat16"] = "float32"
    jit_compile: bool = bounded(False, role="evaluation")
    averages: tuple[str, ...] = bounded((), role="evaluation")
    validate_every: int = bounded(5, low=1, high=10**6, role="evaluation")
    samples_every: int = bounded(5, low=1, high=10**6, role="pictures")

    @property
    def total_epochs(self):
        """The epochs of all stages together; a recipe with more than one stage says so."""
        return self.epochs

    def __post_init__(self):
        super().__post_init__()
        parsed = [parse_average(kind) for kind in self.averages]
        twice = [kind for kind, value in zip(self.averages, parsed) if parsed.count(value) > 1]
        if twice:
            raise UsageError(f"averages: {', '.join(twice)}: each may be named once")


def _check_range(field, value):
    limits = field.metadata
    if not any(limits.get(key) is not None for key in ("low", "high", "above", "below")):
        return
    tests = {
        "low": operator.ge,
        "high": operator.le,
        "above": operator.gt,
        "below": operator.lt,
    }
    signs = {"low": ">=", "high": "<=", "above": ">", "below": "<"}
    given = {key: limits[key] for key in tests if limits.get(key) is not None}
    values = value if isinstance(value, tuple) else (value,)
    if not all(tests[key](value, limit) for value in values for key, limit in given.items()):
        valid = " and ".join(f"{signs[key]} {limit}" for key, limit in given.items())
        raise UsageError(f"{field.name} = {value}: must be {valid}")


def parse_average(kind):
    """Splits "exponential-.9999" or "uniform-5" into (decay, first epoch).

    Returns:
      (decay, epoch): decay in (0, 1) with epoch 0 for exponential; decay 1.0 with the epoch (0-based number of whole
      epochs played before averaging begins) for uniform.

    Raises:
      UsageError: anything else.
    """
    name, _, value = kind.partition("-")
    plain = re.fullmatch(r"[0-9.e-]{1,30}", value)  # it becomes part of the names of files
    try:
        if name == "exponential" and plain and 0 < float(value) < 1:
            return float(value), 0
        if name == "uniform" and plain and 0 <= int(value) <= LATEST:
            return 1.0, int(value)
    except ValueError as error:
        raise UsageError(f"averages: {kind!r}: {error}; valid: exponential-DECAY, uniform-EPOCH") from error
    valid = f"exponential-DECAY (0 < DECAY < 1) and uniform-EPOCH (0 <= EPOCH <= {LATEST})"
    raise UsageError(f"averages: {kind!r}: valid are {valid}, in plain digits")


@dataclasses.dataclass(frozen=True)
class Published:
    """A number printed in a paper.

    Attributes:
      table: the table of this project where it stands ("table1" -> results/table1.md).
      row: the model's name there.
      dataset: "mnist", "tfd", ...: the column.
      metric, unit: as in a record's measurements ("parzen_log_likelihood", "nats").
      value, standard_error: the printed numbers.
      source: paper and place.
      ours: whether this experiment's own records are to be held against it (the verdict).
      n_samples: how many samples it takes, where one metric has several numbers that differ in that; else None.
      note: what a reader must know, or "".
      unavailable: why it cannot be measured by anyone at once ("TFD is given out on request"), or "".
      departure: in what this experiment's conditions are never the published ones, such as other training data, or "":
        the verdict is then "other conditions".
      open_schedule: whether neither paper nor code says how long the model was trained: fewer epochs than our paper
        preset's are then no other conditions, and a number that falls short is "not reached in N epochs".
      unverified: whether it is quoted from memory and has not been checked against the paper.
    """

    table: str
    row: str
    dataset: str
    metric: str
    unit: str
    value: float
    standard_error: float | None
    source: str
    ours: bool = False
    n_samples: int | None = None
    note: str = ""
    unavailable: str = ""
    departure: str = ""
    open_schedule: bool = False
    unverified: bool = False


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a paper shows without a number, and when runs of ours are said to show it, too.

    Attributes:
      figure: where the paper shows it.
      says: what it shows, in words.
      criterion: ours, in words.
      dataset: of our runs.
      uses: (preset's suffix, metric) of each measurement that the criterion is about, of the last generators: ("-gan",
        "recall").
      holds: (*values) -> whether the criterion is met.
      departure: in what our conditions are never the paper's, such as other data, or "".
    """

    figure: str
    says: str
    criterion: str
    dataset: str
    uses: tuple[tuple[str, str], ...]
    holds: Callable[..., bool]
    departure: str = ""


@dataclasses.dataclass(frozen=True)
class KeyFigure:
    """A figure that opens the paper's section of results/README.md.

    Attributes:
      dataset: of the run that it is of.
      kind: what follows the run's name in results/figures, such as "samples-best"; or the data set's, "log-likelihood".
      caption: what there is to see, and which figure of the paper it is.
      preset: the suffix of the presets of that model: "-gan" of "quick-gan".
    """

    dataset: str
    kind: str
    caption: str
    preset: str = ""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One paper.

    Attributes:
      name: of its module and of --experiment.
      title: one line for --list.
      reference: the citation.
      recipes: {data set: {preset: Recipe}}; the first data set is the default, a preset one of PRESETS or PRESET-MODEL. The
        keys "npz" and "images" stand for `npz:PATH` and `images:FOLDER`.
      published: the paper's numbers that this experiment answers to.
      claims: what the paper shows without a number.
      deviations: from paper and authors' code, in order, each with its source.
      not_run: (what, why) of what the paper shows and this program has not measured.
      findings: {data set: what came of it, a sentence or two each}; they stand beside the verdicts.
      protocol: how its numbers are measured, in a sentence or two.
      key_figures: those that show most.
      short: the paper as people call it: "DCGAN"; "": the name.
      stages: (config, source) -> sequence of training.Stage; called with TensorFlow at hand. Empty: nothing is trained.
      evaluate: (finished.Finished) -> list of measurements; draws the paper's figures as well.
      generator: (config, spec) -> the generator, a Keras model; None where nothing is trained.
      prior: (config) -> priors.Prior of that generator.
      scaling: (config) -> what the networks see of the data (scaling.py).
      critic: (a recipe's {field: value}, as records have it) -> whether D is a critic: what it says of images are scores and
        no probabilities.
      pictures: (config) -> what makes of (loop, folder, every, spec) the Keras callback that looks at the training; None:
        callbacks.SampleGrid.
      row: the model's name in tables.
      models: {suffix: name} of an experiment with several: "quick-mlp" is a run of the model "-mlp". {data set: name} of
        the one that a preset without a suffix is of on those data.
      table: the table in which this experiment's records stand.
      metrics: reporting.metrics.Metric of each that it measures and the library does not know: title, which way is better,
        margin and protocol. A metric that nobody describes is shown and never judged.
    """

    name: str
    title: str
    reference: str
    recipes: Mapping[str, Mapping[str, Recipe]]
    stages: Callable
    evaluate: Callable
    row: str
    table: str
    generator: Callable | None = None
    prior: Callable | None = None
    scaling: Callable = lambda config: UNIT
    critic: Callable = lambda recipe: False
    pictures: Callable = lambda config: None
    published: tuple[Published, ...] = ()
    claims: tuple[Claim, ...] = ()
    deviations: tuple[str, ...] = ()
    not_run: tuple[tuple[str, str], ...] = ()
    findings: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    protocol: str = ""
    key_figures: tuple[KeyFigure, ...] = ()
    short: str = ""
    models: Mapping[str, str] = dataclasses.field(default_factory=dict)
    metrics: tuple = ()

    def __post_init__(self):
        for dataset, recipes in self.recipes.items():
            if unknown := {level(preset) for preset in recipes} - set(PRESETS):
                raise ValueError(f"{self.name} on {dataset}: presets begin with {', '.join(PRESETS)}, not {unknown}")

    @property
    def known_as(self):
        """The paper's name for a reader."""
        return self.short or self.name

    def model(self, preset, dataset):
        """The name in tables of the model that a preset is of, on a data set that may have a model of its own."""
        suffix = preset.removeprefix(level(preset))
        names = (self.models.get(key) for key in (suffix or dataset, dataset, suffix))
        return next(filter(None, names), self.row)


def of_models(models):
    """The parts of an Experiment with several models that each model has of its own: keyword arguments of Experiment.

    Args:
      models: {type of recipe: modules}. Of a run with such a recipe the stages, evaluate, generator, prior, scaling and
        pictures are looked for in these modules, in turn. Without a prior it is the recipe's own, without scaling pixels in
        [0, 1], without pictures grids of samples.
    """
    from gan_repro import priors

    def part(config, name, otherwise=None):
        found = (getattr(module, name) for module in models[type(config.recipe)] if hasattr(module, name))
        return next(found, otherwise)

    return {
        "stages": lambda config, source: part(config, "stages")(config, source),
        "evaluate": lambda run: part(run.config, "evaluate")(run),
        "generator": lambda config, spec: part(config, "generator")(config, spec),
        "prior": lambda config: part(config, "prior", priors.of)(config),
        "scaling": lambda config: part(config, "scaling", lambda config: UNIT)(config),
        "pictures": lambda config: part(config, "pictures"),
    }
