"""results/log-likelihood.md: what a log-likelihood owes to epochs, averages of weights, sigma's grid and details of the recipe.

The findings are the experiments' own (Experiment.findings); how anything is measured, and the figures, are not here.
"""

import re
import statistics

from scipy import stats

from gan_repro.figures import curves
from gan_repro.papers.experiment import level
from gan_repro.papers.recipe import parse_average
from gan_repro.reporting import comparison, formats, metrics, race, records

METRIC = "parzen_log_likelihood"
NAME = "log-likelihood"
FIGURES = ("log-likelihood", "sweep")  # of all runs on the data
END = 5  # the last fifth of a curve is its end
EPOCHS = (5, 10, 20, 30, 50, 75, 100, 150, 200, 250, *range(300, 1000, 100), *range(1000, 10_001, 250))


def markdown(experiments, groups, figures=()):
    """The text of the page: a section for each published log-likelihood whose own recipe was trained with validation.

    Args:
      experiments: all Experiments.
      groups: what records.group gives.
      figures: names of the files in results/figures; those of the section are shown.
    """
    lines = ["# Log-likelihood analysis", "", comparison.GENERATED, ""]
    for experiment in experiments:
        for number in experiment.published:
            own = [members for members in groups if _is_of(experiment, number, members[0])]
            if number.ours and number.metric == METRIC and own:
                prefix = records.prefixes(groups)(own[0][0])
                shown = [name for name in (f"{prefix}-{kind}.png" for kind in FIGURES) if name in figures]
                lines += _section(experiment, number, own, _stand_ins(groups, number), shown)
                lines += race.section(experiment, number.dataset, groups)
    return "\n".join(lines).rstrip() + "\n"


def parts(text):
    """What the page looks into: the headings of its parts, each once."""
    return list(dict.fromkeys(re.findall(r"^### (.+)$", text, re.MULTILINE)))


def _is_of(experiment, number, record):
    """Whether a run is of the recipe that a published number is of, as its paper level has it or with details changed."""
    same = (record["experiment"], record["dataset"]) == (experiment.name, number.dataset)
    return same and level(record["preset"]) == "paper" and bool(curves.validation_curves(record["curves"]))


def _stand_ins(groups, number):
    """[(Summary, its measurements)] of what stands in for samples of the data that a published number is of, each once."""
    found = {}
    for members in (members for members in groups if not members[0]["epochs"]):  # nothing was trained
        for summary in records.summaries(members):
            same = (summary.metric, summary.dataset, summary.space) == (METRIC, number.dataset, None)
            if same and comparison.stands_in(summary.generator):
                entries = [entry for record in members for entry in record["measurements"]]
                own = [e for e in entries if (e["metric"], e["generator"]) == (METRIC, summary.generator)]
                found.setdefault(summary.generator, (summary, own))
    return list(found.values())


def _section(experiment, number, groups, stand_ins, figures):
    changed = [members for members in groups if comparison.is_variant(experiment, members[0])]
    plain = [members for members in groups if not comparison.is_variant(experiment, members[0])]
    along = records.longest(plain)
    title = groups[0][0]["manifest"]["data"]["title"]
    lines = [f"## {experiment.row} on {title}: what do {comparison.printed(number)} nats take ({number.source})?", ""]
    lines += [_budget([*along.values(), *(record for members in changed for record in members)]), ""]
    findings = [f"* {finding}" for finding in experiment.findings.get(number.dataset, ())]
    lines += [*findings, ""] if findings else []
    if along:
        averages = sorted({kind for record in along.values() for kind in curves.validation_curves(record["curves"])} - {"last"})
        lines += ["### Along the training", "", _ALONG, *(["", _averages(averages)] if averages else [])]
        lines += ["", *formats.grid(_along(along))]
        for seed, record in _alone(along).items():
            lines += [f"Seed {seed} alone, which was trained longest:", "", *formats.grid(_along({seed: record}))]
        ends = _ends(along)
        lines += ["### At the end of the training", "", _ENDS, "", *formats.grid(ends)] if len(ends) > 1 else []
    lines += [line for name in figures for line in (f"![{name}](figures/{name})", "")]
    if plain:
        lines += ["### On the test images", "", _TEST, "", *formats.grid(_on_test_images(experiment, plain, stand_ins))]
        finer = _finer(experiment, plain, stand_ins)
        lines += ["### Effect of the sigma grid", "", _FINER, "", *formats.grid(finer)] if len(finer) > 1 else []
        judged = _judged(experiment, plain)
        lines += ["### Quality beyond likelihood", "", _JUDGED, "", *formats.grid(judged)] if len(judged) > 1 else []
    if changed:
        lines += ["### Ablations", "", _CHANGED, "", *formats.grid(_changed(experiment, changed, along))]
    return lines


_ALONG = (
    "Nats of validation images under the paper's protocol (10,000 samples, its widths), ± standard deviation over seeds where "
    "there are several. `last` is the generator as it is trained."
)
_ENDS = (
    "Whether the curve of `last` still rises: its least-squares slope, in nats per 100 epochs, over the last fifth of the "
    "epochs and over the fifth before, training by training, ± its standard error as if the validations were independent. They "
    "are not, so it is too small: neighbouring windows differ by more."
)
_FINER = (
    "The ten widths of the paper lie far apart. Beside them the best of a finer grid on the test images themselves, an "
    "optimistic choice: what a log-likelihood owes to the grid. Both are of one set of samples, the first that was reported."
)
_TEST = "Nats of all test images, mean over seeds, ± standard error over images; σ is chosen on validation images."
_JUDGED = (
    "Log-likelihoods reward smooth samples, so these are held against what a classifier of the same data sees in them (mean "
    "over seeds, ± standard deviation): the Fréchet distance of its features, less is better; precision, how many samples "
    "lie among real images; recall, how many real images lie among samples; how far the classes drawn are from equally many "
    "of each (KL, less is better). Training images show where the best end."
)
_CHANGED = (
    "One thing changed at a time (`--set`), against the unchanged recipe from the same seeds at the same epoch; nats of "
    "validation images, the generator as it is trained. The last column says how much seeds alone make: the unchanged recipe's "
    "mean ± standard deviation over all its seeds there."
)


def _averages(kinds):
    """What the averages' names say, of those that there are."""
    said, moving = [], []
    for kind in (name.removeprefix("averaged-") for name in kinds):
        decay, epoch = parse_average(kind)
        if decay == 1:
            said.append(f"`{kind}` is their mean since epoch {epoch}")
        else:
            moving.append(f"1 / (1 - {kind.partition('-')[2]}) = {1 / (1 - decay):,.0f}")
    if moving:
        back = f"`exponential-DECAY` looks back over about 1 / (1 - DECAY) updates ({'; '.join(moving)})"
        said.append(f"{back}, and is the mean so far until so many have passed")
    return f"The others are averages of its weights along the same training, which they never touch: {'; '.join(said)}."


def _ends(by_seed):
    """[header, rows...]: how the curve of each training's last generator ends, where there are enough points to say it."""
    rows = [["Seed", "Epochs", "Slope in the last fifth", "In the fifth before", "Best validation", "at epoch"]]
    for seed, record in by_seed.items():
        curve = _curve(record)
        bounds = [max(curve) * (1 - part / END) for part in (1, 2)]
        last, before = (_slope(curve, low, high) for low, high in ((bounds[0], max(curve)), bounds[::-1]))
        if last:
            best = max(curve, key=curve.get)
            rows.append([f"{seed}", f"{max(curve):,g}", last, before, f"{curve[best]:.1f}", f"{best:,g}"])
    return rows


def _slope(curve, low, high):
    """Such as "+2.9 ± .4" nats per 100 epochs, over low <= epoch <= high; "" with fewer than three points."""
    found = {epoch: value for epoch, value in curve.items() if low <= epoch <= high}
    if len(found) < 3:
        return ""
    fit = stats.linregress(list(found), list(found.values()))
    return f"{100 * fit.slope:+.1f} ± {100 * fit.stderr:.1f}"


def _budget(found):
    hours = sum(record["cost"]["minutes"] for record in found) / 60
    epochs = sum(record["epochs"] for record in found)
    machines = ", ".join(dict.fromkeys(map(formats.machine, found)))
    trainings = f"{len(found)} training{'s' if len(found) > 1 else ''}"
    return f"Measured in {trainings}, {epochs:,g} epochs and {hours:.1f} hours of {machines}."


def _curve(record, kind="last"):
    """{epoch: validation log-likelihood} of a generator."""
    curve = curves.validation_curves(record["curves"]).get(kind, {"epoch": [], "value": []})
    return {epoch: value for epoch, value in zip(curve["epoch"], curve["value"]) if value is not None}


def _mean(values, of):
    """Such as "150.5 ± 0.7"; with how many there are where it is not all of them."""
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    some = f" ({len(values)} of {of} seeds)" if len(values) < of else ""
    return f"{statistics.mean(values):.1f}{spread}{some}" if values else ""


def _alone(by_seed):
    """The training that went on alone, where one did: {seed: record}."""
    lengths = sorted((max(_curve(record)), seed) for seed, record in by_seed.items())
    return {lengths[-1][1]: by_seed[lengths[-1][1]]} if len(lengths) > 1 and lengths[-1][0] > lengths[-2][0] else {}


def _along(by_seed):
    """[header, rows...]: validations of all kinds of weights, as far as two trainings have come where there are two."""
    kinds = list(dict.fromkeys(kind for record in by_seed.values() for kind in curves.validation_curves(record["curves"])))
    found = {kind: [_curve(record, kind) for record in by_seed.values()] for kind in kinds}
    ends = {max(curve) for each in found.values() for curve in each if curve}
    rows = [["Epoch", *(kind.removeprefix("averaged-") for kind in kinds)]]
    furthest = sorted(max(_curve(record)) for record in by_seed.values())[-2:][0]
    for epoch in sorted(epoch for epoch in {*EPOCHS, *ends} if epoch <= furthest):
        cells = [_mean([curve[epoch] for curve in found[kind] if epoch in curve], len(by_seed)) for kind in kinds]
        rows += [[f"{epoch:,g}", *cells]] if any(cells) else []
    return rows


def _on_test_images(experiment, groups, stand_ins):
    rows = [["Run", "Generator", "Nats", "σ"]]
    for members in groups:
        for summary in (each for each in records.summaries(members) if each.metric == METRIC):
            rows.append([_name(experiment, members), *_measured(summary)])
    return rows + [["no model: in place of samples", *_measured(summary)] for summary, _ in stand_ins]


def _judged(experiment, groups):
    """[header, rows...]: of each generator that a classifier judged, its nats beside the classifier's numbers."""
    shown = (METRIC, "frechet_distance", "precision", "recall", "class_kl")
    rows = [["Run", "Generator", *(f"{metrics.of(name).heading}{metrics.of_unit(unit)}" for name, unit in zip(shown, _UNITS))]]
    for members in groups:
        found = {}
        for summary in records.summaries(members):
            found.setdefault(summary.generator, {})[summary.metric] = summary
        for generator, by_metric in found.items():
            if "frechet_distance" in by_metric:
                cells = [_spread(by_metric[name]) if name in by_metric else "" for name in shown]
                rows.append([_name(experiment, members), generator.removeprefix("averaged-"), *cells])
    return rows


_UNITS = ("nats", "squared units", "%", "%", "nats")


def _spread(summary):
    """Such as "4.20 ± 0.77", the SD over seeds; of one seed the number alone."""
    value, deviation = comparison.digits(summary.value, summary.deviation)
    return f"{value} ± {deviation}" if deviation else value


def _measured(summary):
    value, error = comparison.digits(summary.value, summary.standard_error)
    spread = "" if summary.deviation is None else f"; SD over seeds {comparison.digits(summary.value, summary.deviation)[1]}"
    widths = ", ".join(map(comparison.width, summary.sigmas))
    return summary.generator.removeprefix("averaged-"), f"{value} ± {error}{spread}", widths


def _name(experiment, members):
    seeds = ", ".join(str(record["seed"]) for record in members)
    return f"{comparison.run_title(experiment, members[0])}, seed{'s' if len(members) > 1 else ''} {seeds}"


def _finer(experiment, groups, stand_ins):
    """[header, rows...]: for each group with sweeps, and what stands in for samples, what the best of their widths would give.

    Of several seeds the means; the sweep of most samples counts.
    """
    rows = [["Run", "Generator", "Nats", "Best of the finer grid", "at σ", "Difference"]]
    for members in groups:
        entries = [entry for record in members for entry in record["measurements"] if entry.get("sweep")]
        rows += [[_name(experiment, members), *_best_width(entries)]] if entries else []
    swept = [entries for _, entries in stand_ins if all(entry.get("sweep") for entry in entries)] if len(rows) > 1 else []
    return rows + [["no model: in place of samples", *_best_width(entries)] for entries in swept]


def _best_width(entries):
    best = [max(zip(entry["sweep"]["value"][-1], entry["sweep"]["sigma"])) for entry in entries]
    own = [entry["sweep"]["chosen_value"][-1] for entry in entries]  # of the sweep's one set of samples, as the best
    finest, chosen = (statistics.mean(values) for values in ([nats for nats, _ in best], own))
    widths = ", ".join(sorted({comparison.width(sigma) for _, sigma in best}))
    return entries[0]["generator"], f"{chosen:.1f}", f"{finest:.1f}", widths, f"{finest - chosen:+.1f}"


def _changed(experiment, variants, unchanged):
    rows = [["Changed", "Seeds", "Epoch", "Nats", "Unchanged, same seeds", "Difference", "Unchanged, all seeds"]]
    for members in variants:
        preset = experiment.recipes[members[0]["dataset"]][members[0]["preset"]]
        what = ", ".join(comparison.change(*each) for each in comparison.differences(preset, members[0]))
        pairs = [(_curve(record), _curve(unchanged[record["seed"]])) for record in members if record["seed"] in unchanged]
        common = set.intersection(*(ours.keys() & theirs.keys() for ours, theirs in pairs)) if pairs else set()
        seeds = ", ".join(str(record["seed"]) for record in members if record["seed"] in unchanged)
        if not common:
            rows.append([what, ", ".join(str(record["seed"]) for record in members), "", "", "not trained so far", "", ""])
            continue
        epoch = max(common)
        ours, theirs = ([curve[epoch] for curve in each] for each in zip(*pairs))
        every = [curve[epoch] for curve in map(_curve, unchanged.values()) if epoch in curve]
        away = f"{statistics.mean(ours) - statistics.mean(theirs):+.1f}"
        rows.append([what, seeds, f"{epoch:,g}", _mean(ours, len(ours)), _mean(theirs, len(theirs)), away, _mean(every, 0)])
    return rows
