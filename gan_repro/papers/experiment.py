"""The typed description that an experiment module fills in, and its recipes: what a paper has, field by field.

No TensorFlow is imported here. What a paper fixes is not here (experiments/), nor how a run is asked for (configuration.py).
"""

import dataclasses
from collections.abc import Callable, Mapping

from gan_repro.data.scaling import UNIT
from gan_repro.papers.recipe import Recipe

PRESETS = ("paper", "quick", "smoke")  # a data set that several models of a paper learn has paper-MODEL, ... besides


def level(preset):
    """The one of PRESETS that a preset is: "quick" of "quick" and of "quick-convolutional"."""
    return preset.partition("-")[0]


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
        no probabilities; a tuple of a training whose stages differ in it, one for each stage.
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

    def d_output(self, recipe):
        """What D says of images in each stage, "probability" or "score", one entry where all are alike (`critic`)."""
        found = self.critic(recipe)
        return tuple("score" if critic else "probability" for critic in (found if isinstance(found, tuple) else (found,)))

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
    from gan_repro.latent import priors

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
