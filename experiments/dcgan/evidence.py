"""What Radford et al. 2015 show of a trained model: nearest-neighbour errors, features of D, walks and arithmetic in z.

The evaluators themselves are in gan_repro.evaluation; networks and the game in rules.py.
"""


def evaluate(run):
    """The figures, and what the paper measures on such data."""
    from gan_repro.evaluation import classifier, measure
    from gan_repro.reporting import draw

    draw.curves(run)
    kinds = run.kinds()
    for kind in kinds:
        draw.class_rows(run, kind) if run.conditional() else draw.samples(run, kind)
    draw.interpolation(run, kinds[0])
    if not run.conditional():
        return []
    return measure.nearest_neighbour_error(run) + measure.read_by_classifier(run, classifier.of(run.source))
