"""The metrics of records: title, which way is better, the published protocol, and how near a number must come to reproduce one.

The rule of verdicts is in verdicts.py. What an experiment measures by functions of its own is described by the experiment
(Experiment.metrics), unless several do.
"""

import dataclasses
import typing
from collections.abc import Iterable, Mapping

from gan_repro.evaluation.measurement import PARZEN

REAL = ("training images", "training points")  # references: what real data have in place of samples


@dataclasses.dataclass(frozen=True)
class Margin:
    """How far from a published number ours may lie and still be called equivalent to it.

    Attributes:
      absolute: in the metric's unit.
      share: of the published error rate, which is the number itself where less is better, and 100 - it where more is.
    """

    absolute: float = 0.0
    share: float = 0.0

    def around(self, published: float, better: str) -> float:
        """The margin about a published number, in its unit: a float >= 0."""
        return self.absolute + self.share * (published if better == "less" else 100 - published)


@dataclasses.dataclass(frozen=True)
class Metric:
    """What tables know of a metric.

    Attributes:
      name: as in a record's measurements.
      title: for a reader; "": the name, written apart.
      better: "more" or "less"; None: neither is, or it is not known. Without it nothing is compared with a published number.
      margins: {data set: Margin} about published numbers. Where there is none nothing is compared.
      protocols: {data set: {key of a measurement: value}}: how published numbers were measured.
      of_d: whether it is one of D's features: there are no reference samples then.
      over_checkpoints: whether it is taken over the checkpoints of a run: how many samples each drew is not what carries it.
      resampled: whether the interval of its mean over runs is a bootstrap over these (resampling.py): a t interval could leave
        the metric's range, as of correlations near 1.
      caveat: what to bear in mind of it, a footnote of the tables that show it; or "".
    """

    name: str
    title: str = ""
    better: typing.Literal["more", "less"] | None = None
    margins: Mapping[str, Margin] = dataclasses.field(default_factory=dict)
    protocols: Mapping[str, Mapping[str, object]] = dataclasses.field(default_factory=dict)
    of_d: bool = False
    over_checkpoints: bool = False
    resampled: bool = False
    caveat: str = ""

    @property
    def heading(self) -> str:
        """The title for a reader."""
        return self.title or self.name.replace("_", " ")


_TENTH = Margin(share=0.1)
_MNIST = {"split": "test", "n_samples": 10_000, "n_test": 10_000}
_TFD = {"split": "test", "n_samples": 10_000, "n_folds": 5}

# The margins were fixed before any record was compared by them. 5 nats are two to three standard errors over MNIST's test
# images; 50 nats are about one over TFD's folds, in published numbers of 26 to 66. Of an error rate it is a tenth.
METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            PARZEN,
            "Parzen log-likelihood",
            "more",
            margins={"mnist": Margin(5.0), "tfd": Margin(50.0)},
            protocols={"mnist": _MNIST, "tfd": _TFD},
            caveat="Gaussian Parzen-window log-likelihoods are known to mislead: k-means centroids, blurred as they are, score "
            "above real images (Theis et al. 2015, A note on the evaluation of generative models). A generator that scores "
            "higher is not thereby better: Table 1's rows with training images and centroids in place of samples show it. "
            "Much of the centroids' lead is that they are made of all training images, which have a row of their own.",
        ),
        Metric(
            "nearest_neighbour_error",
            "error of a 1-NN classifier",
            "less",
            margins={"mnist": _TENTH},
            protocols={"mnist": {"split": "test", "n_test": 10_000}},
        ),
        Metric(
            "svm_accuracy",
            "accuracy of an SVM on D's features",
            "more",
            margins={"cifar10": _TENTH},
            protocols={"cifar10": {"split": "test", "n_samples": 50_000, "n_test": 10_000}},
            of_d=True,
            caveat="The support vector machine sees features of D, which was trained without labels; n: the labelled training "
            "images that it was fitted on. D with random weights, as it begins, shows what the training of D adds.",
        ),
        Metric(
            "label_accuracy",
            "labels read as asked for",
            "more",
            caveat="Label accuracy is read by a classifier that has learned the training images, so their row says little; the "
            "row of the test images says how often it is right itself.",
        ),
        Metric(
            "frechet_distance",
            "Fréchet distance",
            "less",
            caveat="Fréchet distances are taken in the features of a small classifier of the same data: they are no FIDs "
            "(Inception features), and only those of equally many samples compare. The classifier that reads turns of images, "
            "of data without labels, looks at little of them: the row of a Gaussian says how near the data's mean and "
            "covariance alone come.",
        ),
        Metric(
            "inception_frechet_distance",
            "Fréchet distance in Inception features",
            "less",
            caveat="FID: against as many training images, in the features of the weights that were given. It falls as samples "
            "grow more, so only those of equally many compare; published ones are mostly of 50,000.",
        ),
        Metric(
            "precision",
            better="more",
            caveat="Precision under a collapse is high or low by chance: one picture, drawn again and again, lies near real "
            "images or does not. Recall shows the collapse.",
        ),
        Metric("recall", better="more"),
        Metric(
            "pooled_distance",
            "distance of pairs in coarse images",
            caveat="Distances of pairs: the mean Euclidean distance of two random images, in the means of blocks of pixels and "
            "in the features of the data's classifier. The blocks average noise of single pixels out, the features do not: "
            "there it counts as variety, as far as the classifier looks at it. More than the training images have is no merit.",
        ),
        Metric("pooled_variety", "variety of coarse images, training images' distance 100 %"),
        Metric("feature_distance", "distance of pairs in features"),
        Metric("feature_variety", "variety of features, training images' distance 100 %"),
        Metric(
            "training_distance",
            "distance from the nearest training image",
            caveat="Distances are Euclidean, of pixels in [0, 1]. Far below the row of the test images the samples are copies "
            "of training images; far above it they are no such images.",
        ),
        Metric("class_kl", "KL divergence of the classes drawn from uniform", "less"),
        Metric(
            "ms_ssim",
            "MS-SSIM of pairs of a class",
            caveat="MS-SSIM: multi-scale structural similarity of two random images of one class, the mean over classes; "
            "images that vary more have less. Less than the training images' is no merit: noise has none. Of images of 28 and "
            "32 pixels three scales are taken, with a window of 7 pixels: numbers of larger images do not compare.",
        ),
        Metric("classes_as_diverse", "classes as varied as training images' least varied one", "more"),
        Metric(
            "class_accuracy_of_d",
            "classes of test images that D reads",
            "more",
            of_d=True,
        ),
        Metric(
            "arithmetic_brightness_percentile",
            "percentile of added brightness",
            caveat="Arithmetic percentiles: where the result of an addition of concepts stands among the images that the "
            "exemplars came from; 95 if it works perfectly, 50 if it does nothing.",
        ),
        Metric("arithmetic_slant_percentile", "percentile of added slant"),
        Metric("arithmetic_balance_percentile", "percentile of added light to one side"),
        Metric("jensen_shannon_divergence", "Jensen-Shannon divergence"),
        Metric("wasserstein_distance", "Wasserstein-1 distance"),
        Metric(
            "modes_covered",
            "modes covered",
            "more",
            caveat="A mode is covered if a good sample is nearest to it, one within three standard deviations; how many are "
            "depends on how many samples are drawn.",
        ),
        Metric("good_samples", "good samples", "more"),
        Metric(
            "class_changes",
            "class changes along a chain",
            caveat="Class changes: how often the classifier of the data reads another class in a sample than in the one before "
            "it. Training images in random order, independent draws, show what a chain with perfect mixing would have.",
        ),
        Metric("classes_visited", "classes visited along a chain"),
        Metric(
            "effective_samples",
            "effective number of samples",
            "more",
            caveat="Effective number of samples: how many independent ones have a mean as good as that of the chain, by the "
            "integrated autocorrelation time (Geyer's initial monotone sequence). It says how fast the chain goes through "
            "the images that it has, not how many of the data's these are.",
        ),
        Metric(
            "modes_read",
            "modes of a thousand",
            "more",
            caveat="A class of stacked digits counts as reached if the digits' classifier reads it in a sample or more: how "
            "many are depends on how many samples are drawn, and a few are misread.",
        ),
        Metric("modes_kl", "KL divergence of the classes drawn from the data's", "less"),
        Metric(
            "d_slope",
            "slope of D between data and samples",
            of_d=True,
            caveat="Slope of D: the mean Euclidean norm of the gradient of its output at random points between test images and "
            "samples; 1 is what a gradient penalty draws it to; theory promises it on lines between optimally coupled pairs.",
        ),
        Metric("d_slope_spread", "standard deviation of that slope", of_d=True),
    )
}
_SILENT = ("rank", "1")  # units that a title says already, or that are none


def of(name: str, experiments: Iterable = ()) -> Metric:
    """The Metric called `name`: one of the experiments' own, else the library's, else one of which nothing is known."""
    own = (metric for experiment in experiments for metric in experiment.metrics if metric.name == name)
    return next(own, None) or METRICS.get(name) or Metric(name)


def of_unit(unit: str) -> str:
    """Such as ", nats"; "" of a unit that says nothing."""
    return "" if unit in _SILENT else f", {unit}"
