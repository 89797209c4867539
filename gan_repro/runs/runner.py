"""A run from its configuration to its record: data, folder, training, evaluation, record, in this order.

TensorFlow is imported only once work begins.
"""

import contextlib
import dataclasses
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gan_repro.evaluation.measurement import Curves
from gan_repro.papers import configuration
from gan_repro.papers.experiment import Experiment
from gan_repro.reporting import costs, finished
from gan_repro.reporting.record import SCHEMA, Choice, Config, Cost, Notice, Record, read
from gan_repro.runs import machines, manifests, precisions
from gan_repro.runs.trained import Finished, load_config
from gan_repro.runs.workdir import Workdir
from gan_repro.system import cluster, files, machine, schema, signals
from gan_repro.system.errors import RunError, StageError, UserError
from gan_repro.system.numbers import duration
from gan_repro.training import history


def default_workdir(config: configuration.Config) -> Path:
    """runs/<experiment>-<dataset>-<model>-<preset>-seed<N>, without the model where it is the data set's own.

    Of npz:PATH and images:FOLDER it has only how the file's name begins.
    """
    kind, _, path = config.dataset.partition(":")
    dataset = f"{kind}-{Path(path).stem[:50]}" if path else kind.replace("/", "-")
    model = [config.model] if config.model != _own_model(config) else []
    return Path("runs") / "-".join([config.experiment, dataset, *model, config.preset, f"seed{config.seed}"])


def _own_model(config):
    """The name of the model that is trained on the data set of a Config where no --model is named."""
    return configuration.find(config.experiment).model_for(config.dataset)


def execute(
    experiment: Experiment,
    config: configuration.Config,
    place: str | Path | None = None,
    data_dir: str | Path | None = None,
    tensorboard: bool = False,
    fallback: configuration.Config | None = None,
    tell: Callable[[str], object] = print,
) -> int:
    """Trains, evaluates and reports one run; continues an unfinished one; shows a finished one.

    Where TF_CONFIG names several machines this process is one of them (cluster.py): the chief does all of this, and the
    others train with it.

    Args:
      experiment, config: what to run.
      place: the run's folder; None: default_workdir.
      data_dir: where data are looked for.
      tensorboard: also write metrics for TensorBoard.
      fallback: the Config to go on with if config's data set cannot be had; None: then that is an error.
      tell: called with the report on the finished run (reporting/finished.py).

    Returns:
      Exit code: 0, or 128 + n where signal n ended the run.

    Raises:
      UserError: data cannot be had, the folder belongs to another configuration, training diverged, ...
    """
    group = cluster.from_environment()
    if group is None:
        return _execute(experiment, config, place, data_dir, tensorboard, fallback, tell)
    machines.check(group, config)
    if not group.is_chief:
        return machines.follow(group, lambda: _load(experiment, config, data_dir, fallback)[:2])
    with machines.leading(group) as chief:
        return _execute(experiment, config, place, data_dir, tensorboard, fallback, tell, chief)


def _execute(experiment, config, place, data_dir, tensorboard, fallback, tell, chief=None):
    """`execute` on one machine, or as the chief (training.workers.Chief) of several."""
    workdir = Workdir(place or default_workdir(config))
    workdir.check_own()
    settled_before = fallback is not None and _holds(workdir, precisions.kept(fallback, workdir))  # then the data decide, below
    config = precisions.kept(config, workdir)
    if not settled_before and _show_finished(workdir, config, tell):
        return 0
    from gan_repro.figures import points
    from gan_repro.system import tensorflow_setup

    scope = contextlib.nullcontext  # on several machines each stage is built in the strategy's own
    if chief is None:
        print("starting TensorFlow ...", flush=True)
        scope = tensorflow_setup.prepare().scope
    source, config, warning = _load(experiment, config, data_dir, fallback)
    if chief:
        chief.greet(machines.about(source, config))
    workdir = Workdir(place or default_workdir(config))
    config = precisions.kept(config, workdir)  # of the fallback, which may have another folder
    code = 0
    if not (warning and _show_finished(workdir, config, tell)):
        with workdir.locked(), _beginning(workdir, config):
            workdir.check(config)
            config = precisions.decided(config, source, scope)
            workers = len(chief.workers.cluster.tasks) if chief else 1
            manifest = manifests.of_training(workdir, config, source, workers, _warn)
            workdir.settle(config)  # only now: a refused continuation leaves the old configuration
            spec = source.spec
            print(": ".join(dict.fromkeys([experiment.short_name, configuration.model_of(config).title])))
            what = "points" if points.are(spec.shape) else f"images of {' x '.join(map(str, spec.shape))}"
            print(f"{spec.title}: {spec.sizes['train']:,} training {what}")
            print(f"folder {workdir.path}")
            expected = _expect(workdir, config, manifest)
            loop = _loop(config, source, workdir, tensorboard, chief, expected)
            options = [f"--workdir={workdir.path}", *([f"--data_dir={data_dir}"] if data_dir else [])]
            options += ["--tensorboard"] if tensorboard else []
            try:
                if loop:
                    _train(loop, scope(), lambda step: manifests.resumed(manifest, workdir, step))
                if chief:
                    chief.end(0)  # evaluating is the chief's alone
                with signals.signals_raised():
                    _record(experiment, config, source, workdir, loop, manifest, True, expected.evaluation, tell)
            except signals.Interrupted as interruption:
                print(f"\nstopped{_reached(loop) if loop else ''}. Continue with:")
                print(f"  {command(config)} {shlex.join(options)}")
                code = 128 + interruption.number
                if chief:
                    chief.end(code)
    if warning:
        print(warning)
    return code


def evaluate_again(place: str | Path, data_dir: str | Path | None = None) -> None:
    """Evaluates the finished or interrupted run in the folder `place`, and rewrites its record.

    Raises:
      RunError: there is no run, nothing of it was trained yet, or it is damaged.
      StageError: it is in a stage before its last one.
    """
    workdir = Workdir(place)
    experiment, config = load_config(workdir)
    workdir.check_own()
    from gan_repro.system import tensorflow_setup

    strategy = tensorflow_setup.prepare()
    with workdir.locked(), _memory_told(config):
        source = configuration.source_of(config, data_dir)
        manifest = manifests.read(workdir, source) or manifests.new(config, source)
        loop, complete = _loop(config, source, workdir), True
        if loop:
            again = f"{command(config)} {shlex.join([f'--workdir={workdir.path}'])}"
            with strategy.scope():
                if not loop.restore(_refuse_earlier(workdir, again)):
                    raise RunError(f"{workdir.path}: nothing was trained yet; run it first")
                if not loop.in_last_stage():
                    raise StageError(
                        f"{workdir.path}: the run is still in its stage {loop.stage().name}; the generator to evaluate is that "
                        f"of the stage {loop.stages[-1].name}. Continue it with: {again}"
                    )
                loop.export()
            complete = loop.finished()
        if changed := manifests.changed(manifest):
            manifest["evaluated_under"] = changed
        _record(experiment, config, source, workdir, loop, manifest, complete)


@contextlib.contextmanager
def _beginning(workdir, config):
    """A run whose networks cannot be built (they do not fit the data, or the memory) leaves nothing behind."""
    try:
        with _memory_told(config):
            yield
    except UserError:
        if not (workdir.begun() or workdir.metrics.exists()):
            workdir.abandon()
        raise


@contextlib.contextmanager
def _memory_told(config):
    """Turns a lack of memory into a RunError that names what the recipe changes, or else what decides."""
    import tensorflow as tf

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        names = [f"{name} = {value}" for name, value in _changes(config)] or ["batch_size", "n_samples"]
        reason = str(getattr(error, "message", error)).partition("\n")[0].rpartition("}} ")[2].partition(" on /job")[0]
        raise RunError(
            f"not enough memory ({reason}); smaller numbers take less, here of {', '.join(names)}, or a smaller --preset"
        ) from error


def _refuse_earlier(workdir, again):
    """What is called instead of a warning where an earlier checkpoint would be taken: the weights would go back to it."""

    def refuse(line):
        first = f"delete {workdir.record} and " if workdir.record.exists() else ""
        raise RunError(f"{line}. To play the steps since then once more, {first}continue the run: {again}")

    return refuse


def _holds(workdir, config):
    """Whether the folder holds a run of this configuration, finished or not."""
    if not workdir.config.exists():
        return False
    try:
        workdir.check(config)
    except RunError:
        return False
    return True


def _show_finished(workdir, config, tell):
    """Whether the folder holds a finished run of `config` with as many epochs or more; if so, its record is shown."""
    if not workdir.record.exists():
        return False
    workdir.check(config)
    try:
        record = read(workdir.record)
    except RunError as error:
        again = shlex.join(["python", "-m", "gan_repro.evaluate", f"--workdir={workdir.path}"])
        raise RunError(f"{error}. It is written anew by: {again}") from error
    played: Any = record.recipe.get("epochs", 0)
    wanted = getattr(config.recipe, "epochs", 0)
    if not record.complete or played < wanted:
        return False
    print(f"finished already ({record.epochs} epochs): {workdir.record}")
    tell(finished.report(configuration.find(config.experiment), record, workdir.path))
    return True


def _load(experiment, config, data_dir, fallback):
    """(source, config, warning): the data, and what was settled for where the default could not be had."""
    from gan_repro.data.source import DatasetUnavailable

    try:
        return configuration.source_of(config, data_dir), config, None
    except DatasetUnavailable as error:
        if fallback is None:
            raise
        warning = (
            f"\nNOTE: {config.dataset} could not be had ({error})\n"
            "This run uses the built-in `glyphs` digits instead. They are NOT MNIST: no number and no picture of it may be\n"
            "read as MNIST's. Everything that it writes is labelled glyphs."
        )
        print(warning, flush=True)
        return configuration.source_of(fallback, data_dir), fallback, warning


def _expect(workdir, config, manifest):
    """Says how long a run that begins will take, as far as records tell; returns costs.Expected."""
    own = None
    if workdir.record.exists():  # of a run that goes on with more epochs
        with contextlib.suppress(RunError):
            own = read(workdir.record, whole=False)
    expected = costs.expected(config, costs.machine_of(manifest), own)
    for line in () if workdir.begun() else expected.lines:
        print(line)
    return expected


def _loop(config, source, workdir, tensorboard=False, chief=None, expected=None):
    """The trainer.Loop of a run; None where its model trains nothing."""
    from gan_repro.training import callbacks, rules, trainer

    stages = rules.stages(config, source)
    if not stages:
        return None
    stages = chief.led(stages) if chief else stages
    loop = trainer.Loop(stages, workdir, config.seed, warn=_warn)
    watch = configuration.model_of(config).callbacks or callbacks.SampleGrid
    line = callbacks.ProgressLine(**({"evaluation": expected.evaluation, "estimate": not expected.here} if expected else {}))
    loop.callbacks += [line, watch(loop, workdir.samples, config.recipe.samples_every, source.spec)]
    if tensorboard:
        loop.callbacks.append(callbacks.TensorBoard(loop, workdir.tensorboard))
    return loop


def _train(loop, scope, resumed):
    """Trains to the end, within a strategy's scope; calls `resumed` with the step from which it goes on, if it does.

    Raises signals.Interrupted as the loop does.
    """

    def on_resume(step, total):
        resumed(step)
        print(f"continuing from step {step:,} of {total:,}", flush=True)

    loop.on_resume = on_resume
    with scope:
        loop.run()
    played = loop.step() - loop.resumed_at
    print(f"trained {played:,} steps, {loop.step():,} in all ({duration(loop.progress.seconds)})")


def _reached(loop):
    return f" at step {loop.step():,} of {loop.total_steps():,}; everything is saved"


def command(config: configuration.Config) -> str:
    """The command line that gives a run of this configuration, in its default folder.

    A record has it so, wherever its run was: records are published, and what --workdir and --data_dir were is of one machine.
    """
    words = ["python", "-m", "gan_repro.run", f"--experiment={config.experiment}", f"--dataset={config.dataset}"]
    words += [f"--model={config.model}"] if config.model != _own_model(config) else []
    words += [f"--preset={config.preset}", f"--seed={config.seed}"]
    for name, value in _changes(config):
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words.append(f"--epochs={value}" if name == "epochs" else f"--set={name}={text}")
    return shlex.join(words)


def _changes(config):
    """(name, value) of each field of the recipe that is not the preset's."""
    base = configuration.model_of(config).recipe(config.preset, config.dataset)
    values = ((field.name, getattr(config.recipe, field.name)) for field in dataclasses.fields(base))
    return [(name, value) for name, value in values if value != getattr(base, name)]


def _record(experiment, config, source, workdir, loop, manifest, complete, expected=None, tell=print):
    """Evaluates the run and writes its record.json, whole or not at all; `expected`: seconds that this takes, or None."""
    print(f"evaluating ...{'' if expected is None else f' (about {duration(expected)})'}", flush=True)
    curves = Curves.of(history.curves(loop.progress.rows) if loop else {})
    run = Finished(experiment, config, source, workdir, curves)
    if loop:
        run = dataclasses.replace(run, rows=tuple(loop.progress.rows), epochs=loop.epochs(), step=loop.step())
    start = time.monotonic()
    measurements = run.measure()
    run.draw(measurements)
    evaluated = time.monotonic() - start
    manifest = manifest | {"weights_sha256": {kind: files.sha256(workdir.weights(kind)) for kind in run.kinds()}}
    files.write_json(workdir.manifest, manifest)
    seconds = loop.progress.seconds if loop else 0.0
    record = Record(
        schema=SCHEMA,
        experiment=config.experiment,
        dataset=config.dataset,
        model=config.model,
        preset=config.preset,
        seed=config.seed,
        epochs=run.epochs,
        complete=complete,
        d_output=configuration.model_of(config).d_output(config.recipe) if loop else (),
        choice=_choice(loop, manifest) if loop else None,
        notices=tuple(Notice(**entry) for entry in loop.progress.notices) if loop else (),
        config=schema.parse(Config, config.as_dict(), workdir.config),
        manifest=manifests.of_record(manifest, workdir),
        cost=Cost(
            minutes=round((seconds + evaluated) / 60, 2),
            steps=run.step,
            steps_per_second=round(run.step / seconds, 2) if seconds else None,
            processor=manifest["processor"],
            memory=machine.peak_memory(),
        ),
        command=command(config),
        measurements=tuple(measurements),
        curves=curves,
    )
    files.write_text(workdir.details, finished.details(experiment, record))
    files.write_json(workdir.record, record.to_json())  # the last one: it says that all is there
    print(f"done: {workdir.record}")
    tell(finished.report(experiment, record, workdir.path))


def _choice(loop, manifest):
    """The Choice of a training, or None: its last stage has no best validation."""
    best, draw = loop.progress.best, manifest.get("choice")
    return best and Choice(loop.epochs_before() + best["epoch"], best["value"], draw["draw"] if draw else "reported")


def _warn(line):
    if sys.stdout.isatty():
        print(flush=True)  # the progress line stays as it is
    print(f"warning: {line}", file=sys.stderr, flush=True)
