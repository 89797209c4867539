"""What Arjovsky et al. 2017 show of a training: whether its own estimate tells the quality of samples (Figures 3 and 4)."""

import functools
import math

import numpy as np

import gan_repro as gr

ndimage, stats = map(gr.lazy, ("scipy.ndimage", "scipy.stats"))
learning = gr.lazy("experiments.wgan.learning")

QUALITY_SAMPLES = 2000
QUALITY = "Fréchet distance in the features of the data's own classifier (first 2,000 test images)"
MEDIAN = 5  # rows of up to 100 minibatches each
STANDS_STILL = 0.05  # a quality that varies by less than this share of its median says nothing of what follows it
ESTIMATES = {
    "wasserstein": "estimate of the Wasserstein distance (times the Lipschitz constant)",
    "non_saturating": "lower bound of the Jensen-Shannon divergence (nats)",
}
VALUES, CHANGES = "estimate_quality_correlation", "estimate_quality_change_correlation"
METRICS = (
    gr.Metric(
        VALUES,
        "rank correlation of estimate and Fréchet distance",
        over_checkpoints=True,
        resampled=True,
        caveat="Rank correlation of the training's own estimate with the Fréchet distance of samples over the checkpoints of "
        "a run: 1 if they rise and fall together, 0 if one says nothing of the other; that of their "
        "changes from checkpoint to checkpoint is the harder test, which a common trend does not pass. Left out where the "
        "distance stands still (varies by less than 5 %).",
    ),
    gr.Metric(CHANGES, "rank correlation of their changes", over_checkpoints=True, resampled=True),
)


def estimate(objective, d_loss):
    """What the training itself says of the distance between p_g and p_data, from the loss of the critic or D; None of None.

    Of the WGAN the Wasserstein estimate E f(x) - E f(G(z)), up to the Lipschitz constant (Figure 3 of the paper). Of the
    GAN log 2 + L / 2 with L = E log D(x) + E log(1 - D(G(z))), which no Jensen-Shannon divergence is below (Figure 4).
    """
    if d_loss is None:
        return None
    return -d_loss if objective == "wasserstein" else math.log(2) - d_loss / 2


def snapshots(loop, folder, every, spec):
    """The Keras callback that draws grids of samples, and writes snapshots beside them: epoch-00005.npz.

    A snapshot has the quality of the moment's samples, their Fréchet distance to test images in the features of the data's
    classifier, where the data have labels.
    """

    class Snapshots(gr.training.callbacks.SampleGrid):
        """See `snapshots`."""

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
    if not source.spec.classes:
        return lambda images: math.nan
    judge, unit = gr.evaluation.classifier.of(source), source.spec.scaling.unit
    real = judge.features(np.float32(source.rows("test", slice(QUALITY_SAMPLES))) / np.float32(255))
    return lambda images: gr.evaluation.frechet.frechet_distance(judge.features(unit(images)), real)


def filtered(objective, rows):
    """The estimate along a training: (steps, estimates, their running median over MEDIAN rows), each a list.

    Args:
      rows: dicts with "step" and "d_loss", a mean over up to 100 minibatches or None; those with None are left out.
    """
    rows = [row for row in rows if row["d_loss"] is not None]
    estimates = [estimate(objective, row["d_loss"]) for row in rows]
    smooth = ndimage.median_filter(np.array(estimates), MEDIAN, mode="nearest").tolist() if rows else []
    return [row["step"] for row in rows], estimates, smooth


def correlations(estimates, qualities):
    """{metric: rank correlation} of estimates at checkpoints with the quality there, floats (n,), as far as it says something.

    "estimate_quality_correlation" is Spearman's of the values themselves, which two series that both only fall have
    anyway; "estimate_quality_change_correlation" that of their changes from checkpoint to checkpoint. Neither is given
    where the quality stands still, or where there are fewer than four checkpoints.
    """
    estimates, qualities = np.array(estimates, float), np.array(qualities, float)
    if len(estimates) < 4 or np.ptp(qualities) < STANDS_STILL * np.median(qualities) or np.ptp(estimates) == 0:
        return {}
    return {
        VALUES: float(stats.spearmanr(estimates, qualities).statistic),
        CHANGES: float(stats.spearmanr(np.diff(estimates), np.diff(qualities)).statistic),
    }


@functools.lru_cache(maxsize=1)  # the measure and the figure are of the same ones
def moments(run):
    """The snapshots of a run's training, and the estimate along it as `filtered` gives it."""
    taken = [learning.read(path) for path in sorted(run.workdir.samples.glob("epoch-*.npz"))]
    return [each for each in taken if each.step <= run.step], filtered(run.config.recipe.objective, run.rows)


def bounds(recipe):
    """Whether the loss says what ESTIMATES name: with targets of 1 and 0, and of samples of the present G."""
    return recipe.smoothing == 1 and not (recipe.soft_labels or recipe.flipped_labels or recipe.replay)


def estimate_and_quality(run):
    """How the training's own estimate and the quality of samples go together along it."""
    if not bounds(run.config.recipe):
        return []
    taken, (steps, _, smooth) = moments(run)
    if len(taken) < 2:
        return []
    at = dict(zip(steps, smooth))
    pairs = [(at[each.step], each.quality) for each in taken if each.step in at and math.isfinite(each.quality)]
    rest = {"n_samples": QUALITY_SAMPLES, "n_checkpoints": len(pairs)}
    found = correlations(*(zip(*pairs) if pairs else ((), ())))
    return [run.measurement(metric, "rank", value, None, "last", **rest) for metric, value in found.items()]


def draw_estimate(run, measurements):
    """Figures 3 and 4: samples along the training, the estimate, and the samples' quality."""
    del measurements
    taken, estimates = moments(run)
    if len(taken) > 1 and bounds(run.config.recipe):
        learning.estimate_and_quality(
            run.workdir.figures / "estimate.png",
            taken,
            estimates,
            ESTIMATES[run.config.recipe.objective],
            QUALITY,
            run.source.spec.scaling.shown(taken[-1].images),
            gr.figures.draw.run_title(run),
        )
