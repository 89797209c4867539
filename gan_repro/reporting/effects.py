"""What single changes of a recipe do to what is measured, paired over seeds (Experiment.effects)."""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from gan_repro.evaluation.measurement import Measurement
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Effects, Outcome
from gan_repro.reporting import metrics, resampling
from gan_repro.reporting.conditions import change, differences
from gan_repro.reporting.groups import Group
from gan_repro.reporting.record import Record
from gan_repro.reporting.verdicts import MIN_SEEDS
from gan_repro.system.numbers import with_error

KIND = "effects"  # of its figure
LEAST = 10  # seeds of which a rank correlation is given
CONFIDENCE = 0.95
RULE = (
    f"Difference: to the run without the change, seed by seed; in brackets its {100 * CONFIDENCE:.0f} % t interval over seeds; "
    "of the share of collapsed runs both are those of Bonett and Price (2012), whose centre is drawn towards 0. **No effect**: "
    "that interval lies within the margin, whether or not it leaves out 0; not said where the outcome without the change is so "
    "low that it could not fall by the margin. **Raises**, **lowers**: the interval that holds for all planned comparisons of "
    f"the table together (Bonferroni) leaves out 0; **taken alone**: only the {100 * CONFIDENCE:.0f} % interval does, as one "
    "in twenty would by chance. **No effect shown**: none of these. t intervals take differences to be normal, which counts of "
    "modes are not, and with five seeds they hardly leave out 0 for all comparisons: read the collapsed runs first."
)


@dataclasses.dataclass(frozen=True)
class Effect:
    """How an outcome differs from that of the run without the change.

    Attributes:
      difference: its mean over seeds.
      half_width, simultaneous: of its interval, alone and for all comparisons together.
      margin: within which it counts as none; 0: nothing does.
      unit: of them all.
    """

    difference: float
    half_width: float
    simultaneous: float
    margin: float
    unit: str

    @property
    def word(self) -> str:
        """See RULE."""
        direction = "raises" if self.difference > 0 else "lowers"
        if self.margin and abs(self.difference) + self.half_width <= self.margin:
            return "no effect"
        if abs(self.difference) > self.simultaneous:
            return direction
        return f"{direction}, taken alone" if abs(self.difference) > self.half_width else "no effect shown"


@dataclasses.dataclass(frozen=True)
class Row:
    """What a change does.

    Attributes:
      what: it.
      seeds: those that have both runs.
      effects: {metric: Effect}.
      collapsed: (runs of them that collapse, without the change).
      share: the Effect on the share of collapsed runs, in percentage points.
      values: {metric: (its numbers, those without the change)}, seed by seed.
    """

    what: str
    seeds: tuple[int, ...]
    effects: Mapping[str, Effect]
    collapsed: tuple[int, int]
    share: Effect
    values: Mapping[str, tuple[Sequence[float], Sequence[float]]]


def rows(wanted: Effects, experiment: Experiment, groups: Sequence[Group]) -> list[Row]:
    """A Row for each changed recipe of verdicts.MIN_SEEDS seeds or more, the best change of the first outcome first.

    Compared is with the run whose changes are the most of these, without one: mostly the preset itself. Trainings that were
    not finished are left out.

    Args:
      wanted: what to compare.
      experiment: whose it is.
      groups: what groups.group gives.
    """
    recipe = experiment.models[wanted.model].recipe(wanted.preset, wanted.dataset)
    found: dict[frozenset[str], Group] = {}
    changes: dict[frozenset[str], dict[str, str]] = {}
    for group in groups:
        first = group.first
        if (first.experiment, first.model, first.dataset, first.preset) != (
            *(experiment.name, wanted.model),
            *(wanted.dataset, wanted.preset),
        ):
            continue
        if not first.complete:  # the word of an effect is a verdict
            continue
        each = {f"{key}={used}": change(key, used, base, "base") for key, used, base in differences(recipe, first, False)}
        key = frozenset(each)
        if key not in found or first.epochs > found[key].first.epochs:
            found[key], changes[key] = group, each
    common = frozenset.intersection(*found) if found else frozenset()  # of all runs, such as the precision: no row names it
    pairs = []
    for key, group in found.items():
        below = [other for other in found if other < key and found[other].first.epochs == group.first.epochs]
        if below:
            base = max(below, key=len)
            seeds = tuple(sorted(_measured(wanted, group) & _measured(wanted, found[base])))
            if len(seeds) >= MIN_SEEDS:
                what = ", ".join(text for name, text in changes[key].items() if name not in base)
                beside = ", ".join(text.partition(" (")[0] for name, text in changes[base].items() if name not in common)
                pairs.append((f"{what}, beside {beside}" if beside else what, key, base, seeds))
    count = max(wanted.changes, len(pairs)) * (len(wanted.outcomes) + 1)  # and the share of collapsed runs
    made = [_row(wanted, found[key], found[base], what, seeds, count) for what, key, base, seeds in pairs]
    first_metric = wanted.outcomes[0].metric
    sign = -1 if metrics.of(first_metric, [experiment]).better == "more" else 1
    return sorted(made, key=lambda row: sign * row.effects[first_metric].difference)


def figure_name(experiment: Experiment, wanted: Effects) -> str:
    """The name of its figure in results/figures."""
    return f"{experiment.name}-{wanted.dataset.replace('/', '-')}-{wanted.preset}-{KIND}.png"


def draw(wanted: Effects, experiment: Experiment, found: Sequence[Row], path: Path) -> None:
    """Writes the figure: the intervals of every change, a panel for each outcome. Raises RunError: it cannot be written."""
    from gan_repro.figures.intervals import forest

    panels = []
    for outcome in wanted.outcomes:
        effects = [row.effects[outcome.metric] for row in found]
        intervals = [(each.difference, each.half_width, each.simultaneous) for each in effects]
        heading = metrics.of(outcome.metric, [experiment]).heading
        named = f"{heading}: difference{metrics.of_unit(_of_difference(effects[0].unit))}"
        panels.append((named, max(each.margin for each in effects), intervals))
    forest(path, [row.what for row in found], panels, f"{wanted.title}: differences over seeds", CONFIDENCE)


def _of_difference(unit: str) -> str:
    return "percentage points" if unit == "%" else unit


def _row(wanted, changed, base, what, seeds, count):
    effects = {outcome.metric: _effect(outcome, changed, base, seeds, count) for outcome in wanted.outcomes}
    metric, least = wanted.collapse
    ours, theirs = ([value < least for value in _values(group, seeds, metric)] for group in (changed, base))
    names = [outcome.metric for outcome in wanted.outcomes]
    values = {name: (_values(changed, seeds, name), _values(base, seeds, name)) for name in names}
    return Row(what, seeds, effects, (sum(ours), sum(theirs)), _of_shares(ours, theirs, count), values)


def _of_shares(ours: Sequence[bool], theirs: Sequence[bool], count: int) -> Effect:
    """The difference of two shares of the same seeds, with its interval, Bonett and Price 2012: adjusted Wald, equation 6.

    The centre of the interval, which is the difference that is given, lies nearer to 0 than that of the seeds themselves.
    """
    more = (sum(a and not b for a, b in zip(ours, theirs)) + 1) / (len(ours) + 2)
    fewer = (sum(b and not a for a, b in zip(ours, theirs)) + 1) / (len(ours) + 2)
    error = math.sqrt((more + fewer - (more - fewer) ** 2) / (len(ours) + 2))
    from scipy import stats

    alone, together = (100 * float(stats.norm.ppf(1 - (1 - CONFIDENCE) / (2 * times))) * error for times in (1, count))
    return Effect(100 * (more - fewer), alone, together, 0.0, "%")


def _measured(wanted: Effects, group: Group) -> set[int]:
    """The seeds of a group whose runs have all outcomes."""
    asked = {outcome.metric for outcome in wanted.outcomes} | {wanted.collapse[0]}
    return {record.seed for record in group if all(_outcome(record, metric) for metric in asked)}


def _outcome(record: Record, metric: str) -> Measurement | None:
    """The outcome of a run: of its main weights, on test images where it is of a split; None: it has none."""
    found = {
        entry.weights: entry
        for entry in record.measurements
        if entry.metric == metric and entry.weights and not entry.variant and entry.split in (None, "test")
    }
    return found.get("best", found.get("last"))


def _values(group: Group, seeds: Sequence[int], metric: str) -> list[float]:
    return [entry.value for record in group if record.seed in seeds and (entry := _outcome(record, metric))]


def _effect(outcome: Outcome, changed: Group, base: Group, seeds: Sequence[int], count: int) -> Effect:
    ours, theirs = (_values(group, seeds, outcome.metric) for group in (changed, base))
    apart, n = [a - b for a, b in zip(ours, theirs)], len(seeds)
    error = statistics.stdev(apart) / math.sqrt(n)
    from scipy import stats  # takes a second, and most programs ask for no interval

    alone, together = (float(stats.t.ppf(1 - (1 - CONFIDENCE) / (2 * times), n - 1)) * error for times in (1, count))
    without = statistics.fmean(theirs)
    margin = outcome.margin * (abs(without) if outcome.relative else 1)
    margin = 0.0 if 0 <= without < margin else margin  # it could not fall by as much: every fall would be none
    first = next(entry for record in base if (entry := _outcome(record, outcome.metric)))
    return Effect(statistics.fmean(apart), alone, together, margin, first.unit)


def table(wanted: Effects, experiment: Experiment, found: Sequence[Row]) -> list[list[str]]:
    """[header, rows...] of text."""
    named = [metrics.of(outcome.metric, [experiment]).heading for outcome in wanted.outcomes]
    least = f"{metrics.of(wanted.collapse[0], [experiment]).heading} < {wanted.collapse[1]:g}"
    header = [
        "Change",
        "Seeds",
        *(f"{name}: difference" for name in named),
        f"Collapsed ({least})",
        "without",
        "share of them: difference",
    ]
    body = []
    for row in found:
        cells = [_cell(row.effects[outcome.metric]) for outcome in wanted.outcomes]
        body.append(
            [
                row.what,
                f"{len(row.seeds)}",
                *cells,
                *(f"{lost} of {len(row.seeds)}" for lost in row.collapsed),
                _cell(row.share, 100.0),
            ]
        )
    return [header, *body]


def pairing(wanted: Effects, experiment: Experiment, found: Sequence[Row]) -> str:
    """What pairing over seeds gains, in words; "" where no changes have LEAST seeds or more.

    Only changes of the most seeds count, since the bootstrap draws seeds, and only those whose outcome differs between seeds.
    """
    most = max((row.seeds for row in found), key=len, default=())
    if len(most) < LEAST:
        return ""
    texts = []
    for outcome in wanted.outcomes:
        pairs = [row.values[outcome.metric] for row in found if row.seeds == most]
        if pairs := [pair for pair in pairs if all(len(set(side)) > 1 for side in pair)]:
            mean, low, high = (f"{number:.2f}" for number in resampling.rank_correlation(pairs, CONFIDENCE))
            heading = metrics.of(outcome.metric, [experiment]).heading
            texts.append(f"{heading} {mean} [{low}, {high}] ({len(pairs)} change{'s' if len(pairs) != 1 else ''})")
    if not texts:
        return ""
    return (
        "Rank correlation over seeds of an outcome with that of the run without the change, in the mean of the changes with "
        f"{len(most)} seeds; in brackets its {100 * CONFIDENCE:.0f} % percentile bootstrap interval over seeds: "
        f"{'; '.join(texts)}. Where it is 0, runs of one seed are no more alike than others, and pairing gains nothing."
    )


def _cell(effect: Effect, most: float = math.inf) -> str:
    """`most`: as far as the outcome can differ."""
    difference, _ = with_error(effect.difference, effect.half_width or None)
    ends = (min(max(effect.difference + sign * effect.half_width, -most), most) for sign in (-1, 1))
    low, high = (with_error(end, effect.half_width or None)[0] for end in ends)
    plus = "+" if effect.difference > 0 else ""
    return f"{plus}{difference} [{low}, {high}]: {effect.word}"
