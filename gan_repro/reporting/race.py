"""The first epochs of trainings over seeds: in how many of them G is lost, by recipe. A part of investigation.py's page.

The readings are those of the records' curves.
"""

from collections.abc import Iterable, Mapping, Sequence

from scipy import stats

from gan_repro.papers.experiment import Experiment
from gan_repro.reporting import formats, verdicts
from gan_repro.reporting.conditions import change, differences, paper_recipe
from gan_repro.reporting.groups import Group, longest
from gan_repro.reporting.record import Record
from gan_repro.training import monitors

HEADING = "The race of the first epochs"
AT = (1, 2, 3, 5, 10)  # epochs whose readings are shown
_TEXT = (
    "In the first epochs D is far ahead, and whether G comes back differs from seed to seed. Lost is a training in which, in "
    f"epoch {AT[-1]}, G has collapsed (two samples differ by less than {100 * monitors.COLLAPSED:.0f} % of what two real "
    "images do: `diversity`, 1 for real images) or D is saturated (mean D(x) above "
    f"{monitors.SATURATED[0]}, mean D(G(z)) below {monitors.SATURATED[1]}). Trainings whose diversity was not noted then are "
    f"left out. Shares have their exact {verdicts.LEVEL} interval (Clopper and Pearson)."
)


def section(experiment: Experiment, dataset: str, groups: Iterable[Group]) -> list[str]:
    """Lines of the part: the recipe of the paper on `dataset` beside its ablations; [] where there are none.

    A training counts whatever its length and preset, as long as it is the paper's recipe but for what is named: one for each
    seed, the longest. Shown are recipes of which there are verdicts.MIN_SEEDS seeds or more.
    """
    found: dict[str, list[list[Record]]] = {}
    for record in (record for group in groups for record in group):
        paper = paper_recipe(experiment, record) if record.experiment == experiment.name else None
        if paper is None or record.dataset != dataset or not _readings(record):
            continue
        changed = ", ".join(change(*each) for each in differences(paper, record, schedule=False))
        found.setdefault(changed, []).append([record])
    by_recipe = {changed: list(longest(each).values()) for changed, each in sorted(found.items())}
    by_recipe = {changed: each for changed, each in by_recipe.items() if len(each) >= verdicts.MIN_SEEDS}
    if "" not in by_recipe or len(by_recipe) == 1:
        return []
    named = {changed or "as published": each for changed, each in by_recipe.items()}
    lines = [f"### {HEADING}", "", _TEXT, "", *formats.grid(rows(named)), *formats.grid(shares(named))]
    return lines


def rows(by_recipe: Mapping[str, Sequence[Record]]) -> list[list[str]]:
    """[header, rows...]: a row for each training of {recipe: records}: its mean D(G(z)) in some epochs."""
    found = [["Recipe", "Seed", *(f"D(G(z)), epoch {epoch}" for epoch in AT), f"diversity at {AT[-1]}", "lost"]]
    for name, members in by_recipe.items():
        for record in members:
            readings = _readings(record)
            values = [readings.get(epoch, {}).get("d_generated") for epoch in AT]
            cells = ["" if value is None else f"{value:.3f}" for value in values]
            end = [f"{readings[AT[-1]]['diversity']:.2f}", "yes" if _lost(record) else "no"]
            found.append([name, f"{record.seed}", *cells, *end])
    return found


def shares(by_recipe: Mapping[str, Sequence[Record]]) -> list[list[str]]:
    """[header, rows...]: of each recipe of {recipe: records} how many trainings are lost, with the interval of that share."""
    found = [["Recipe", "Lost", "Share", f"{verdicts.LEVEL} interval"]]
    for name, members in by_recipe.items():
        lost, n = sum(map(_lost, members)), len(members)
        low, high = stats.binomtest(lost, n).proportion_ci(verdicts.CONFIDENCE)
        found.append([name, f"{lost} of {n}", f"{100 * lost / n:.0f} %", f"{100 * low:.0f} to {100 * high:.0f} %"])
    return found


def _readings(record: Record) -> dict[float, dict[str, float | None]]:
    """{epoch: {name: reading}} of a record's training; {} where it does not reach AT[-1] or a reading there is unknown."""
    curve = record.curves.training
    names = ("d_real", "d_generated", "diversity")
    columns = (curve.get(name, ()) for name in ("epoch", *names))
    found = {epoch: dict(zip(names, values)) for epoch, *values in zip(*columns)}
    return found if None not in found.get(AT[-1], {"": None}).values() else {}


def _lost(record: Record) -> bool:
    return bool(monitors.find_problems(_readings(record)[AT[-1]], probabilities=True, spread=True))
