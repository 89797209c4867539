"""What Arjovsky et al. 2017 show of a trained model: samples, and whether the training's own estimate tells their quality.

The evaluators themselves are in gan_repro.evaluation; networks and the game in rules.py.
"""

import math

QUALITY_SAMPLES = 2000
QUALITY = "Fréchet distance in the features of the data's own classifier"
ESTIMATES = {
    "wasserstein": "estimate of the Wasserstein distance (times the Lipschitz constant)",
    "non_saturating": "lower bound of the Jensen-Shannon divergence (nats)",
}


def estimate(objective, d_loss):
    """What the training itself says of the distance between p_g and p_data, from the loss of the critic or D; None of None.

    Of the WGAN the Wasserstein estimate E f(x) - E f(G(z)), up to the Lipschitz constant (Figure 3 of the paper). Of the
    GAN log 2 + L / 2 with L = E log D(x) + E log(1 - D(G(z))), which no Jensen-Shannon divergence is below (Figure 4).
    """
    if d_loss is None:
        return None
    return -d_loss if objective == "wasserstein" else math.log(2) - d_loss / 2


def pictures(loop, folder, every, spec):
    """The Keras callback that draws grids of samples, and writes snapshots beside them: epoch-00005.npz.

    A snapshot has the quality of the moment's samples, their Fréchet distance to test images in the features of the data's
    classifier, where the data have labels.
    """
    from gan_repro.callbacks import SampleGrid
    from gan_repro.reporting import learning

    class Snapshots(SampleGrid):
        """See `pictures`."""

        def on_train_begin(self, logs=None):
            """Prepares the judge."""
            self.distance = _distance(self.loop.trainable.source)

        def on_epoch_end(self, epoch, logs=None):
            """Draws and measures, if it is time."""
            super().on_epoch_end(epoch, logs)
            if (epoch + 1) % self.every:
                return
            game = self.loop.trainable
            images = game.sample(QUALITY_SAMPLES, self.loop.seed)
            learning.Snapshot(
                epoch=epoch + 1,
                step=self.loop.step(),
                g_updates=game.updates["generator"],
                quality=self.distance(images),
                images=images[: learning.SHOWN],
            ).write(self.folder / f"epoch-{epoch + 1:05d}.npz")

    return Snapshots(loop, folder, every, spec)


def _distance(source):
    """images -> their Fréchet distance to as many test images, or to all there are; NaN where the data have no labels."""
    import numpy as np

    from gan_repro.evaluation import classifier
    from gan_repro.evaluation.frechet import frechet_distance

    if not source.spec.classes:
        return lambda images: math.nan
    judge, unit = classifier.of(source), source.spec.scaling.unit
    real = judge.features(np.float32(source.images("test")[:QUALITY_SAMPLES]) / np.float32(255))
    return lambda images: frechet_distance(judge.features(unit(images)), real)


def evaluate(run):
    """Samples, walks, the estimate's curve beside the quality, and their rank correlation."""
    from scipy import stats

    from gan_repro.evaluation import classifier, measure
    from gan_repro.reporting import draw, learning

    draw.curves(run)
    for kind in run.kinds():
        draw.samples(run, kind)
    draw.interpolation(run, run.kinds()[0])
    measurements = []
    snapshots = [learning.read(path) for path in sorted(run.workdir.samples.glob("epoch-*.npz"))]
    if len(snapshots) > 1:
        objective, training = run.config.recipe.objective, run.curves["training"]
        losses = dict(zip(training["epoch"], training["d_loss"]))
        estimates = [estimate(objective, losses.get(snapshot.epoch)) for snapshot in snapshots]
        learning.estimate_and_quality(
            run.workdir.figures / "estimate.png",
            snapshots,
            estimates,
            ESTIMATES[objective],
            QUALITY,
            run.source.spec.scaling.shown(snapshots[-1].images),
            f"{run.experiment.model(run.config.preset)} on {run.source.spec.title}, seed {run.config.seed}",
        )
        pairs = [(e, s.quality) for e, s in zip(estimates, snapshots) if e is not None and math.isfinite(s.quality)]
        if len({e for e, _ in pairs}) > 1 and len({q for _, q in pairs}) > 1:
            found = stats.spearmanr(*zip(*pairs))
            rest = {"n_samples": QUALITY_SAMPLES, "n_checkpoints": len(pairs)}
            measurements.append(
                run.measurement("estimate_quality_correlation", "rank", float(found.statistic), None, "last", **rest)
            )
    if run.source.spec.classes:
        measurements += measure.read_by_classifier(run, classifier.of(run.source))
    return measurements
