"""What happens beside the training: the progress line, grids of samples, TensorBoard. All are Keras callbacks.

An exact resume depends on checkpoints, metrics.csv and validation: the loop does those itself (trainer.py).
"""

import importlib.util
import sys
import time

import keras
import numpy as np

from gan_repro.figures import densities, grids, points
from gan_repro.latent import sampling
from gan_repro.system.errors import UserError
from gan_repro.system.numbers import duration

# What the loop tells of a step besides metrics; "validating": seconds of the validations to come
_OF_STEP = ("step", "total", "probabilities", "steps_per_second", "validating")
TIMED = 20  # steps, at least, by which a training is timed
LONG = 60.0  # seconds: of a shorter training nothing is said beforehand


class ProgressLine(keras.callbacks.Callback):
    """One live line: epoch, steps per second, time left, the metrics of the Trainable, validation.

    Of a game these are both losses, D(x) and D(G(z)), or a critic's f(x) and f(G(z)).

    The time left has the validations to come, each as long as the last one was, and the evaluation where `evaluation` says
    how long that takes; the line then says so. On a terminal the line is rewritten in place; into a file or pipe a line goes
    out every `interval` seconds.

    Args:
      stream: where it goes; None: sys.stdout.
      interval: seconds.
      evaluation: seconds of the evaluation that follows the training; None: not known.
      estimate: whether a line says how long it all takes, once TIMED steps are timed.
    """

    def __init__(self, stream=None, interval=30.0, evaluation=None, estimate=False):
        super().__init__()
        self.evaluation, self.estimate = evaluation, estimate
        self._first = (0.0, 0)  # (time, step) behind the first call, which traces
        self.stream = stream or sys.stdout
        self.interval = interval
        self.live = self.stream.isatty()
        self.epoch = 0
        self.validation = ""
        self._shown = -float("inf")
        self._width = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the epoch."""
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        """Shows the line, if it is time."""
        now = time.monotonic()
        if "steps_per_second" not in logs:
            self._first = now, logs["step"]
            return  # the first call: it has traced the step, and says nothing of the speed
        if self.estimate:
            self._tell(now, logs)
        if now - self._shown < (0.2 if self.live else self.interval):
            return
        self._shown = now
        left = (logs["total"] - logs["step"]) / max(logs["steps_per_second"], 1e-9) + logs.get("validating", 0.0)
        until = "left" if self.evaluation is None else "left with the evaluation"
        d = "D" if logs["probabilities"] else "f"  # a critic's readings are scores
        names = {"d_loss": "D loss", "g_loss": "G loss", "d_real": f"{d}(x)", "d_generated": f"{d}(G(z))"}
        own = {name: name.replace("_", " ") for name in logs if name not in names and name not in _OF_STEP and "/" not in name}
        readings = "  ".join(f"{title} {logs[name]:.3f}" for name, title in (names | own).items() if name in logs)
        self._show(
            f"epoch {self.epoch}  step {logs['step']:,.0f}/{logs['total']:,.0f}  {logs['steps_per_second']:.1f} steps/s  "
            f"{duration(left + (self.evaluation or 0.0))} {until}  {readings}{self.validation}",
            end=not self.live,
        )

    def _tell(self, now, logs):
        """Says how long it all takes, as soon as enough steps are timed; of a short training nothing."""
        then, step = self._first
        played = logs["step"] - step
        if played < TIMED:
            return
        self.estimate = False
        left = (logs["total"] - logs["step"]) * (now - then) / played + logs.get("validating", 0.0)
        if left >= LONG:
            rest = "" if self.evaluation is None else f", {duration(left + self.evaluation)} with the evaluation"
            text = f"about {duration(left)} of training to come{rest}, by {played:,.0f} steps timed here"
            self._show(f"{text}\n" if self.live else text, end=not self.live)
            self._width = 0

    def on_epoch_end(self, epoch, logs=None):
        """Remembers the newest validation for the line."""
        if logs and "validation_last" in logs:
            self.validation = f"  validation {logs['validation_last']:.1f}"

    def on_train_end(self, logs=None):
        """Ends the live line."""
        if self.live and self._width:
            self.stream.write("\n")
            self.stream.flush()

    def _show(self, text, end):
        if end:
            self.stream.write(text + "\n")
        else:
            self.stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        self.stream.flush()


class SampleGrid(keras.callbacks.Callback):
    """Draws the same z every few epochs: samples/epoch-00005.png, a 10 x 10 grid; or many points in front of real ones.

    A conditional generator draws a row for each of the first ten classes, or points of all classes. Of points in the plane
    there is epoch-00005.npz beside the picture, a figures.densities.Moment, and one of the beginning, epoch-00000.npz.

    Args:
      loop: training.trainer.Loop.
      folder: where the pictures go.
      every: epochs between pictures.
      spec: data.source.Spec, for the shape, the range of the pixels and the caption.
    """

    def __init__(self, loop, folder, every, spec):
        super().__init__()
        self.loop, self.folder, self.every, self.spec = loop, folder, every, spec

    def on_train_begin(self, logs=None):
        """Keeps points in the plane of a training that begins."""
        if self.loop.step() == 0 and densities.in_plane(self.spec.shape):
            self._keep(self._path(0), self._points()[0])

    def on_epoch_end(self, epoch, logs=None):
        """Draws the picture, if it is time."""
        played = epoch + 1
        if played % self.every:
            return
        trainable = self.loop.trainable
        path, title = self._path(played), f"{self.spec.title}: epoch {played}"
        if points.are(self.spec.shape):
            samples, labels = self._points()
            points.cloud(path, samples, points.real_of(trainable.source), labels, title)
            if densities.in_plane(self.spec.shape):
                self._keep(path, samples)
        else:
            labels = np.repeat(np.arange(10) % self.spec.classes, 10) if self._conditional() else None
            images = trainable.sample(100, self.loop.seed, labels)
            grids.sample_grid(path, images, 10, 10, title, *self.spec.scaling.shown(images))

    def _path(self, played):
        prefix = f"{self.loop.stage().name}-" if len(self.loop.stages) > 1 else ""
        return self.folder / f"{prefix}epoch-{played:05d}.png"

    def _conditional(self):
        return len(self.loop.trainable.sampler.inputs) > 1

    def _points(self):
        """(points.SHOWN samples, their labels or None)."""
        labels = sampling.balanced_labels(points.SHOWN, self.spec.classes) if self._conditional() else None
        return self.loop.trainable.sample(points.SHOWN, self.loop.seed, labels), labels

    def _keep(self, path, samples):
        densities.taken(self.loop.step(), samples).write(path.with_suffix(".npz"))


class TensorBoard(keras.callbacks.Callback):
    """Writes each epoch's metrics for TensorBoard.

    Not keras.callbacks.TensorBoard: that one wants a compiled keras.Model and counts its own steps from 0 on resume.

    Raises:
      UserError: TensorBoard is not installed.
    """

    def __init__(self, loop, folder):
        super().__init__()
        if importlib.util.find_spec("tensorboard") is None:
            raise UserError('--tensorboard needs TensorBoard: pip install "gan_repro[tensorboard]"')
        self.loop, self.folder, self.writer = loop, folder, None

    def on_epoch_end(self, epoch, logs=None):
        """Writes one point per metric, at the step reached."""
        import tensorflow as tf

        if self.writer is None:
            self.writer = tf.summary.create_file_writer(str(self.folder))
        with self.writer.as_default(step=self.loop.step()):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, value)
        self.writer.flush()
