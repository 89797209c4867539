"""Evaluators applied to a finished run: each gives the measurements that a record keeps. The evaluators are beside it."""

from gan_repro.evaluation import parzen


def parzen_log_likelihood(run, validation_images=None, samples=None):
    """Parzen-window log-likelihood of every generator of a run, by the protocol of Goodfellow et al. 2014.

    Args:
      run: finished.Finished; pixels in [0, 1].
      validation_images: sigma is chosen on the first so many; None: on all.
      samples: {generator: float (n, h, w, c)} instead of the run's own generators.

    Returns:
      A list of measurements, in the order of run.kinds().
    """
    validation, test = run.source.scaled("validation", validation_images), run.source.scaled("test")
    measurements = []
    for kind in samples or run.kinds():
        images = samples[kind] if samples else run.samples(kind)
        estimate = parzen.evaluate(images, validation, test)
        measurements.append(
            run.measurement(
                "parzen_log_likelihood",
                "nats",
                estimate.value,
                estimate.standard_error,
                kind,
                split="test",
                n_test=estimate.n_test,
                n_samples=estimate.n_samples,
                n_validation=len(validation),
                sigma=estimate.sigma,
                sigma_at_edge=estimate.at_edge,
            )
        )
    return measurements
