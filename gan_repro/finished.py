"""A trained run as an experiment's `evaluate` sees it: its data, generators, samples, curves. Nothing is measured here."""

import dataclasses

from gan_repro import experiment as experiments
from gan_repro.errors import RunError
from gan_repro.workdir import Workdir


@dataclasses.dataclass(frozen=True, eq=False)
class Finished:
    """A trained run as an experiment's `evaluate` sees it.

    Attributes:
      experiment, config: which run it is.
      source: its data.
      workdir: its folder; figures go to workdir.figures.
      curves: as metrics.curves gives them; {} where nothing was trained.
    """

    experiment: experiments.Experiment
    config: experiments.Config
    source: object
    workdir: Workdir
    curves: dict

    def kinds(self):
        """The generators whose weights are there: "best" and "last" first, then averages."""
        return self.workdir.kinds()

    def generator(self, kind):
        """Keras model, float32, with the weights of `kind`.

        Raises:
          RunError: the file of the weights is missing or damaged.
        """
        return self.loaded(self.experiment.generator(self.config, self.source.spec), self.workdir.weights(kind))

    def loaded(self, network, path):
        """`network` with the weights in a file. Raises RunError: the file is missing, damaged or of another network."""
        try:
            network.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"cannot read the {network.name}'s weights in {path}: {str(error).splitlines()[0]}") from error
        return network

    def conditional(self):
        """Whether its generators take labels."""
        return len(self.experiment.generator(self.config, self.source.spec).inputs) > 1

    def prior(self):
        """The prior from which the generator takes its noise."""
        return self.experiment.prior(self.config)

    def samples(self, kind, n=None, seed=None, labels=None):
        """float32 (n, h, w, c) from the generator `kind`; by default the recipe's n_samples from the run's seed."""
        from gan_repro.sampling import sample_images

        n = self.config.recipe.n_samples if n is None else n
        seed = self.config.seed if seed is None else seed
        return sample_images(self.generator(kind), self.prior(), n, seed, labels, classes=self.source.spec.classes)

    def images(self, kind, z, labels=None):
        """float32 (n, h, w, c): the images that the generator `kind` makes of z float32 (n, size), and labels int (n,)."""
        from gan_repro.sampling import images_of

        return images_of(self.generator(kind), z, labels)

    def measurement(self, metric, unit, value, standard_error, generator, **rest):
        """A measurement as a record keeps it; `rest`: split, n_test, n_samples, sigma, ... as far as they apply."""
        return {
            "metric": metric,
            "unit": unit,
            "value": float(value),
            "standard_error": None if standard_error is None else float(standard_error),
            "dataset": self.source.spec.name,
            "generator": generator,
            **rest,
        }
