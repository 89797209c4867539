"""results/log-likelihood.md: what a log-likelihood owes to epochs, averages of weights, sigma's grid and details of the recipe.

The findings are the experiments' own (Experiment.findings); how anything is measured, and the figures, are not here.
"""

import statistics

from gan_repro.experiment import level
from gan_repro.reporting import curves, formats, records, tables

METRIC = "parzen_log_likelihood"
NAME = "log-likelihood"
EPOCHS = (5, 10, 20, 30, 50, 75, 100, 150, 200, 250, *range(300, 1000, 100), *range(1000, 10_001, 250))


def markdown(experiments, groups, figures=()):
    """The text of the page: a section for each published log-likelihood whose own recipe was trained with validation.

    Args:
      experiments: all Experiments.
      groups: what records.group gives.
      figures: names of the files in results/figures; those of the section are shown.
    """
    lines = ["# Log-likelihoods looked into", "", tables.GENERATED, ""]
    for experiment in experiments:
        for number in experiment.published:
            own = [members for members in groups if _is_of(experiment, number, members[0])]
            if number.ours and number.metric == METRIC and own:
                lines += _section(experiment, number, own, figures)
    return "\n".join(lines).rstrip() + "\n"


def _is_of(experiment, number, record):
    """Whether a run is of the recipe that a published number is of, as its paper level has it or with details changed."""
    same = (record["experiment"], record["dataset"]) == (experiment.name, number.dataset)
    return same and level(record["preset"]) == "paper" and bool(curves.validation_curves(record["curves"]))


def _section(experiment, number, groups, figures):
    variants = [members for members in groups if tables.is_variant(experiment, members[0])]
    plain = [members for members in groups if members not in variants]
    title = groups[0][0]["manifest"]["data"]["title"]
    lines = [f"## {experiment.row} on {title}, {tables.printed(number)} nats published ({number.source})", ""]
    lines += [f"* {finding}" for finding in experiment.findings] + [""]
    along = _longest(plain)
    if along:
        lines += ["### Along the training", "", _ALONG, "", *formats.grid(_along(along))]
    shown = [f"{records.prefix(groups[0][0])}-{kind}.png" for kind in ("log-likelihood", "sweep")]
    lines += [line for name in shown if name in figures for line in (f"![{name}](figures/{name})", "")]
    lines += ["### On the test images", "", _TEST, "", *formats.grid(_on_test_images(experiment, plain))]
    if variants and along:
        lines += ["### Details changed", "", _CHANGED, "", *formats.grid(_changed(experiment, variants, along))]
    return lines


_ALONG = (
    "Nats of the first validation images under the protocol (10,000 samples, the paper's widths), mean over seeds, ± their "
    "standard deviation where there are several (in brackets how many). `last`: the generator as it is trained; the others are "
    "averages of its weights along the same training."
)
_TEST = (
    "Nats of all test images, mean over seeds ± standard error over images. In the last columns the best of a finer grid of "
    "widths, on the test images themselves: what no choice of width could exceed; of one generator of each run."
)
_CHANGED = (
    "One thing changed at a time (`--set`), against the unchanged recipe at the same epoch (mean ± standard deviation over "
    "seeds); nats of validation images, the generator as it is trained."
)


def _longest(groups):
    """{seed: its record with most epochs}: a run that was continued has an earlier record as well."""
    found = {}
    for record in sorted((each for members in groups for each in members), key=lambda record: record["epochs"]):
        found[record["seed"]] = record
    return dict(sorted(found.items()))


def _at(record, kind, epoch):
    """The validation log-likelihood of a generator after an epoch, or None."""
    curve = curves.validation_curves(record["curves"]).get(kind, {"epoch": [], "value": []})
    return dict(zip(curve["epoch"], curve["value"])).get(epoch)


def _over_seeds(by_seed, kind, epoch):
    values = [value for record in by_seed.values() if (value := _at(record, kind, epoch)) is not None]
    if not values:
        return ""
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread} ({len(values)})"


def _along(by_seed):
    kinds = list(dict.fromkeys(kind for record in by_seed.values() for kind in curves.validation_curves(record["curves"])))
    rows = [["Epoch", *(kind.removeprefix("averaged-") for kind in kinds)]]
    for epoch in EPOCHS:
        cells = [_over_seeds(by_seed, kind, epoch) for kind in kinds]
        rows += [[f"{epoch:,}", *cells]] if any(cells) else []
    return rows


def _on_test_images(experiment, groups):
    rows = [["Run", "Generator", "Paper's widths", "σ", "Finer widths", "σ"]]
    for members in groups:
        seeds = ", ".join(str(record["seed"]) for record in members)
        name = f"{tables.run_title(experiment, members[0])}, seed{'s' if len(members) > 1 else ''} {seeds}"
        for summary in (each for each in records.summaries(members) if each.metric == METRIC):
            value, error = tables.digits(summary.value, summary.standard_error)
            finer = _finer(members, summary.generator)
            rows.append([name, summary.generator.removeprefix("averaged-"), f"{value} ± {error}",
                         ", ".join(map(tables.width, summary.sigmas)), *finer])  # fmt: skip
    return rows


def _finer(members, generator):
    """(nats, sigma) at the best width of the sweep with most samples, mean over seeds; empty texts without sweeps."""
    sweeps = [
        entry["sweep"]
        for record in members
        for entry in record["measurements"]
        if entry["metric"] == METRIC and entry["generator"] == generator and entry.get("sweep")
    ]
    best = [max(zip(sweep["value"][-1], sweep["sigma"])) for sweep in sweeps]
    if not best:
        return "", ""
    return f"{statistics.mean(value for value, _ in best):.1f}", ", ".join(sorted({tables.width(sigma) for _, sigma in best}))


def _changed(experiment, variants, unchanged):
    rows = [["Changed", "Epoch", "Seeds", "Nats", "Unchanged recipe", "Difference"]]
    for members in variants:
        preset = experiment.recipes[members[0]["dataset"]][members[0]["preset"]]
        what = ", ".join(tables.change(*each) for each in tables.differences(preset, members[0]))
        by_seed = {record["seed"]: record for record in members}
        epoch = int(members[0]["epochs"])
        values = [value for record in by_seed.values() if (value := _at(record, "last", epoch)) is not None]
        others = [value for record in unchanged.values() if (value := _at(record, "last", epoch)) is not None]
        if values and others:
            away = f"{statistics.mean(values) - statistics.mean(others):+.1f}"
            rows.append([what, f"{epoch:,}", ", ".join(map(str, by_seed)), _over_seeds(by_seed, "last", epoch),
                         _over_seeds(unchanged, "last", epoch), away])  # fmt: skip
    return rows
