"""What papers show without a number, held against our runs by criteria of ours, as rows of text.

The claims and their criteria are the experiments' own (Experiment.claims).
"""

import statistics
from collections.abc import Sequence

from gan_repro.papers.experiment import Claim, Experiment
from gan_repro.reporting import metrics, verdicts
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import is_variant, model
from gan_repro.reporting.groups import Group
from gan_repro.system.numbers import with_error

HEADING = "What the paper shows without a number"
NOTE = (
    "Observed in how many training seeds, by a criterion of ours, which stands beside it; undecided with fewer than "
    f"{verdicts.MIN_SEEDS} seeds, or where they disagree. Under other conditions than the paper's, which are named, it neither "
    "confirms nor refutes."
)


def rows(table: Table) -> list[list[str]]:
    """[header, rows...] of all claims of a table's papers; the header alone where they have none."""
    found = [["The paper shows", "Our criterion", "Measured", "Conditions", "Verdict"]]
    for experiment in table.own():
        for claim in experiment.claims:
            found.append([f"{claim.figure}: {claim.says}", claim.criterion, *answer(table, experiment, claim)])
    return found


def answer(table: Table, experiment: Experiment, claim: Claim) -> tuple[str, str, str]:
    """(measured, conditions, verdict) of a claim; ("", "", "not run") where runs of it are missing."""
    used = _measured(table, experiment, claim)
    if not used:
        return "", "", "not run"
    seeds = sorted(set.intersection(*(set(values) for _, _, values in used)))
    shown: dict[str, list[str]] = {}  # what a run measured, in the order of the claim
    for (_, metric), (group, unit, values) in zip(claim.uses, used):
        name = metrics.of(metric, table.experiments).heading
        text = f"{name} {_with_interval([values[seed] for seed in seeds], unit)}"
        shown.setdefault(model(experiment, group.first), []).append(text)
    first = used[0][0].first
    runs = dict.fromkeys(f"{table.groups.index(group) + 1}" for group, _, _ in used)
    presets = dict.fromkeys(group.first.preset for group, _, _ in used)
    conditions = [
        f"run{'s' if len(runs) > 1 else ''} {' and '.join(runs)} ({', '.join(presets)}; {first.played} epochs)",
        *([claim.departure] if claim.departure else []),
        f"{len(seeds)} seed{'s' if len(seeds) != 1 else ''}",
    ]
    held = sum(bool(claim.holds(*(values[seed] for _, _, values in used))) for seed in seeds)
    measured = "; ".join(f"{model}: {', '.join(texts)}" for model, texts in shown.items())
    differences = [f"{preset} preset" for preset in presets if preset != "paper"]
    differences += [] if first.complete else [f"{first.played} epochs"]
    differences += [claim.departure.partition(";")[0]] if claim.departure else []
    return measured, "; ".join(conditions), _verdict(held, len(seeds), differences)


def _verdict(held: int, n: int, differences: Sequence[str]) -> str:
    """In words: of n seeds `held` meet the criterion; `differences` of the conditions from the paper's."""
    counted = f"in {held} of {n} seed{'s' if n != 1 else ''}"
    if differences:
        return f"other conditions: {', '.join(differences)}; observed {counted}"
    if n >= verdicts.MIN_SEEDS and held in (0, n):
        return f"observed {counted}" if held else f"not observed {counted}"
    return f"undecided: observed {counted}"


def _with_interval(values: Sequence[float], unit: str) -> str:
    """The mean over seeds, with its interval where there are verdicts.MIN_SEEDS or more."""
    unit = f" {unit}" if unit == "%" else ""
    if len(values) < verdicts.MIN_SEEDS:
        return with_error(statistics.fmean(values), None)[0] + unit
    half = verdicts.half_width(statistics.stdev(values), len(values))
    return " ± ".join(with_error(statistics.fmean(values), half)) + unit


_How = tuple[bool, bool, float, float]  # finished, of the paper preset, epochs played, epochs planned


def _measured(table: Table, experiment: Experiment, claim: Claim) -> list[tuple[Group, str, dict[int, float]]]:
    """[(group, unit, {seed: value})] of what a claim uses, of runs that played equally long; [] where one is
    missing.

    They share a seed. Finished ones come first, then those with verdicts.MIN_SEEDS seeds, then those of the paper presets,
    longer ones before shorter ones; ablations are left out.
    """
    found: dict[_How, dict[tuple[str, str], tuple[Group, str, dict[int, float]]]] = {}
    for group in table.groups:
        first = group.first
        ours = (first.experiment, first.dataset) == (experiment.name, claim.dataset)
        if ours and not is_variant(experiment, first):
            how = first.complete, first.preset == "paper", first.epochs, first.planned
            for record in group:
                for entry in (each for each in record.measurements if str(each.subject) == "last"):
                    key = first.model, entry.metric
                    values = found.setdefault(how, {}).setdefault(key, (group, entry.unit, {}))[2]
                    values[record.seed] = entry.value
    whole = {how: [each[key] for key in claim.uses] for how, each in found.items() if all(key in each for key in claim.uses)}
    shared = {how: set.intersection(*(set(values) for *_, values in used)) for how, used in whole.items()}
    known = [how for how in whole if shared[how]]
    return whole[max(known, key=lambda how: (how[0], len(shared[how]) >= verdicts.MIN_SEEDS, *how))] if known else []
