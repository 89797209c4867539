"""A trained run as the measures and figures of its model see it: its data, generators, samples, curves."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gan_repro.data import names
from gan_repro.data.preparation import Pad
from gan_repro.data.source import Described, Source, Spec
from gan_repro.evaluation import measurement
from gan_repro.evaluation.measurement import Curves, Measurement
from gan_repro.networks import weights
from gan_repro.papers import configuration
from gan_repro.papers.experiment import Experiment, Model
from gan_repro.reporting.record import read
from gan_repro.runs.workdir import Workdir
from gan_repro.system import backend, files
from gan_repro.system.errors import NotPackagedError, RunError, UsageError

if TYPE_CHECKING:
    import keras

    from gan_repro.latent.chains import Chain
    from gan_repro.latent.priors import Prior

Draw = int | Literal["validation"]  # of z: see Finished.samples

# Data whose images are not ours to publish: a user's own, whose licence is not known here, and photographs of persons.
UNPUBLISHED = ("npz", "images", "tfd", "tfd96", "celeb_a")
LARGE = 10**7  # weights: 40 MB


@dataclasses.dataclass(frozen=True, eq=False)
class Finished:
    """A trained run as the measures and figures of its model see it.

    Attributes:
      experiment, config: which run it is.
      source: its data.
      workdir: its folder; figures go to workdir.figures.
      curves: along the training.
      rows: those of metrics.csv, dicts, each the means over up to 100 minibatches.
      epochs, step: epochs and minibatches played, over all stages; what the training wrote of a later step is of a time
        to which the run went back. 0: nothing was played, or it is not known.
      packaged: whether it is what was packaged of a run (ship.py): what is measured or drawn of networks that are not among
        it is left out.
    """

    experiment: Experiment
    config: configuration.Config
    source: Source
    workdir: Workdir
    curves: Curves
    rows: tuple = ()
    epochs: float = 0
    step: int = 0
    packaged: bool = False

    @property
    def figures_of_data(self) -> Path:
        """The folder of figures that show images of the data: workdir.figures, or one below it that stays in the run's folder.

        The latter of UNPUBLISHED data: `gan_repro.tables --add` copies what lies in workdir.figures itself.
        """
        private = names.dataset_kind(self.config.dataset) in UNPUBLISHED
        return self.workdir.real_images if private else self.workdir.figures

    @property
    def model(self) -> Model:
        """The papers.experiment.Model that was trained."""
        return self.experiment.models[self.config.model]

    @property
    def settings(self) -> tuple[str, ...]:
        """What --set changed of its preset, in words (configuration.settings)."""
        config = self.config
        preset = self.model.recipe(config.preset, config.dataset)
        return configuration.settings(preset, configuration.plain(dataclasses.asdict(config.recipe)))

    def measure(self) -> list[Measurement]:
        """The measurements of all measures of the model, a list.

        Raises:
          RunError: a measure of the experiment's own gives something else.
        """
        found: list[Measurement] = []
        for measure in self.model.measures:
            try:
                measurements = measure(self)
            except NotPackagedError:
                continue
            if not (isinstance(measurements, (list, tuple)) and all(isinstance(each, Measurement) for each in measurements)):
                name = getattr(measure, "__name__", type(measure).__name__)
                again = shlex.join(["python", "-m", "gan_repro.evaluate", f"--workdir={self.workdir.path}"])
                raise RunError(
                    f"the measure {name} of the experiment {self.experiment.name} returned {measurements!r:.50} and not a list "
                    f"of measurements (run.measurement); mend it. The training is kept; to evaluate it, run: {again}"
                )
            found += measurements
        return found

    def draw(self, measurements: Sequence[Measurement]) -> None:
        """Writes all figures of the model."""
        for figure in self.model.figures:
            with contextlib.suppress(NotPackagedError):
                figure(self, measurements)

    def kinds(self) -> list[str]:
        """The generators whose weights are there: "best" and "last" first, then averages."""
        return self.workdir.kinds()

    def fingerprint(self, kind: str) -> str:
        """sha256 of the file with the weights of `kind`. Raises RunError: it is missing."""
        try:
            return files.sha256(self.workdir.weights(kind))
        except OSError as error:
            raise RunError(f"cannot read {self.workdir.weights(kind)}: {files.reason(error)}") from error

    def generator(self, kind: str) -> keras.Model:
        """Keras model, float32, with the weights of `kind`.

        Raises:
          RunError: the file of the weights is missing or damaged.
        """
        return self._loaded(self._built(), self.workdir.weights(kind))

    def discriminator(self) -> keras.Model:
        """Keras model, float32: D of the last phase, with its last weights.

        Raises:
          UsageError: the model has none.
          NotPackagedError: it is not among what was packaged.
          RunError: the file of the weights is missing or damaged.
        """
        if self.packaged and not self.workdir.network("discriminator").exists():
            raise NotPackagedError(f"{self.workdir.path} has the generators of its run alone, and not the discriminator")
        network = self.model.discriminator(self.config.recipe, self.source.spec)
        return self._loaded(network, self.workdir.network("discriminator"))

    def _built(self):
        """The generator as it begins.

        Keras's models refer to themselves, so that they outlive their use until Python looks for such: of large ones
        several were held at a time, and the evaluation of TFD's took 5.7 GB instead of 4.5.
        """
        network = self.model.generator(self.config.recipe, self.source.spec)
        if network.count_params() > LARGE:
            gc.collect()
        return network

    def _player(self, kind: str) -> keras.Model:
        """As `generator`, in a network that is kept: of a small one, building and loading take longer than drawing."""
        path = self.workdir.weights(kind)
        wanted = (kind, (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else None)
        if self._kept.get("of") != wanted:
            network = self._kept.get("network") or self._built()
            if network.count_params() > LARGE:  # of these two at once are too many: see _built
                return self._loaded(network, path)
            self._kept.update(of=None, network=network)  # of none while it is being loaded
            self._kept.update(of=wanted, network=self._loaded(network, path))
        return self._kept["network"]

    @functools.cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def _loaded(self, network: keras.Model, path: Path) -> keras.Model:
        """`network` with the weights in a file. Raises RunError: the file is missing, damaged or of another network."""
        try:
            return weights.read(network, path)
        except RunError as error:
            again = shlex.join(["python", "-m", "gan_repro.evaluate", f"--workdir={self.workdir.path}"])
            raise RunError(f"{error}. Written anew from the run's checkpoint it is by: {again}") from error

    def conditional(self) -> bool:
        """Whether its generators take labels."""
        return len((self._kept.get("network") or self._built()).inputs) > 1

    def prior(self) -> Prior | Chain:
        """The prior from which the generator takes its noise, or the Markov chains whose states are its samples."""
        return self.model.prior(self.config.recipe)

    def samples(
        self,
        kind: str,
        n: int | None = None,
        seed: int | None = None,
        labels: np.ndarray | None = None,
        draw: Draw = 0,
    ) -> np.ndarray:
        """float32 (n, h, w, c) from the generator `kind`.

        Args:
          kind: one of kinds().
          n: how many; None: the recipe's n_samples.
          seed: int, as for sampling.sample_images; None: that of `draw`.
          labels: int (n,), for a conditional generator; None: every class equally often.
          draw: which draw of z, or of chains: one to be reported, 0 to randomness.REPORTED - 1, or randomness.VALIDATION,
            from the run's own seed, with which the training chose its best epoch.
        """
        from gan_repro.latent.sampling import sample_images
        from gan_repro.system import randomness

        n = self.config.recipe.n_samples if n is None else n
        if seed is None:
            own = self.config.seed
            seed = own if draw == randomness.VALIDATION else randomness.report_seed(own, draw)
        return sample_images(self._player(kind), self.prior(), n, seed, labels, classes=self.source.spec.classes)

    def images(
        self, kind: str, z: np.ndarray, labels: np.ndarray | None = None, seed: int | None = None, strips: int = 1
    ) -> np.ndarray:
        """float32 (n, h, w, c): the images that the generator `kind` makes of z float32 (n, size), and labels int (n,).

        `seed` and `strips` as in sampling.images_of.
        """
        from gan_repro.latent.sampling import images_of

        return images_of(self._player(kind), z, labels, seed=seed, strips=strips)

    def measurement(
        self,
        metric: str,
        unit: str,
        value: float,
        standard_error: float | None,
        weights: str | None = None,
        **rest: Any,
    ) -> Measurement:
        """As measurement.of, of this run's data set where `rest` names no other ("dataset")."""
        dataset = rest.pop("dataset", self.source.spec.name)
        return measurement.of(dataset, metric, unit, value, standard_error, weights, **rest)


def load_config(workdir: Workdir) -> tuple[Experiment, configuration.Config]:
    """(Experiment, Config) of the run in a folder.

    Raises:
      RunError: there is no run, or its config.json does not fit the experiment.
    """
    if not workdir.config.exists():
        raise RunError(f"{workdir.path} holds no run: it has no config.json")
    written = workdir.read_config()
    try:
        return configuration.find(written["experiment"]), configuration.from_dict(written)
    except (AttributeError, KeyError, TypeError, UsageError) as error:
        raise RunError(f"{workdir.config} does not fit this version of the program: {error}") from error


def from_folder(place: str | Path, out: str | Path | None = None) -> Finished:
    """The Finished of a run's folder alone: its `source` is a Described, its `curves` are empty, its `epochs` the record's.

    Args:
      place: the folder; nothing is written to it.
      out: where figures and samples of it go; None: the folder itself.

    Raises:
      RunError: there is no run, it trains no generator, it has no weights yet, or it is damaged.
      UsageError: Keras has another backend than TensorFlow.
    """
    backend.check()
    workdir = Workdir(place, out)
    experiment, config = load_config(workdir)
    if not experiment.models[config.model].phases:
        raise RunError(f"{workdir.path} holds a run of {experiment.name}, which trains no generator")
    if not workdir.kinds():
        raise RunError(
            f"{workdir.path} holds no generator's weights yet. Continue the run, or, where it has checkpoints: "
            f"python -m gan_repro.evaluate --workdir={workdir.path}"
        )
    return Finished(experiment, config, _described(workdir, config), workdir, Curves(), epochs=_epochs(workdir))


def _epochs(workdir):
    """The epochs that the run's record says were played; 0 without a sound one: titles do without, and samples are drawn."""
    try:
        return read(workdir.record).epochs
    except RunError:
        return 0


def _described(workdir, config):
    """The Described that the manifest gives, in a frame where there is one. Raises RunError: it is damaged."""
    manifest = files.read_json(workdir.manifest)
    try:
        data = manifest["data"]
        name, title, shape, classes = data["name"], data["title"], tuple(data["shape"]), data["classes"]
        height, width, channels = shape
        inside: Any = tuple(map(int, data.get("inside") or ()))  # runs of older versions did not note it
        named = isinstance(name, str) and isinstance(title, str)
        fits = not inside or len(inside) == 3 and inside[2] == channels and all(0 < i <= o for i, o in zip(inside, shape))
        if not (named and min(int(height), int(width), int(channels)) > 0 and int(classes) >= 0 and fits):
            raise ValueError("data")
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{workdir.manifest} is damaged: what it says of the data is not whole ({error})") from error
    spec, pad = Spec(name, title, shape, classes, {}, configuration.scaling_of(config)), Pad(height, width)
    return pad(Described(pad.taken_off(spec, inside))) if inside else Described(spec)
