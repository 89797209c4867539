"""The loop: calls of the step, epochs, validation, checkpoints, exact resume. It drives any Trainable."""

import itertools
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_repro.networks import weights
from gan_repro.system.errors import RunError
from gan_repro.system.signals import Interrupted, signals_noted
from gan_repro.training import monitors
from gan_repro.training.history import means
from gan_repro.training.progress import MetricsFile, Progress
from gan_repro.training.stages import Stage, Trainable

CALL_SECONDS = 1.0  # how long a call of the step should last: long enough to be free, short enough to be interrupted
LONGEST_CALL = 5000  # minibatches: bounds what a call returns where they take microseconds
CHECKPOINT_SECONDS = 60.0  # between checkpoints inside an epoch
CHECKPOINT_SHARE = 0.05  # of the time may go into those: a gigabyte is not written every minute
MANY_ROWS = 1000  # of metrics.csv; with more of them that share counts for the checkpoints at epochs' ends, too
LOG_EVERY = 100  # minibatches averaged in a row of metrics.csv
_BEST = "best/"  # in a checkpoint, before the weights of the best generator


class Loop:
    """Trains the stages of a run in its folder, from the beginning or from where it was left.

    Args:
      stages: sequence of Stage.
      workdir: workdir.Workdir, locked by the caller.
      seed: the run's seed; validation draws its samples from it.
      callbacks: Keras callbacks; more may be added to the attribute of that name before `run`. Their `on_epoch_end` gets
        the epoch's mean metrics and its validations.
      warn: called with a line of text.
    """

    def __init__(self, stages: Sequence[Stage], workdir, seed: int, callbacks=(), warn=print) -> None:
        self.stages, self.workdir, self.seed, self.warn = stages, workdir, seed, warn
        self.callbacks = list(callbacks)
        self.progress = Progress()
        self.trainable: Trainable  # of the current stage, once `run` or `restore` has built it
        self._metrics = MetricsFile(workdir.metrics)
        self._best: list[np.ndarray] | None = None
        self.resumed_at = 0
        self.on_resume = lambda step, total: None
        self._told: Any = None  # keras.callbacks.CallbackList, while it runs
        self._saved_at = self._clock = time.monotonic()
        self._save_seconds = 0.0
        self._steps_per_second: float | None = None
        self._validation_seconds = 0.0  # of the last one
        self._calls = 0

    # ---- from outside --------------------------------------------------------------------------------------------

    def run(self):
        """Trains to the end of the last stage; returns its Trainable.

        One that begins, at step 0, clears away what an earlier training left in the folder (workdir.PRODUCTS).

        Raises:
          Interrupted: SIGINT or SIGTERM came; a checkpoint was written.
          RunError: more is played already than the stage's epochs; a loss or a weight became NaN or infinite, or a file
            could not be written: the last good checkpoint stands.
          UsageError: as the Trainable's `prepare`.
        """
        import keras

        self._told = keras.callbacks.CallbackList(self.callbacks, add_history=False, add_progbar=False)
        with signals_noted() as noted:
            self._resume()
            if not self.finished():
                for told in (self.workdir.record, self.workdir.details):  # they will speak of weights that are no more
                    told.unlink(missing_ok=True)
            self._clock = time.monotonic()
            self._told.on_train_begin()
            try:
                while True:
                    self._train_stage(self.stage(), noted)
                    if self.in_last_stage():
                        break
                    self._next_stage()
            finally:
                self._told.on_train_end()
            self.export()
            if noted:
                raise Interrupted(noted[0])
        return self.trainable

    def step(self):
        """Minibatches played since the run began, over all stages."""
        return self.progress.before + self.trainable.step

    def total_steps(self):
        """Minibatches of the whole run, all stages; those to come are taken to have the current one's number in an epoch."""
        stages = self.stages[self.progress.stage :]
        return self.progress.before + sum(stage.epochs * self.trainable.steps_per_epoch for stage in stages)

    def epochs(self):
        """Epochs played, over all stages: an int where the last one is whole, else down to thousandths, to be shown."""
        whole, steps = divmod(self.trainable.step, self.trainable.steps_per_epoch)
        whole += self.epochs_before()
        return round(whole + math.floor(1000 * steps / self.trainable.steps_per_epoch) / 1000, 3) if steps else whole

    def epochs_before(self):
        """Epochs of the stages before the current one: an int."""
        return sum(stage.epochs for stage in self.stages[: self.progress.stage])

    def stage(self):
        """The current Stage."""
        return self.stages[self.progress.stage]

    def in_last_stage(self):
        """Whether the current stage is the last one: the one whose generator a run is about."""
        return self.progress.stage + 1 == len(self.stages)

    def finished(self):
        """Whether the last stage was played to its end."""
        return self.in_last_stage() and self.trainable.step >= self._end()

    def export(self):
        """Writes the weights of every generator that the last stage has, best, last and averages, and of the other networks."""
        if not self.in_last_stage():
            return  # of another architecture than the generator that the run is about
        for kind in self.trainable.kinds():
            self._write(self.trainable.weights(kind), self.workdir.weights(kind))
        for name, network in self.trainable.others().items():
            self._write(network, self.workdir.network(name))
        self._write_best()

    def restore(self, warn=None):
        """Builds the stage that the newest whole checkpoint belongs to and gives it that state. False: no checkpoint.

        `warn`, else the Loop's, is called with a line for each damaged one.

        Raises:
          RunError: the checkpoint does not fit what the configuration builds.
        """
        found = self.workdir.load_checkpoint(warn or self.warn)
        if found is None:
            return False
        arrays, notes = found
        try:
            self.progress = Progress(**notes)
        except TypeError as error:
            raise RunError(f"the checkpoint in {self.workdir.checkpoints} is of another version: {error}") from error
        self._build_to(self.progress.stage)
        best = [arrays.pop(name) for name in sorted(arrays) if name.startswith(_BEST)]
        self._best = best or None
        state = self.trainable.state()
        there, now = ({name: tuple(array.shape) for name, array in each.items()} for each in (arrays, state))
        if there != now:
            name = next(name for name in sorted(there | now) if there.get(name) != now.get(name))
            shapes = [each.get(name, "nothing") for each in (there, now)]
            raise RunError(
                f"the checkpoint in {self.workdir.checkpoints} does not fit this configuration's networks: {name} is "
                f"{shapes[0]} there, {shapes[1]} now; choose another --workdir"
            )
        for name, variable in state.items():
            variable.assign(arrays[name])
        self.trainable.restored()
        self._forget_last_chance()
        return True

    # ---- inside --------------------------------------------------------------------------------------------------

    def _end(self):
        """Minibatches of the whole current stage."""
        return self.stage().epochs * self.trainable.steps_per_epoch

    def _build_to(self, stage):
        # A later stage may take networks of the one before it: they are built in turn, and its checkpoint overwrites.
        built = self.stages[0].build(None)
        for each in self.stages[1 : stage + 1]:
            built = each.build(built)
        self.trainable = built

    def _resume(self):
        if self.restore():
            if self.trainable.step > self._end():
                raise RunError(
                    f"{self.epochs()} epochs are played already in {self.workdir.path}: ask for more with --epochs, or for "
                    "the record of what there is with gan_repro.evaluate"
                )
            self.resumed_at = self.step()
            if self.trainable.step < self._end():
                self.trainable.prepare()
            self._write_best()  # a killed process may have left a later one, which will come again
            self.on_resume(self.step(), self.total_steps())
        else:
            self._build_to(0)
            self.trainable.prepare()
            self.workdir.clear()
        self._write_metrics()

    def _write_metrics(self):
        validated = any(stage.validate is not None for stage in self.stages)
        kinds = [f"validation_{kind}" for kind in self.trainable.kinds()] if validated else []
        self._metrics.write(self.progress.rows, self.trainable.metrics, kinds)

    def _forget_last_chance(self):
        """Takes back the validation at the end of a shorter run that goes on: with more epochs it would not have been."""
        best, trainable, stage = self.progress.best, self.trainable, self.stage()
        if best is None or best["epoch"] % stage.validate_every == 0 or trainable.step >= self._end():
            return
        row = self.progress.rows[-1]
        for name in [name for name in row if name.startswith("validation_")]:
            del row[name]
        self.progress.best = self._best = None

    def _next_stage(self):
        following = self.stages[self.progress.stage + 1].build(self.trainable)
        following.prepare()
        self.progress.before += self.trainable.step
        self.progress.stage += 1
        self.progress.best = self._best = None
        self.workdir.weights("best").unlink(missing_ok=True)  # of another generator than the one to come
        self.trainable = following
        self._write_metrics()  # the columns are the new stage's
        self._save()

    def _train_stage(self, stage, noted):
        trainable = self.trainable
        end = self._end()
        told = None
        while trainable.step < end:
            epoch, within = divmod(trainable.step, trainable.steps_per_epoch)
            if told != epoch:
                told = epoch
                self._told.on_epoch_begin(epoch)
            self._call(trainable, within)
            if trainable.step % trainable.steps_per_epoch == 0:
                self._end_epoch(stage, epoch)
                if trainable.step == end or self._worth_saving():
                    self._save()
            elif time.monotonic() - self._saved_at > max(CHECKPOINT_SECONDS, self._save_seconds / CHECKPOINT_SHARE):
                self._save()
            if noted:
                self._save()
                self.export()
                raise Interrupted(noted[0])

    def _worth_saving(self):
        """Whether an epoch's end is to be saved: always, but for runs of thousands of short epochs.

        A checkpoint holds all rows: written after each of them, their time would grow with the square.
        """
        since = time.monotonic() - self._saved_at
        return len(self.progress.rows) <= MANY_ROWS or since > self._save_seconds / CHECKPOINT_SHARE

    def _call(self, trainable, within):
        """One call of the step: about CALL_SECONDS, not beyond the end of the epoch."""
        wanted = 1 if self._steps_per_second is None else int(self._steps_per_second * CALL_SECONDS)
        n = max(1, min(wanted, trainable.steps_per_epoch - within, LONGEST_CALL))
        start, first = time.monotonic(), self.step()
        metrics = trainable.steps(n)
        seconds = time.monotonic() - start
        if self._calls > 0:  # the first call traces and compiles
            last = self._steps_per_second or n / seconds
            self._steps_per_second = last + 0.5 * (n / seconds - last)
        self._calls += 1
        self._check_finite(metrics, first)
        metrics = {name: metrics[name] for name in trainable.metrics}
        self._add_rows(metrics, within, first)
        logs = {name: float(values.mean()) for name, values in metrics.items() if values.count()}
        logs |= {"step": self.step(), "total": self.total_steps(), "probabilities": self.trainable.probabilities}
        logs["validating"] = self._validation_seconds * self._validations_left()
        if self._steps_per_second:
            logs["steps_per_second"] = self._steps_per_second
        self._told.on_train_batch_end(trainable.step - 1, logs)

    def _add_rows(self, metrics, within, first):
        """Parts a call's metrics into rows of LOG_EVERY minibatches, counted from the beginning of the epoch."""
        n, length = len(next(iter(metrics.values()))), self.trainable.steps_per_epoch
        at = 0
        while at < n:
            end = min(n, at + LOG_EVERY - (within + at) % LOG_EVERY)
            for name, values in metrics.items():
                self.progress.pending.setdefault(name, []).extend(values[at:end].tolist())
            played = within + end
            if played % LOG_EVERY == 0 or played == length:
                row = self._finish_row(first + end)
                if played < length:  # the last row of an epoch waits for its validation
                    self._metrics.append(row)
            at = end

    def _check_finite(self, metrics, first):
        """Raises RunError at the first minibatch with a metric that is not finite."""
        bad = {
            name: int(np.argmin(finite))
            for name, values in metrics.items()
            if not (finite := np.isfinite(values.filled(0.0))).all()
        }
        if bad:
            name = min(bad, key=lambda name: bad[name])  # of several at one step the first metric: a loss before its gradient
            at = bad[name]
            raise RunError(f"{name} became {float(metrics[name][at])} at step {first + at + 1}; {self._advice()}")

    def _advice(self):
        return (
            f"the last good checkpoint is in {self.workdir.checkpoints}, and going on from it does the same again. A lower "
            "learning rate (--set; `--dry_run` shows the recipe's fields), float32 precision or another seed may help: start "
            "afresh in another --workdir."
        )

    def _arrays(self):
        """{name: array}: the Trainable's state, all finite; else RunError."""
        arrays = {name: variable.numpy() for name, variable in self.trainable.state().items()}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise RunError(f"{name} is not finite after step {self.step()}; {self._advice()}")
        return arrays

    def _finish_row(self, step):
        pending, self.progress.pending = self.progress.pending, {}
        epoch = (step - self.progress.before) / self.trainable.steps_per_epoch
        row = {"stage": self.stage().name, "epoch": epoch, "step": step}
        for name, values in pending.items():
            moved = [value for value in values if value is not None]
            row[name] = float(np.mean(moved)) if moved else None
        self.progress.rows.append(row)
        return row

    def _end_epoch(self, stage, epoch):
        """Validation, best generator, the epoch's last row, callbacks."""
        self._arrays()  # NaN is noticed before it is validated or drawn
        played = epoch + 1
        own = itertools.takewhile(lambda row: row["stage"] == stage.name and row["epoch"] > epoch, reversed(self.progress.rows))
        rows = list(own)[::-1]
        names = [name for name in rows[-1] if name not in ("stage", "epoch", "step")]
        logs = means(rows, names, self.progress.before + epoch * self.trainable.steps_per_epoch)
        last_chance = played == stage.epochs and self.progress.best is None
        if stage.validate is not None and (played % stage.validate_every == 0 or last_chance):
            logs |= self._validate(stage, played)
        self._watch(played, logs)
        self._metrics.append(self.progress.rows[-1])
        self._told.on_epoch_end(epoch, {name: value for name, value in logs.items() if value is not None})

    def _watch(self, played, logs):
        """Measures the generator's diversity, and says what monitors.py notices in an epoch."""
        logs["diversity"] = self.progress.rows[-1]["diversity"] = monitors.diversity(*self.trainable.monitor_batch())
        epoch = played + self.epochs_before()
        spread = played > monitors.GRACE_EPOCHS or any(
            (row.get("diversity") or 0) >= monitors.COLLAPSED for row in self.progress.rows if row["stage"] == self.stage().name
        )
        found = monitors.find_problems(logs, self.trainable.probabilities, spread)
        for line in monitors.record_problems(self.progress.notices, epoch, found):
            self.warn(line)

    def _validate(self, stage, played):
        values, start = {}, time.monotonic()
        for kind in self.trainable.kinds():
            images = self.trainable.sample(stage.validation_samples, self.seed, kind=kind)
            values[f"validation_{kind}"] = float(stage.validate(images))
        self._validation_seconds = time.monotonic() - start
        self.progress.rows[-1].update(values)
        best, value = self.progress.best, values["validation_last"]
        if best is None or value > best["value"]:
            self.progress.best = {"value": value, "epoch": played}
            self._best = [weight.numpy() for weight in self.trainable.weights("last").weights]
            self._write_best()
        return values

    def _validations_left(self):
        """How many are to come, in this stage and those behind it."""
        stages = self.stages[self.progress.stage :]
        # At the end of an epoch its own is still to come.
        played = [(self.trainable.step - 1) // self.trainable.steps_per_epoch, *[0] * (len(stages) - 1)]
        pairs = [(stage, done) for stage, done in zip(stages, played) if stage.validate is not None]
        return sum(stage.epochs // stage.validate_every - done // stage.validate_every for stage, done in pairs)

    def _write_best(self):
        if self._best is not None:
            network = self.trainable.weights("last")
            network.set_weights(self._best)
            self._write(network, self.workdir.weights("best"))
        else:  # one that is there is of steps, or of a training, that are no more
            self.workdir.weights("best").unlink(missing_ok=True)

    def _write(self, network, path):
        """Writes a file of weights; says so where it takes the place of a damaged one."""
        if path.is_file():
            try:
                weights.check(path)
            except RunError as error:
                self.warn(f"{error}; it is written anew")
        weights.write(network, path)

    def _save(self):
        arrays = self._arrays()
        now = time.monotonic()
        self.progress.seconds += now - self._clock
        self._saved_at = self._clock = now
        best = {f"{_BEST}{i:03d}": array for i, array in enumerate(self._best or ())}
        self.workdir.save_checkpoint(self.step(), arrays | best, vars(self.progress))
        self._save_seconds = time.monotonic() - now
