"""What tables know of the metrics of records: their titles, which way is better, the published protocols.

How a metric is measured is not here (evaluation/), nor what to bear in mind of it (notes.py).
"""

TITLES = {
    "parzen_log_likelihood": "Parzen log-likelihood",
    "nearest_neighbour_error": "error of a 1-NN classifier",
    "svm_accuracy": "accuracy of an SVM on D's features",
    "label_accuracy": "labels read as asked for",
    "frechet_distance": "Fréchet distance",
    "precision": "precision",
    "recall": "recall",
    "class_kl": "KL divergence of the classes drawn from uniform",
    "estimate_quality_correlation": "rank correlation of estimate and Fréchet distance",
    "estimate_quality_change_correlation": "rank correlation of their changes",
    "arithmetic_brightness_percentile": "percentile of added brightness",
    "arithmetic_slant_percentile": "percentile of added slant",
    "arithmetic_balance_percentile": "percentile of added light to one side",
    "value_function": "value of the game, V(D, G)",
    "jensen_shannon_divergence": "Jensen-Shannon divergence",
    "jensen_shannon_divergence_error": "Jensen-Shannon divergence, error",
    "wasserstein_distance": "Wasserstein-1 distance",
    "wasserstein_distance_error": "Wasserstein-1 distance, error",
    "total_variation": "total variation",
    "total_variation_error": "total variation, error",
    "kullback_leibler_infinite": "where the Kullback-Leibler divergence is infinite",
    "gradient_norm": "gradient that G gets",
    "lipschitz_constant": "Lipschitz constant",
}
# Units that a title says already, or that are none.
SILENT = ("rank", "1")
# Metrics of which less is better; of all others more is.
LOWER_IS_BETTER = ("nearest_neighbour_error", "frechet_distance", "class_kl")
# Metrics of D's features: nothing stands in for samples there.
OF_D = ("svm_accuracy",)
# Metrics over the checkpoints of a run: how many samples each checkpoint drew is not what carries them.
OVER_CHECKPOINTS = ("estimate_quality_correlation", "estimate_quality_change_correlation")
# How the published numbers were measured: what a measurement must say to be held against them without a remark.
PROTOCOLS = {
    ("parzen_log_likelihood", "mnist"): {"split": "test", "n_samples": 10_000, "n_test": 10_000},
    ("parzen_log_likelihood", "tfd"): {"split": "test", "n_samples": 10_000, "n_folds": 5},
    ("nearest_neighbour_error", "mnist"): {"split": "test", "n_test": 10_000},
    ("svm_accuracy", "cifar10"): {"split": "test", "n_samples": 50_000, "n_test": 10_000},
}


def title(metric):
    """A metric's name for a reader; one that TITLES does not have is written apart."""
    return TITLES.get(metric, metric.replace("_", " "))


def with_unit(metric, unit):
    """Such as "Fréchet distance, squared units"."""
    return title(metric) + of_unit(unit)


def of_unit(unit):
    """Such as ", nats"; "" of a unit that says nothing."""
    return "" if unit in SILENT else f", {unit}"
