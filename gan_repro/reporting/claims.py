"""What papers show without a number, held against our runs by criteria of ours, as rows of text.

The claims and their criteria are the experiments' own (Experiment.claims).
"""

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence

from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Claim
from gan_repro.reporting import metrics, resampling, verdicts
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import is_variant, model, paper_recipe, played, training_differences
from gan_repro.reporting.groups import Group
from gan_repro.system.numbers import with_error

HEADING = "What the paper shows without a number"
NOTE = (
    "Observed in how many training seeds, by a criterion of ours, which stands beside it; undecided with fewer than "
    f"{verdicts.MIN_SEEDS} seeds, or where they disagree. Under other conditions than the paper's, which are named, it neither "
    "confirms nor refutes."
)
_HALF = f"Behind ± stands the half-width of the {verdicts.LEVEL} t interval over seeds."
ALIKE = 0.05  # by how much budgets (Claim.budget) of compared runs may differ, as a share of the smallest

Values = tuple[str, dict[int, float]]  # a unit, {seed: value}


def note(table: Table) -> str:
    """What stands above the rows: NOTE, and what the intervals mean that there are."""
    measured = " ".join(row[2] for row in rows(table)[1:])
    return " ".join([NOTE, *([_HALF] if "±" in measured else []), *([resampling.NOTE] if "[" in measured else [])])


def rows(table: Table) -> list[list[str]]:
    """[header, rows...] of all claims of a table's papers; the header alone where they have none."""
    found = [["The paper shows", "Our criterion", "Measured", "Conditions", "Verdict"]]
    for experiment in table.own():
        for claim in experiment.claims:
            found.append([f"{claim.figure}: {claim.says}", claim.criterion, *answer(table, experiment, claim)])
    return found


def answer(table: Table, experiment: Experiment, claim: Claim) -> tuple[str, str, str]:
    """(measured, conditions, verdict) of a claim; ("", "", "not run") where runs of it are missing."""
    groups = _compared(table, experiment, claim)
    if not groups:
        return "", "", "not run"
    seeds = sorted(_shared(claim, groups))
    used = [(name, metric, *_values(groups[name], metric)) for name, metric in claim.uses]
    shown: dict[str, list[str]] = {}  # what a run measured, in the order of the claim
    for name, metric, unit, values in used:
        known = metrics.of(metric, table.experiments)
        text = f"{known.heading} {_with_interval([values[seed] for seed in seeds], unit, known.resampled)}"
        shown.setdefault(model(experiment, groups[name].first), []).append(text)
    first = [group.first for group in groups.values()]
    runs = [f"{table.groups.index(group) + 1}" for group in groups.values()]
    presets = dict.fromkeys(record.preset for record in first)
    played_for = [f"{_and(record.played for record in first)} epochs"]
    if claim.budget:
        played_for.append(f"{_and(f'{_size(experiment, claim, each):,}' for each in groups.values())} {claim.budget.what}")
    conditions = [
        f"run{'s' if len(runs) > 1 else ''} {' and '.join(runs)} ({'; '.join([', '.join(presets), *played_for])})",
        *([claim.departure] if claim.departure else []),
        f"{len(seeds)} seed{'s' if len(seeds) != 1 else ''}",
    ]
    held = sum(bool(claim.holds(*(values[seed] for *_, values in used))) for seed in seeds)
    measured = "; ".join(f"{model}: {', '.join(texts)}" for model, texts in shown.items())
    differences = [f"{preset} preset" for preset in presets if preset != "paper"]
    if not differences:  # of another preset its name says enough
        differences = list(dict.fromkeys(text for record in first for text in training_differences(experiment, record)))
    elif not all(record.complete for record in first):
        differences.append(f"{_and(record.played for record in first)} epochs")
    differences += [claim.departure.partition(";")[0]] if claim.departure else []
    return measured, "; ".join(conditions), _verdict(held, len(seeds), differences)


def _and(texts: Iterable[str]) -> str:
    """Such as "100", "100 and 19": each once."""
    return " and ".join(dict.fromkeys(texts))


def _verdict(held: int, n: int, differences: Sequence[str]) -> str:
    """In words: of n seeds `held` meet the criterion; `differences` of the conditions from the paper's."""
    counted = f"in {held} of {n} seed{'s' if n != 1 else ''}"
    if differences:
        return f"other conditions: {', '.join(differences)}; observed {counted}"
    if n >= verdicts.MIN_SEEDS and held in (0, n):
        return f"observed {counted}" if held else f"not observed {counted}"
    return f"undecided: observed {counted}"


def _with_interval(values: Sequence[float], unit: str, resampled: bool) -> str:
    """The mean over seeds, with its interval where there are verdicts.MIN_SEEDS or more."""
    unit = f" {unit}" if unit == "%" else ""
    mean = statistics.fmean(values)
    if len(values) < verdicts.MIN_SEEDS:
        return with_error(mean, None)[0] + unit
    if resampled:
        ends = resampling.interval(values)
        shown, low, high = (with_error(value, ends[1] - ends[0])[0] for value in (mean, *ends))
        return f"{shown} [{low}, {high}]{unit}"
    half = verdicts.half_width(statistics.stdev(values), len(values))
    return " ± ".join(with_error(mean, half)) + unit


def _compared(table: Table, experiment: Experiment, claim: Claim) -> Mapping[str, Group]:
    """{model: its run} of the models that a claim uses: runs of one length, or budget, that share a seed; {} of none.

    Finished ones come first, then those with verdicts.MIN_SEEDS seeds, then those of the paper presets, longer ones before
    shorter ones; ablations are left out.
    """
    names = list(dict.fromkeys(name for name, _ in claim.uses))
    ours = [
        group
        for group in table.groups
        if (group.first.experiment, group.first.dataset) == (experiment.name, claim.dataset)
        and not is_variant(experiment, group.first)
    ]
    best: Mapping[str, Group] = {}
    rank: tuple[bool, bool, bool, float] | None = None
    for groups in itertools.product(*([group for group in ours if group.first.model == name] for name in names)):
        found = dict(zip(names, groups))
        sizes, papers = [_size(experiment, claim, each) for each in groups], {each.first.preset == "paper" for each in groups}
        shared = _shared(claim, found)
        if len(papers) > 1 or not shared or not 0 < max(sizes) <= min(sizes) * (1 + (ALIKE if claim.budget else 0)):
            continue
        whole = all(each.first.complete for each in groups)
        if not (whole or claim.budget) and len({each.first.planned for each in groups}) > 1:
            continue
        new = whole, len(shared) >= verdicts.MIN_SEEDS, papers == {True}, min(sizes)
        if rank is None or new > rank:
            best, rank = found, new
    return best


def _size(experiment: Experiment, claim: Claim, group: Group) -> float:
    """How much a run played: epochs, or the claim's budget; 0 where its minibatches were not noted."""
    record = group.first
    if claim.budget is None:
        return record.epochs
    recipe = paper_recipe(experiment, record)
    return claim.budget.of(played(recipe, record), record.cost.steps) if recipe and record.cost.steps else 0


def _shared(claim: Claim, groups: Mapping[str, Group]) -> set[int]:
    """The seeds that have everything that a claim uses."""
    return set.intersection(*(set(_values(groups[name], metric)[1]) for name, metric in claim.uses))


def _values(group: Group, metric: str) -> Values:
    """(unit, {seed: value}) of a metric of the last weights."""
    found = {
        record.seed: entry
        for record in group
        for entry in record.measurements
        if (entry.metric, str(entry.subject)) == (metric, "last")
    }
    return next((entry.unit for entry in found.values()), ""), {seed: entry.value for seed, entry in found.items()}
