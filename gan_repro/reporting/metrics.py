"""The metrics of records: title, which way is better, the published protocol, and how near a number must come to reproduce one.

What to bear in mind of a metric is in notes.py, the rule of verdicts in verdicts.py. A metric that only one paper has stands
in that experiment (Experiment.metrics).
"""

import dataclasses
import typing
from collections.abc import Iterable, Mapping


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
    """

    name: str
    title: str = ""
    better: typing.Literal["more", "less"] | None = None
    margins: Mapping[str, Margin] = dataclasses.field(default_factory=dict)
    protocols: Mapping[str, Mapping[str, object]] = dataclasses.field(default_factory=dict)
    of_d: bool = False
    over_checkpoints: bool = False

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
            "parzen_log_likelihood",
            "Parzen log-likelihood",
            "more",
            margins={"mnist": Margin(5.0), "tfd": Margin(50.0)},
            protocols={"mnist": _MNIST, "tfd": _TFD},
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
        ),
        Metric("label_accuracy", "labels read as asked for", "more"),
        Metric("frechet_distance", "Fréchet distance", "less"),
        Metric("precision", better="more"),
        Metric("recall", better="more"),
        Metric("class_kl", "KL divergence of the classes drawn from uniform", "less"),
        Metric("estimate_quality_correlation", "rank correlation of estimate and Fréchet distance", over_checkpoints=True),
        Metric("estimate_quality_change_correlation", "rank correlation of their changes", over_checkpoints=True),
        Metric("arithmetic_brightness_percentile", "percentile of added brightness"),
        Metric("arithmetic_slant_percentile", "percentile of added slant"),
        Metric("arithmetic_balance_percentile", "percentile of added light to one side"),
        Metric("value_function", "value of the game, V(D, G)"),
        Metric("jensen_shannon_divergence", "Jensen-Shannon divergence"),
        Metric("jensen_shannon_divergence_error", "Jensen-Shannon divergence, error"),
        Metric("wasserstein_distance", "Wasserstein-1 distance"),
        Metric("wasserstein_distance_error", "Wasserstein-1 distance, error"),
        Metric("total_variation"),
        Metric("total_variation_error", "total variation, error"),
        Metric("kullback_leibler_infinite", "where the Kullback-Leibler divergence is infinite"),
        Metric("gradient_norm", "gradient that G gets"),
        Metric("lipschitz_constant", "Lipschitz constant"),
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
