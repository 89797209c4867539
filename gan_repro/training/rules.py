"""Rules: what a phase of a training is played by, as a paper gives it; and the stages that the loop makes of a model."""

import dataclasses
import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from gan_repro.networks import precision
from gan_repro.papers import configuration
from gan_repro.papers.experiment import Learning, Phase
from gan_repro.papers.tricks import GameTricks
from gan_repro.system.errors import UsageError
from gan_repro.training import game, learner, losses, schedule, tricks, unrolled
from gan_repro.training.stages import Stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of a game between two networks.

    Attributes:
      loss: losses.Objective, the terms of both players.
      optimizers: Keras optimizers of (G, D).
      schedule: who moves on a minibatch.
      constraint: of every weight of D, such as constraints.WeightClip, or None.
      constrain_first: whether `constraint` is applied before D's updates and not after them.
      features: the layer of D whose output is matched by a recipe with feature matching (papers.tricks); None: what D's last
        layer sees.
      unroll: updates of D that G's loss looks ahead (unrolled.unroll).
      d_head, transform, generator_labels, d_features, g_dropout, replay: of a D with several heads, of what D sees, of G's
        labels, of a layer of D that terms look at, of D's dropout in G's updates, of old samples: as AdversarialGame takes
        them.
    """

    loss: losses.Objective
    optimizers: tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]
    schedule: schedule.UpdateSchedule
    constraint: Callable | None = None
    constrain_first: bool = False
    features: str | None = None
    unroll: int = 0
    d_head: str | None = None
    transform: Callable | None = None
    generator_labels: game.GeneratorLabels = "same"
    d_features: str | None = None
    g_dropout: bool = True
    replay: int = 0


def stages(config, source):
    """The stages.Stages of a Config on a data source: one for each phase of its model.

    Raises:
      UsageError: the data do not suit the model, or what is to be measured afterwards could not be.
      DataError: the data have too few images for that.
    """
    model, recipe, spec = configuration.model_of(config), config.recipe, source.spec
    if model.conditional(recipe) and not spec.classes:
        raise UsageError(
            f"{spec.title} has no labels, and a conditional model needs them (`labels` in npz:PATH, subfolders in "
            "images:FOLDER)"
        )
    for measure in model.measures if model.phases else ():
        if hasattr(measure, "check"):
            measure.check(recipe, spec)
        for split in measure.requires(recipe, spec) if hasattr(measure, "requires") else ():
            source.require(split)
    validations = (measure.validation for measure in model.measures if hasattr(measure, "validation"))
    validation = next(validations, lambda recipe, source: None)(recipe, source) if model.phases else None
    return tuple(
        Stage(
            phase.name,
            getattr(recipe, phase.epochs),
            _builder(config, source, model, phase, number),
            validation if phase.validated else None,
            recipe.n_samples,
            recipe.validate_every,
        )
        for number, phase in enumerate(model.phases)
    )


def _check_output(config, model, number, d_output):
    """Raises UsageError where a model says something else of D's output than the loss of its phase of that number."""
    said = (model.d_output(config.recipe) * len(model.phases))[number]
    played = "score" if d_output is tf.identity else "probability"
    if said != played:
        raise UsageError(
            f"{config.experiment}, model {config.model}, phase {model.phases[number].name}: its loss makes D's output a "
            f"{played} (d_output of gr.losses.Objective), gr.Model's `critic` a {said}: let them agree, "
            f"critic=lambda recipe: {played == 'score'}"
        )


def _builder(config, source, model, phase, number):
    """(the Trainable of the phase before, or None) -> that of a phase."""

    def build(before):
        # The same seed in a second phase would draw its new layers with the very numbers of the first one's.
        tagged = number and not phase.same_start
        seed = int(np.random.SeedSequence([config.seed, number]).generate_state(1)[0]) if tagged else config.seed
        keras.utils.set_random_seed(seed)
        options = {
            "steps_per_epoch": config.recipe.steps_per_epoch,
            "averages": config.recipe.averages if phase.averages else (),
            "jit_compile": config.recipe.jit_compile,
            "tag": number,
        }
        return _trainable(phase, before, config, source, model, options)

    return build


@functools.singledispatch
def _trainable(phase, before, config, source, model, options):
    """The Trainable of a phase, by its kind; `options`: what every kind takes."""
    raise TypeError(f"a phase is a Phase or a Learning, not {phase!r:.60}")


@_trainable.register
def _game(phase: Phase, before, config, source, model, options):
    recipe, spec, number = config.recipe, source.spec, options["tag"]
    with precision.policy(recipe.precision):
        if phase.grow:
            g = phase.grow(recipe, spec, before.generator.network)
        else:
            g = phase.generator(recipe, spec)
        d = phase.discriminator(recipe, spec)
    if phase.initialise:
        phase.initialise(g, d, source, recipe)
    rules = phase.game(recipe, spec)
    if isinstance(recipe, GameTricks):
        rules = tricks.played(rules, recipe, spec, d)
    rules = dataclasses.replace(rules, loss=unrolled.unroll(rules.loss, rules.unroll))
    _check_output(config, model, number, rules.loss.d_output)
    of_g, of_d = rules.optimizers
    return game.AdversarialGame(
        game.Player(g, of_g, rules.loss.generator),
        game.Player(d, of_d, rules.loss.discriminator, rules.constraint, rules.constrain_first),
        model.prior(recipe),
        source,
        rules.schedule,
        recipe.batch_size,
        config.seed,
        d_output=rules.loss.d_output,
        d_head=rules.d_head,
        transform=rules.transform,
        generator_labels=rules.generator_labels,
        d_features=rules.d_features,
        g_dropout=rules.g_dropout,
        replay=rules.replay,
        sampler=phase.generator(recipe, spec),
        **options,
    )


@_trainable.register
def _learner(phase: Learning, before, config, source, model, options):
    recipe, spec = config.recipe, source.spec
    with precision.policy(recipe.precision):
        network = phase.network(recipe, spec)
    if phase.initialise:
        phase.initialise(network, source)
    if phase.grow:
        phase.grow(network, before.network)
    return learner.Learner(
        network,
        phase.rule(recipe, spec),
        model.prior(recipe),
        source,
        recipe.batch_size,
        config.seed,
        sampler=phase.network(recipe, spec),
        **options,
    )
