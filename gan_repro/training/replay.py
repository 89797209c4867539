"""Experience replay: a buffer of old samples, of which D sees some in the place of new ones."""

import tensorflow as tf

from gan_repro.system.errors import UsageError


class Replay:
    """The last samples of G. Half of what D's update sees as generated are old, as soon as there are any.

    Half of each update's new samples take the place of the oldest that are kept. So D does not forget what G drew before.
    Source: Shrivastava et al. 2017, "Learning from simulated and unsupervised images through adversarial training", section
    2.3, where random ones are replaced; there the buffer is of refined images.
    """

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        """Args:
        size: how many are kept.
        shape: of an image.
        """
        self.size = size
        self.images = tf.Variable(tf.zeros([size, *shape]), trainable=False, name="replayed_images")
        self.labels = tf.Variable(tf.zeros([size], tf.int32), trainable=False, name="replayed_labels")
        self.kept = tf.Variable(0, dtype=tf.int64, trainable=False, name="replayed")

    def state(self) -> dict[str, tf.Variable]:
        """{name: variable}, for checkpoints."""
        return {"replay/images": self.images, "replay/labels": self.labels, "replay/kept": self.kept}

    def mixed(self, samples: tf.Tensor, labels: tf.Tensor, pair: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Graph code: new samples in front of old ones, as many as there were; and keeps half of the new ones.

        Args:
          samples: float32 (m, h, w, c). labels: int32 (m,), what they were generated for.
          pair: int32 (2,) seed of which old ones come.

        Returns:
          (float32 (m, h, w, c), int32 (m,)): the first m - m // 2 are new. Before the first are kept all are.
        """
        half = samples.shape[0] // 2
        there = tf.minimum(self.kept.read_value(), self.size)
        chosen = tf.random.stateless_uniform([half], pair, 0, tf.maximum(there, 1), tf.int64, alg="philox")
        new = tf.stop_gradient(samples)
        old = tuple(
            tf.where(there > 0, tf.gather(buffer, chosen), fresh[-half:])
            for buffer, fresh in ((self.images, new), (self.labels, labels))
        )
        found = tf.concat([new[:-half], old[0]], 0), tf.concat([labels[:-half], old[1]], 0)
        with tf.control_dependencies(list(found)):
            places = (self.kept.read_value() + tf.range(half, dtype=tf.int64)) % self.size
            self.images.scatter_nd_update(places[:, None], new[:half])
            self.labels.scatter_nd_update(places[:, None], labels[:half])
            self.kept.assign_add(half)
        return found


def of_game(game, size: int) -> Replay:
    """The Replay of an AdversarialGame.

    Raises:
      UsageError: one pass of G serves both players, or its noise does, the buffer is smaller than what one update keeps, a
        minibatch is a single image, or there are several devices.
    """
    schedule, half = game.schedule, game.batch_size // 2
    if schedule.one_pass or not schedule.fresh_noise:
        raise UsageError(
            f"replay = {size}: in this schedule D and G are updated on the same samples, and G learns nothing from old ones; "
            "let D move first, with noise of its own (alternating)"
        )
    if half < 1 or size < half:
        raise UsageError(f"replay = {size}: it must be at least half of batch_size = {game.batch_size}, which is 2 or more")
    if game.replicas > 1:
        raise UsageError(f"replay = {size}: old samples are kept on one device; leave it 0 on {game.replicas}")
    return Replay(size, tuple(game.source.spec.shape))
