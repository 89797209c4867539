"""The two players of a game, and what a term of their losses sees of one update."""

import copy
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from gan_repro.networks import layers
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError
from gan_repro.training import losses

ROLES = ("discriminator", "generator")
OUTPUT, FEATURES = "output", "features"  # heads of a D whose features are looked at (`with_features`)
_LABELS = 1  # of the prior's stream, behind the number of the update: labels for G; z uses that stream without it


@dataclasses.dataclass(frozen=True)
class Player:
    """A network and how it learns.

    Attributes:
      network: Keras model. G: z, or [z, labels], to images; D: images, or [images, labels], to logits (m, 1) or to a
        dict of heads.
      optimizer: a Keras optimizer of its own, built by the game.
      terms: the player's loss.
      constraint: applied to every trainable weight after an update (WeightClip), or None. A constraint of one kernel
        (MaxColumnNorm) belongs to its layer, where Keras applies it after the update as well.
      constrain_first: `constraint` is applied before each of the player's updates, and not after it: the other player then
        plays against weights that may lie a step outside (WassersteinGAN:main.py).
    """

    network: keras.Model
    optimizer: keras.optimizers.Optimizer
    terms: tuple[losses.Term, ...]
    constraint: Callable | None = None
    constrain_first: bool = False


class StepContext:
    """What a term sees of one update: tensors of this replica's part of the minibatch, computed when first asked for.

    Attributes:
      x: real images float32 (m, h, w, c); labels: theirs, int32 (m,).
      z: float32 (m, size); generated_labels: int32 (m,), what G is conditioned on; samples: G(z), float32 (m, h, w, c).
      step: int64 scalar: minibatches played before this one.
    """

    def __init__(self, game, x, labels, z, generated_labels, step, move, still=False):
        """`game`: the AdversarialGame; `move`: the number of the update on this minibatch, of which its seeds are made.

        `still`: whether D's dropout and noise do nothing (AdversarialGame, g_dropout).
        """
        self._still = still
        self.x, self.labels, self.step = x, labels, step
        self.z, self.generated_labels = z, generated_labels
        self._game, self._move, self._draws = game, move, itertools.count(1)
        self._outputs: dict[str, Any] = {}
        self._made: dict[Any, Any] = {}
        self._weights: list[tf.Tensor] | None = None  # of D, where it is another one than the game's
        network = game.generator.network
        with randomness.network_call(self.seed(randomness.NETWORK)):
            self.samples = tf.cast(network(game.inputs(network, z, generated_labels), training=True), tf.float32)

    @property
    def d_real(self) -> tf.Tensor:
        """D's output on the real images, (m, 1); of a D with heads that head which the game monitors."""
        return self.head(None, "real")

    @property
    def d_generated(self) -> tf.Tensor:
        """As `d_real`, on the generated images. Two passes: with batch norm one would be another model."""
        return self.head(None, "generated")

    @property
    def departures(self) -> tuple[str, ...]:
        """What makes D's own update another than that of its terms on this minibatch alone, in words."""
        found = {
            "the discriminator sees old samples, too (replay)": self._game.replay is not None,
            "the discriminator's dropout is off in G's updates (g_dropout = false)": self._still,
            "real and generated images go through the discriminator in one batch (one_batch)": self._game.schedule.one_batch,
        }
        return tuple(what for what, so in found.items() if so)

    def check_apart(self, what: str) -> None:
        """Raises UsageError where D's output for one image depends on the other images of the minibatch; `what` needs that."""
        for layer in self._game.discriminator.network.layers:
            if isinstance(layer, keras.layers.BatchNormalization) or getattr(layer, "mixes_examples", False):
                raise UsageError(
                    f"{what} is of each image's own gradient, and the discriminator's layer {layer.name} "
                    f"({type(layer).__name__}) lets its output depend on the other images; take another norm, or none"
                )

    def head(self, name: str | None, which: str) -> tf.Tensor:
        """A head of D's output on the "real" or the "generated" images; all its heads come from one pass.

        Args:
          name: of the head; None: D's output, or the head that the game monitors.
          which: "real" or "generated".

        Raises:
          UsageError: D has no such head, or `which` is neither.
        """
        if which not in ("real", "generated"):
            raise UsageError(f"images {which!r}: valid are real, generated")
        if which not in self._outputs:
            given = (self.x, self.labels) if which == "real" else (self.samples, self.generated_labels)
            self._outputs[which] = self.discriminate(*given)
        return self.pick(self._outputs[which], name)

    def join(self) -> None:
        """Makes D's outputs on real and on generated images by one pass over both (UpdateSchedule.one_batch)."""
        both, labels = (tf.concat(pair, 0) for pair in ((self.x, self.samples), (self.labels, self.generated_labels)))
        output, m = self.discriminate(both, labels), self.x.shape[0]
        self._outputs["real"] = tf.nest.map_structure(lambda tensor: tensor[:m], output)
        self._outputs["generated"] = tf.nest.map_structure(lambda tensor: tensor[m:], output)

    def recall(self, replay) -> None:
        """Puts old samples in the place of some of these (replay.Replay), of which no gradient goes to G."""
        self.samples, self.generated_labels = replay.mixed(self.samples, self.generated_labels, self.seed())

    def features(self, which: str) -> tf.Tensor:
        """What D's layer `d_features` of the game gives on the "real" or the "generated" images, float32 (m, ...).

        Raises:
          UsageError: the game names no such layer.
        """
        if self._game.d_features is None:
            raise UsageError("features of D: say of which of its layers, AdversarialGame(..., d_features=NAME)")
        return tf.cast(self.head(FEATURES, which), tf.float32)

    def pick(self, output: tf.Tensor | dict[str, tf.Tensor], name: str | None = None) -> tf.Tensor:
        """A head of what `discriminate` gave; `name` as of `head`.

        Raises:
          UsageError: D has no such head, or several and neither `name` nor the game says which.
        """
        name = name or self._game.d_head
        if isinstance(output, dict):
            if name is None and len(output) == 1:
                return next(iter(output.values()))
            if name in output:
                return output[name]
            wrong = "say which one is monitored, AdversarialGame(..., d_head=NAME)" if name is None else f"{name!r} is none"
            raise UsageError(f"the discriminator has the heads {', '.join(output)}: {wrong}")
        if isinstance(output, (list, tuple)):
            raise UsageError("the discriminator gives a list: its heads need names, keras.Model(..., {NAME: tensor, ...})")
        if name is not None:
            raise UsageError(f"the discriminator has no heads, and none called {name!r}")
        return output

    def discriminate(self, images: tf.Tensor, labels=None, weights=None, training: bool = True):
        """Applies D again, with dropout masks of its own: at other inputs (gradient penalty), with other weights.

        D sees the images through the game's `transform`, if it has one.

        Args:
          images: (m, h, w, c).
          labels: int32 (m,); None: those of the minibatch.
          weights: values for D's trainable variables, in their order; None: its own, or those of `against`.
          training: whether D is in training mode: dropout is on, and batch norm takes the minibatch's statistics.

        Returns:
          what D gives: a tensor, or {head: tensor} (see `pick`).

        Raises:
          UsageError: the transform changes the images' shape.
        """
        network = self._game.d_network
        weights = self._weights if weights is None else weights
        inputs = self._game.inputs(network, self._transformed(images), self.labels if labels is None else labels)
        with randomness.network_call(self.seed(randomness.NETWORK), still=self._still):
            if weights is None:
                return network(inputs, training=training)
            fixed = [variable.value for variable in network.non_trainable_variables]
            return network.stateless_call(weights, fixed, inputs, training=training)[0]

    def _transformed(self, images):
        transform = self._game.transform
        if transform is None:
            return images
        seen = tf.convert_to_tensor(transform(images, self))
        if not images.shape.is_compatible_with(seen.shape):
            raise UsageError(f"transform: it makes images of shape {seen.shape} of those of shape {images.shape}")
        return seen

    def against(self, weights: Sequence[tf.Tensor]) -> Self:
        """This minibatch with the same samples, before a D with other weights: all that is asked of it is that D's.

        Neither these passes nor what terms make of them touch the D of the game: batch norm's moving statistics stay.
        Random numbers go on from this context's, so that no two of them draw the same.

        Args:
          weights: values for D's trainable variables, in their order.
        """
        other = copy.copy(self)
        other._outputs, other._made, other._weights = {}, {}, list(weights)
        return other

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made when it is first asked for under this key: what several terms of an update share."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def trainable(self, role: str) -> list[tf.Tensor]:
        """The trainable variables of "generator" or "discriminator", tensors. Raises UsageError: no such player."""
        if role == "discriminator" and self._weights is not None:
            return self._weights
        return [tf.convert_to_tensor(variable) for variable in self.player(role).network.trainable_variables]

    def optimizer(self, role: str) -> keras.optimizers.Optimizer:
        """The optimizer of "generator" or "discriminator": its learning rate and moments, to be read.

        Raises:
          UsageError: there is no such player.
        """
        return self.player(role).optimizer

    def player(self, role: str) -> Player:
        """The "generator" or "discriminator": its network, optimizer, loss and constraint, to be read (unrolled GAN).

        Raises:
          UsageError: there is no such player.
        """
        if role not in ROLES:
            raise UsageError(f"player {role!r}: valid are {', '.join(ROLES)}")
        return getattr(self._game, role)

    def seed(self, stream: int = randomness.TERM) -> tf.Tensor:
        """A fresh int32 (2,) seed for a stateless draw, a function of (seed, step, replica, order of the calls)."""
        return self._game.seed_of(self.step, stream, self._move, next(self._draws), replica())


def with_features(network: keras.Model, layer: str) -> keras.Model:
    """D with one more head, FEATURES: the output of one of its layers. The same weights; a single output becomes OUTPUT.

    Raises:
      UsageError: D has no layer of that name.
    """
    names = [each.name for each in network.layers]
    if layer not in names:
        raise UsageError(f"d_features {layer!r}: the discriminator's layers are {', '.join(names)}")
    heads = network.output if isinstance(network.output, dict) else {OUTPUT: network.output}
    inputs = network.inputs if len(network.inputs) > 1 else network.inputs[0]
    found = keras.Model(inputs, heads | {FEATURES: network.get_layer(layer).output}, name=network.name)
    pairs = zip(found.trainable_variables, network.trainable_variables)
    if any(ours is not theirs for ours, theirs in pairs):  # their order is that in which `discriminate` takes weights
        raise UsageError(f"d_features {layer!r}: with it the discriminator's weights come in another order; name another layer")
    return found


def check_still(network: keras.Model, schedule) -> None:
    """Raises UsageError where D's dropout cannot be off in G's updates: there is none, or one pass serves both players."""
    if not any(isinstance(layer, (layers.Dropout, layers.GaussianNoise)) for layer in network.layers):
        raise UsageError("g_dropout = false: the discriminator has neither dropout nor noise that could be off in G's updates")
    if schedule.one_pass:
        raise UsageError(
            "g_dropout = false: in a simultaneous schedule one pass of D serves both players, so its dropout cannot be on for "
            "one and off for the other; let D move first (alternating)"
        )


def replica() -> tf.Tensor:
    """The number of the replica that runs this code, int32 scalar."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def latent_of(game, step: tf.Tensor, move: int, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What G makes samples of in an update: (z float32 (m, size), labels int32 (m,)), this replica's part.

    Drawn for the whole minibatch, of which a replica takes its part: no two ever draw the same, and together they draw what
    one device would.

    Args:
      game: AdversarialGame.
      step: int64 scalar.
      move: the number of the update on this minibatch.
      labels: this replica's part of the minibatch's, int32 (m,).
    """
    part = game.batch_size // game.replicas
    z = game.prior.draw(game.batch_size, game.seed_of(step, randomness.PRIOR, move))
    z = tf.slice(z, [replica() * part, 0], [part, game.prior.size])
    if game.generator_labels == "uniform":
        pair = game.seed_of(step, randomness.PRIOR, move, _LABELS)
        classes = game.source.spec.classes
        labels = tf.random.stateless_uniform([game.batch_size], pair, 0, classes, tf.int32, alg="philox")
        if game.replicas > 1:  # a GPU's kernels slice integers on the host, which would wait for them
            labels = tf.slice(labels, [replica() * part], [part])
    return z, labels


def variables_of(terms: Iterable[losses.Term]) -> dict[str, tf.Variable]:
    """{name: variable} of all terms. Raises UsageError where two variables have one name."""
    found: dict[str, tf.Variable] = {}
    for term in terms:
        for name, variable in term.variables.items():
            if found.setdefault(name, variable) is not variable:
                raise UsageError(f"two variables of terms are called {name}, one of them in the term {term.name}: rename it")
    return found


def check_names(role: str, terms: Iterable[losses.Term]) -> None:
    """Raises UsageError where two terms of a player have one name, or a name cannot head a column of metrics.csv."""
    names = [term.name for term in terms]
    for i, name in enumerate(names):
        if not name or set(name) & set(',"\r\n'):
            raise UsageError(f"the loss of the {role} has a term called {name!r}: give it a name without commas and quotes")
        if name in names[:i]:
            raise UsageError(f"the loss of the {role} has two terms called {name}: rename one, losses.Term(name, ...)")


def term_metrics(discriminator: Player, generator: Player) -> tuple[str, ...]:
    """The names of the terms' metrics: "d_loss/NAME" of D's terms in their order, then "g_loss/NAME" of G's."""
    owners = (("d_loss", discriminator), ("g_loss", generator))
    return tuple(f"{loss}/{term.name}" for loss, player in owners for term in player.terms)
