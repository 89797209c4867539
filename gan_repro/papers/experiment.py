"""Experiment: the typed description of a paper that a module of `experiments` fills in. No TensorFlow is imported here."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from gan_repro.data.names import dataset_kind
from gan_repro.data.scaling import UNIT
from gan_repro.data.source import Spec
from gan_repro.latent import priors
from gan_repro.papers.recipe import Recipe, fields_of, smoke_of
from gan_repro.papers.shown import Beside, Claim, Effects, KeyFigure, Published, SideBySide
from gan_repro.system.choices import choose
from gan_repro.system.errors import UsageError

PRESETS = ("paper", "quick", "smoke")
OWN = ("npz", "images")  # a user's own images: npz:PATH, images:FOLDER


@dataclasses.dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of a training with two players of its own: a game. Most models have one.

    Attributes:
      generator, discriminator: (recipe, spec) -> Keras model, where spec is the data set's data.source.Spec. G maps z, or
        [z, labels], to images; D images, or [images, labels], to logits or scores (m, 1).
      game: (recipe, spec) -> training.rules.Rules: losses, optimizers, schedule.
      name: for messages and metrics.csv.
      epochs: the field of the recipe that says how long it is.
      initialise: (generator, discriminator, source, recipe): sets weights that follow from the data, or None.
      grow: (recipe, spec, generator of the phase before) -> the generator, which goes on from that one; or None.
      same_start: whether its networks begin with the weights that the first phase's began with.
      averages: whether averages of G's weights are kept.
      validated: whether generators are validated in it.
    """

    generator: Callable
    discriminator: Callable
    game: Callable
    name: str = "game"
    epochs: str = "epochs"
    initialise: Callable | None = None
    grow: Callable | None = None
    same_start: bool = False
    averages: bool = True
    validated: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Learning:
    """A stretch of a training in which one network learns by a rule of its own and plays against nobody.

    A model that is trained layer by layer has one for each layer, the last of them with the whole network.

    Attributes:
      network: (recipe, spec) -> Keras model: images to their reconstruction, (m, h, w, c) both. A new one at each call.
      rule: (recipe, spec) -> training.learner.LearningRule: gradients, optimizer, metrics.
      name, epochs, averages, validated: as of a Phase, the network in the generator's place.
      initialise: (network, source): sets weights that follow from the data, or None.
      grow: (network, network of the phase before): takes over what that one has learned, and may freeze layers; or None.
    """

    network: Callable
    rule: Callable
    name: str = "learning"
    epochs: str = "epochs"
    initialise: Callable | None = None
    grow: Callable | None = None
    averages: bool = True
    validated: bool = True
    same_start: ClassVar[bool] = False
    discriminator: ClassVar[None] = None

    @property
    def generator(self) -> Callable:
        """(recipe, spec) -> the network that samples are drawn from."""
        return self.network


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
    """One model of a paper.

    Attributes:
      title: its name in tables.
      datasets: the data sets that it can be trained on, of data.LOADERS or of the experiment's own sources; OWN stand for a
        user's own images.
      presets: the recipes "paper" and "quick"; "smoke" follows from the first (recipe.smoke_of).
      on: {data set: {field of the recipe: value}} of what differs there (see `recipe`).
      phases: its training; none: nothing is trained, and the measures are of the data.
      prior: (recipe) -> what samples are drawn by: the latent.priors.Prior of G's noise, or a latent.chains.Chain; where none
        is given, the prior of the recipe's fields `prior` and `latent`.
      prepare: (recipe) -> what is done to all images before they are scaled (data.preparation.Pad), or None.
      scaling: (recipe) -> what the networks see of the data (data.scaling).
      conditional: (recipe) -> whether both players see labels, which the data must then have.
      critic: (recipe) -> whether D's outputs are scores and no logits of probabilities; a tuple where phases differ in it.
      measures: called in turn with a trained run, each gives a list of measurements (evaluation.measures has those of the
        library). Before the training one with a method `check(recipe, spec)` may refuse, and the splits of the data that
        `requires(recipe, spec)` names must be there. The first that has a `validation(recipe, source)` chooses the best
        generator by what that gives: images -> a number to be maximised.
      figures: called in turn with a trained run and its measurements, each writes a picture (figures.catalogue).
      callbacks: (loop, folder, every, spec) -> a Keras callback that looks at the training every so many epochs; None:
        training.callbacks.SampleGrid.
    """

    title: str
    datasets: tuple[str, ...]
    presets: Mapping[str, Recipe]
    on: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    phases: tuple[Phase | Learning, ...] = ()
    prior: Callable = priors.of
    prepare: Callable = lambda recipe: None
    scaling: Callable = lambda recipe: UNIT
    conditional: Callable = lambda recipe: False
    critic: Callable = lambda recipe: False
    measures: tuple[Callable, ...] = ()
    figures: tuple[Callable, ...] = ()
    callbacks: Callable | None = None

    def generator(self, recipe: Recipe, spec: Spec) -> Any:
        """The Keras model of the last phase's generator, as it begins."""
        return self.phases[-1].generator(recipe, spec)

    def discriminator(self, recipe: Recipe, spec: Spec) -> Any:
        """The Keras model of the last phase's discriminator, as it begins. Raises UsageError: there is none."""
        made = self.phases[-1].discriminator
        if made is None:
            raise UsageError(f"the model {self.title} has no discriminator: it learns alone")
        return made(recipe, spec)

    def d_output(self, recipe: Recipe) -> tuple[Literal["probability", "score"], ...]:
        """What D says of images in each stage, "probability" or "score", one entry where all are alike (`critic`).

        () where no D is trained.
        """
        if self.phases and not any(phase.discriminator for phase in self.phases):
            return ()
        found = self.critic(recipe)
        return tuple("score" if critic else "probability" for critic in (found if isinstance(found, tuple) else (found,)))

    def recipe(self, preset: str, dataset: str) -> Recipe:
        """The recipe of one of PRESETS on a data set, such as "mnist" or "npz:faces.npz".

        Of `on` comes the schedule, and all else unless the preset has a size of its own there: those belong together.
        """
        if preset == "smoke":
            return smoke_of(self.recipe("paper", dataset))
        paper, found = self.presets["paper"], self.presets[preset]
        changes = self.on.get(dataset_kind(dataset), {})
        schedule = fields_of(type(found), "schedule")
        own = any(getattr(found, key) != getattr(paper, key) for key in changes.keys() - schedule)
        return dataclasses.replace(found, **{key: value for key, value in changes.items() if key in schedule or not own})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """One paper.

    Attributes:
      name: of its module and of --experiment.
      title: one line for --list.
      reference: the citation.
      models: {name of --model: Model}. A data set's own model is the first that has it.
      own: the model of a user's own images; "": as for other data sets.
      short_name: the paper as people call it: "DCGAN"; "": the name.
      table: the table in which its records stand: results/TABLE.md; "": the name.
      sources: {data set: loader} of data sets that only this paper has; loaders as in data.LOADERS.
      metrics: reporting.metrics.Metric of each that it measures and the library does not know: title, which way is better,
        margin, protocol, caveat. A metric that nobody describes is shown and never judged.
      published: the paper's numbers that it answers to.
      claims: what the paper shows without a number.
      protocol: how its numbers are measured, in a sentence or two.
      deviations: from paper and authors' code, in order, each with its source.
      not_run: (what, why) of what the paper shows and this program has not measured.
      key_figures: those that show most.
      side_by_side: pictures of samples of several of its models, of which pages draw each from the figures of runs.
      beside: tables that put models of several papers beside each other.
      effects: tables and figures of what single changes do; of its runs, which are many, no curves are drawn.
    """

    name: str
    title: str
    reference: str
    models: Mapping[str, Model]
    own: str = ""
    short_name: str = ""
    table: str = ""
    sources: Mapping[str, Callable] = dataclasses.field(default_factory=dict)
    metrics: tuple = ()
    published: tuple[Published, ...] = ()
    claims: tuple[Claim, ...] = ()
    protocol: str = ""
    deviations: tuple[str, ...] = ()
    not_run: tuple[tuple[str, str], ...] = ()
    key_figures: tuple[KeyFigure, ...] = ()
    side_by_side: tuple[SideBySide, ...] = ()
    beside: tuple[Beside, ...] = ()
    effects: tuple[Effects, ...] = ()

    def __post_init__(self):
        for name, model in self.models.items():
            if set(model.presets) != {"paper", "quick"}:
                raise ValueError(f"{self.name}, model {name}: presets must be paper and quick, not {list(model.presets)}")
        object.__setattr__(self, "short_name", self.short_name or self.name)
        object.__setattr__(self, "table", self.table or self.name)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The kinds of data sets of all models, the default one first and a user's own images last."""
        kinds = dict.fromkeys(dataset for model in self.models.values() for dataset in model.datasets)
        return tuple(sorted(kinds, key=OWN.__contains__))

    def model_for(self, dataset: str) -> str:
        """The name of a data set's own model: the first that has it, or `own`.

        Raises:
          UsageError: none has.
        """
        kind = choose("dataset", dataset_kind(dataset), self.datasets)
        if kind in OWN and self.own:
            return self.own
        return next(name for name, model in self.models.items() if kind in model.datasets)

    def find_model(self, name: str, dataset: str) -> Model:
        """The Model called `name`, if it can be trained on the data set.

        Raises:
          UsageError: there is no such model, or it cannot; the message names the valid ones.
        """
        kind, model = dataset_kind(dataset), self.models[choose("model", name, self.models)]
        if kind not in model.datasets:
            valid = [each for each, other in self.models.items() if kind in other.datasets]
            raise UsageError(
                f"--model={name} is not for {kind}: it takes {', '.join(model.datasets)}; {kind}: {', '.join(valid)}"
            )
        return model
