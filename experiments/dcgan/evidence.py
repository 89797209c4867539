"""What Radford et al. 2015 show of a trained model: nearest-neighbour errors, features of D, walks and arithmetic in z.

The evaluators themselves are in gan_repro.evaluation; networks and the game in rules.py.
"""

import sys

from experiments.dcgan import rules
from gan_repro.evaluation import measurement


def evaluate(run):
    """The figures, and what the paper measures on such data."""
    from gan_repro.evaluation import arithmetic, classifier, features, measure
    from gan_repro.figures import draw

    draw.curves(run)
    kinds, conditional = run.kinds(), run.conditional()
    for kind in kinds:
        draw.class_rows(run, kind) if conditional else draw.samples(run, kind)
    draw.walk(run, kinds[0])
    # Labelled images are mostly digits here: centred, on black. There a shape's slant says more than where light lies.
    statistics = arithmetic.BRIGHTNESS, arithmetic.SLANT if conditional else arithmetic.BALANCE
    trials = arithmetic.trials(run, kinds[0], statistics)
    draw.vector_arithmetic(run, kinds[0], trials, statistics)
    measurements = measure.arithmetic_percentiles(run, kinds[0], trials, statistics)
    if conditional:
        judge, second = classifier.of(run.source), classifier.of(run.source, second=True)
        measurements += measure.nearest_neighbour_error(run) + measure.read_by_classifier(run, judge, second=second)
    elif run.source.spec.classes:
        compared = discriminators(run)
        if features.has_features(compared[measurement.Subject("last")]):
            measurements += measure.svm_on_features(run, compared, run.config.recipe.svm_images)
        else:
            height, width, _ = run.source.spec.shape
            print(
                f"note: no SVM is fitted on D's features: of images of {height} x {width} its last maps are smaller than "
                f"{features.GRID} x {features.GRID}. A --preset with fewer or smaller strides has larger ones.",
                file=sys.stderr,
            )
    return measurements


def discriminators(run):
    """{Subject: D} of D as trained and as it could have begun: those whose features are compared."""
    import keras

    trained = run.loaded(rules.discriminator(run.config, run.source.spec), run.workdir.network("discriminator"))
    keras.utils.set_random_seed(run.config.seed)
    started = measurement.Subject(reference="D with random weights")
    return {measurement.Subject("last"): trained, started: rules.discriminator(run.config, run.source.spec)}
