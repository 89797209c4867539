"""The first epochs of trainings over seeds: in how many of them G is lost, by recipe. A part of investigation.py's page.

The readings are those of the records' curves; nothing is trained or measured here.
"""

from scipy import stats

from gan_repro import watch
from gan_repro.experiment import level
from gan_repro.reporting import formats, tables, verdicts

HEADING = "The race of the first epochs"
AT = (1, 2, 3, 5, 10)  # epochs whose readings are shown
_TEXT = (
    "In the first epochs D is far ahead, and whether G comes back differs from seed to seed. Lost is a training in which two "
    f"samples differ by less than {watch.COLLAPSED:.0%} of what two real images do (`diversity`, 1 for real images) at the end "
    f"of epoch {AT[-1]}. Shares have their exact {verdicts.CONFIDENCE:.0%} interval (Clopper and Pearson)."
)


def section(experiment, dataset, groups):
    """Lines of the part: groups of `dataset` that share a preset, the unchanged recipe beside those with a detail changed.

    Shown are presets of which both have verdicts.MIN_SEEDS seeds or more; [] where there is none.
    """
    lines = []
    for preset in dict.fromkeys(members[0]["preset"] for members in groups):
        same = [each for each in groups if (each[0]["dataset"], each[0]["preset"]) == (dataset, preset) and _readings(each[0])]
        same = [each for each in same if each[0]["experiment"] == experiment.name and len(each) >= verdicts.MIN_SEEDS]
        changed = [tables.is_variant(experiment, members[0]) for members in same]
        if any(changed) and not all(changed):
            title = f"Preset `{preset}`, " if level(preset) != preset or len(lines) else ""
            ordered = [members for _, members in sorted(zip(changed, same), key=lambda pair: pair[0])]
            lines += [f"{title}by seed: the epoch's mean D(G(z)).".capitalize(), "", *formats.grid(rows(experiment, ordered))]
            lines += [*formats.grid(shares(experiment, ordered))]
    return [f"### {HEADING}", "", _TEXT, "", *lines] if lines else []


def rows(experiment, groups):
    """[header, rows...]: a row for each training."""
    found = [["Recipe", "Seed", *(f"epoch {epoch}" for epoch in AT), f"diversity at {AT[-1]}", "lost"]]
    for members in groups:
        for record in members:
            readings = _readings(record)
            cells = [f"{readings[epoch][0]:.3f}" if epoch in readings else "" for epoch in AT]
            end = [f"{readings[AT[-1]][1]:.2f}", "yes" if _lost(record) else "no"]
            found.append([_name(experiment, record), f"{record['seed']}", *cells, *end])
    return found


def shares(experiment, groups):
    """[header, rows...]: of each recipe how many trainings are lost, with the interval of that share."""
    found = [["Recipe", "Lost", "Share", f"{verdicts.CONFIDENCE:.0%} interval"]]
    for members in groups:
        lost, n = sum(map(_lost, members)), len(members)
        low, high = stats.binomtest(lost, n).proportion_ci(verdicts.CONFIDENCE)
        found.append([_name(experiment, members[0]), f"{lost} of {n}", f"{lost / n:.0%}", f"{low:.0%} to {high:.0%}"])
    return found


def _readings(record):
    """{epoch: (mean D(G(z)), diversity)} of a record's training; {} where it does not reach AT[-1] or diversity is unknown."""
    curve = record["curves"].get("training", {})
    names = ("epoch", "d_generated", "diversity")
    found = {epoch: pair for epoch, *pair in zip(*(curve.get(name, []) for name in names))}
    return found if None not in found.get(AT[-1], [None]) else {}


def _lost(record):
    return _readings(record)[AT[-1]][1] < watch.COLLAPSED


def _name(experiment, record):
    preset = experiment.recipes[record["dataset"]][record["preset"]]
    return ", ".join(tables.change(*each) for each in tables.differences(preset, record)) or "unchanged"
