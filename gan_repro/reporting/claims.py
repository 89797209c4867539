"""What papers show without a number, held against our runs by criteria of ours, as rows of text.

The claims and their criteria are the experiments' own (Experiment.claims); published numbers are in tables.py.
"""

from gan_repro.experiment import level
from gan_repro.reporting import records, tables

HEADING = "What the paper shows without a number"
NOTE = (
    "Seen, not seen: by a criterion of ours, which stands beside it. Under other conditions than the paper's, which are named, "
    "either says little of the paper."
)


def rows(table):
    """[header, rows...] of all claims of a table's papers; the header alone where they have none."""
    found = [["The paper shows", "Our criterion", "Measured", "Conditions", "Verdict"]]
    for experiment in (each for each in table.experiments if each.table == table.name):
        for claim in experiment.claims:
            found.append([f"{claim.figure}: {claim.says}", claim.criterion, *_answer(table, experiment, claim)])
    return found


def _answer(table, experiment, claim):
    """(measured, conditions, verdict) of a claim."""
    used = _measured(table, experiment, claim)
    if not used:
        return "", "", "not run"
    shown = {}  # what a run measured, in the order of the claim
    for members, summary in used:
        value = tables.digits(summary.value, None)[0] + (f" {summary.unit}" if summary.unit == "%" else "")
        shown.setdefault(_model(experiment, members), []).append(value)
    runs = dict.fromkeys(f"{table.groups.index(members) + 1}" for members, _ in used)
    presets = dict.fromkeys(members[0]["preset"] for members, _ in used)
    seeds = min(len(summary.seeds) for _, summary in used)
    conditions = [
        f"run{'s' if len(runs) > 1 else ''} {' and '.join(runs)} ({', '.join(presets)}; {used[0][0][0]['epochs']:,g} epochs)",
        *([claim.departure] if claim.departure else []),
        f"{seeds} seed{'s' if seeds > 1 else ''}",
    ]
    held = claim.holds(*(summary.value for _, summary in used))
    measured = "; ".join(f"{model}: {', '.join(values)}" for model, values in shown.items())
    return measured, "; ".join(conditions), "seen" if held else "not seen"


def _model(experiment, members):
    return experiment.model(members[0]["preset"], members[0]["dataset"])


def _measured(table, experiment, claim):
    """[(records of the group, Summary)] of what a claim uses, of runs that played equally long; [] where one is missing.

    Runs of the paper presets come before all others, longer ones before shorter ones; recipes with a detail changed are left
    out.
    """
    found = {}
    for members in table.groups:
        record = members[0]
        ours = (record["experiment"], record["dataset"]) == (experiment.name, claim.dataset)
        if ours and not tables.is_variant(experiment, record):
            how = level(record["preset"]) == "paper", record["epochs"]
            suffix = record["preset"].removeprefix(level(record["preset"]))
            for summary in (each for each in records.summaries(members) if each.generator == "last"):
                found.setdefault(how, {})[suffix, summary.metric] = members, summary
    for how in sorted(found, reverse=True):
        if all(key in found[how] for key in claim.uses):
            return [found[how][key] for key in claim.uses]
    return []
