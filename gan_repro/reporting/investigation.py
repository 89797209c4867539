"""results/log-likelihood.md: what a log-likelihood owes to epochs, averages of weights, the grid of sigma and ablations."""

import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence

from scipy import stats

from gan_repro.evaluation.measurement import PARZEN, Measurement
from gan_repro.papers import weights_names
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Published
from gan_repro.reporting import cells, comparison, formats, kinds, metrics, race, records
from gan_repro.reporting.conditions import answering, change, differences, is_variant, run_title
from gan_repro.reporting.groups import Group, Summary, longest
from gan_repro.reporting.record import Record
from gan_repro.system.numbers import with_error

NAME = "log-likelihood"
FIGURES = ("log-likelihood", "sweep")  # of all runs on the data
END = 5  # the last fifth of a curve is its end
References = Sequence[tuple[Summary, list[Measurement]]]
EPOCHS = (5, 10, 20, 30, 50, 75, 100, 150, 200, 250, *range(300, 1000, 100), *range(1000, 10_001, 250))


def markdown(experiments: Iterable[Experiment], groups: Sequence[Group], figures: Collection[str] = ()) -> str:
    """The text of the page: a section for each published log-likelihood whose own recipe was trained with validation.

    Args:
      experiments: all Experiments.
      groups: what groups.group gives.
      figures: names of the files in results/figures; those of the section are shown.
    """
    lines = ["# Log-likelihood analysis", "", comparison.GENERATED, ""]
    for experiment in sorted(experiments, key=lambda each: not each.beside):  # whose table it is, then what it quotes
        for number in experiment.published:
            own = [group for group in groups if _is_of(experiment, number, group.first)]
            if number.ours and number.metric == PARZEN and own:
                prefix = records.prefixes(groups)(own[0].first)
                shown = {kind: file for kind in FIGURES if (file := f"{prefix}-{kind}.png") in figures}
                lines += _section(experiment, number, own, _references(groups, number), shown)
                lines += race.section(experiment, number.dataset, groups)
    return "\n".join(lines).rstrip() + "\n"


def _is_of(experiment: Experiment, number: Published, record: Record) -> bool:
    """Whether a run is of the recipe that a published number is of, as its paper level has it or an ablation of that."""
    same = (record.experiment, record.dataset) == (experiment.name, number.dataset)
    own = same and record.model in answering(experiment, number)
    return own and record.preset == "paper" and bool(record.curves.validation)


def _references(groups: Iterable[Group], number: Published) -> list[tuple[Summary, list[Measurement]]]:
    """[(Summary, its measurements)] of reference samples of the data that a published number is of, each once."""
    found: dict[str, tuple[Summary, list[Measurement]]] = {}
    for group in (group for group in groups if not group.first.epochs):  # nothing was trained
        for summary in group.summaries():
            same = (summary.metric, summary.dataset, summary.space) == (PARZEN, number.dataset, None)
            if same and summary.reference:
                own = [entry for entry in group.measurements() if entry.quantity == summary.quantity]
                found.setdefault(summary.reference, (summary, own))
    return list(found.values())


def _section(
    experiment: Experiment,
    number: Published,
    groups: Sequence[Group],
    references: References,
    figures: Mapping[str, str],
) -> list[str]:
    changed = [group for group in groups if is_variant(experiment, group.first)]
    plain = [group for group in groups if not is_variant(experiment, group.first)]
    along = longest(plain)
    name = f"{comparison.own_model(experiment, number)} on {groups[0].first.data.title}"
    lines = [f"## {name}: what do {cells.printed(number)} nats take ({number.source})?", ""]
    lines += [_budget([*along.values(), *(record for group in changed for record in group)]), ""]
    if along:
        averages = sorted({name for record in along.values() for name in record.curves.validation} - {"last"})
        lines += ["### Along the training", "", _ALONG, *(["", _averages(averages)] if averages else [])]
        lines += ["", *formats.grid(_along(along))]
        for seed, record in _alone(along).items():
            lines += [f"Seed {seed} alone, which was trained longest:", "", *formats.grid(_along({seed: record}))]
        ends = _ends(along)
        lines += ["### At the end of the training", "", _ENDS, "", *formats.grid(ends)] if len(ends) > 1 else []
    for kind, file in figures.items():
        caption = f"{name}: {kinds.in_words(kind)}"
        lines += [f"![{caption}](figures/{file})", "", f"*{caption}.*", ""]
    if plain:
        lines += ["### On the test images", "", _TEST, "", *formats.grid(_on_test_images(experiment, plain, references))]
        finer = _finer(experiment, plain, references)
        lines += ["### Effect of the sigma grid", "", _FINER, "", *formats.grid(finer)] if len(finer) > 1 else []
        quality = _quality(experiment, plain)
        lines += ["### Quality beyond likelihood", "", _QUALITY, "", *formats.grid(quality)] if len(quality) > 1 else []
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
_QUALITY = (
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


def _averages(names: Iterable[str]) -> str:
    """What the averages' names say, of those that there are."""
    said, moving = [], []
    for name in names:
        value = name.rpartition("-")[2]
        if weights_names.is_moving(name):
            moving.append(f"1 / (1 - {value}) = {1 / (1 - float(value)):,.0f}")
        else:
            said.append(f"`{name}` is their mean since epoch {value}")
    if moving:
        back = f"`ema-DECAY` looks back over about 1 / (1 - DECAY) updates ({'; '.join(moving)})"
        said.append(f"{back}, and is the mean so far until so many have passed")
    return f"The others are averages of its weights along the same training, which they never touch: {'; '.join(said)}."


def _ends(by_seed: Mapping[int, Record]) -> list[list[str]]:
    """[header, rows...]: how the curve of each training's last generator ends, where there are enough points to say it."""
    rows = [["Seed", "Epochs", "Slope in the last fifth", "In the fifth before", "Best validation", "at epoch"]]
    for seed, record in by_seed.items():
        curve = _curve(record)
        bounds = [max(curve) * (1 - part / END) for part in (1, 2)]
        last, before = (_slope(curve, low, high) for low, high in ((bounds[0], max(curve)), bounds[::-1]))
        if last:
            best = max(curve, key=lambda epoch: curve[epoch])
            rows.append([f"{seed}", f"{max(curve):,g}", last, before, f"{curve[best]:.1f}", f"{best:,g}"])
    return rows


def _slope(curve: Mapping[float, float], low: float, high: float) -> str:
    """Such as "+2.9 ± .4" nats per 100 epochs, over low <= epoch <= high; "" with fewer than three points."""
    found = {epoch: value for epoch, value in curve.items() if low <= epoch <= high}
    if len(found) < 3:
        return ""
    fit = stats.linregress(list(found), list(found.values()))
    return f"{100 * fit.slope:+.1f} ± {100 * fit.stderr:.1f}"


def _budget(found: Sequence[Record]) -> str:
    hours = sum(record.cost.minutes for record in found) / 60
    epochs = sum(record.epochs for record in found)
    machines = ", ".join(dict.fromkeys(each for record in found for each in record.machines))
    trainings = f"{len(found)} training{'s' if len(found) > 1 else ''}"
    return f"Measured in {trainings}, {epochs:,g} epochs and {hours:.1f} hours of {machines}."


def _curve(record: Record, weights: str = "last") -> dict[float, float]:
    """{epoch: validation log-likelihood} of a generator."""
    curve = record.curves.validation.get(weights)
    return curve.known() if curve else {}


def _mean(values: Sequence[float], of: int) -> str:
    """Such as "150.5 ± 0.7"; with how many there are where it is not all of them."""
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    some = f" ({len(values)} of {of} seeds)" if len(values) < of else ""
    return f"{statistics.mean(values):.1f}{spread}{some}" if values else ""


def _alone(by_seed: Mapping[int, Record]) -> dict[int, Record]:
    """The training that went on alone, where one did: {seed: record}."""
    lengths = sorted((max(_curve(record)), seed) for seed, record in by_seed.items())
    return {lengths[-1][1]: by_seed[lengths[-1][1]]} if len(lengths) > 1 and lengths[-1][0] > lengths[-2][0] else {}


def _along(by_seed: Mapping[int, Record]) -> list[list[str]]:
    """[header, rows...]: validations of all weights, as far as two trainings have come where there are two."""
    names = list(dict.fromkeys(name for record in by_seed.values() for name in record.curves.validation))
    found = {name: [_curve(record, name) for record in by_seed.values()] for name in names}
    ends = {max(curve) for each in found.values() for curve in each if curve}
    rows = [["Epoch", *names]]
    furthest = sorted(max(_curve(record)) for record in by_seed.values())[-2:][0]
    for epoch in sorted(epoch for epoch in {*EPOCHS, *ends} if epoch <= furthest):
        row = [_mean([curve[epoch] for curve in found[name] if epoch in curve], len(by_seed)) for name in names]
        rows += [[f"{epoch:,g}", *row]] if any(row) else []
    return rows


def _on_test_images(experiment: Experiment, groups: Iterable[Group], references: References) -> list[list[str]]:
    rows = [["Run", "Weights or reference samples", "Nats", "σ"]]
    for group in groups:
        for summary in (each for each in group.summaries() if each.metric == PARZEN):
            rows.append([_name(experiment, group), *_measured(summary)])
    return rows + [["no model: reference samples", *_measured(summary)] for summary, _ in references]


def _quality(experiment: Experiment, groups: Iterable[Group]) -> list[list[str]]:
    """[header, rows...]: of all samples that a classifier has read, their nats beside the classifier's numbers."""
    shown = (PARZEN, "frechet_distance", "precision", "recall", "class_kl")
    rows = [
        [
            "Run",
            "Weights or reference samples",
            *(f"{metrics.of(name).heading}{metrics.of_unit(unit)}" for name, unit in zip(shown, _UNITS)),
        ]
    ]
    for group in groups:
        found: dict[str, dict[str, Summary]] = {}
        for summary in group.summaries():
            found.setdefault(str(summary.subject), {})[summary.metric] = summary
        for subject, by_metric in found.items():
            if "frechet_distance" in by_metric:
                values = [_spread(by_metric[name]) if name in by_metric else "" for name in shown]
                rows.append([_name(experiment, group), subject, *values])
    return rows


_UNITS = ("nats", "squared units", "%", "%", "nats")


def _spread(summary: Summary) -> str:
    """Such as "4.20 ± 0.77", the SD over seeds; of one seed the number alone."""
    value, spread = with_error(summary.value, summary.std_over_seeds)
    return f"{value} ± {spread}" if spread else value


def _measured(summary: Summary) -> tuple[str, str, str]:
    value, error = with_error(summary.value, summary.standard_error)
    seeds = summary.std_over_seeds
    spread = "" if seeds is None else f"; SD over seeds {with_error(summary.value, seeds)[1]}"
    widths = ", ".join(map(cells.width, summary.sigmas))
    return str(summary.subject), f"{value} ± {error}{spread}", widths


def _name(experiment: Experiment, group: Group) -> str:
    return f"{run_title(experiment, group.first)}, {group.seeds_in_words}"


def _finer(experiment: Experiment, groups: Iterable[Group], references: References) -> list[list[str]]:
    """[header, rows...]: for each group with sweeps, and reference samples, what the best of their widths would give.

    Of several seeds the means; the sweep of most samples counts.
    """
    rows = [["Run", "Weights or reference samples", "Nats", "Best of the finer grid", "at σ", "Difference"]]
    for group in groups:
        found: dict[object, list[Measurement]] = {}
        for entry in group.measurements():
            if entry.sweep:
                found.setdefault((entry.subject, entry.space), []).append(entry)
        rows += [[_name(experiment, group), *_best_width(entries)] for entries in found.values()]
    swept = [entries for _, entries in references if all(entry.sweep for entry in entries)] if len(rows) > 1 else []
    return rows + [["no model: reference samples", *_best_width(entries)] for entries in swept]


def _best_width(entries: Sequence[Measurement]) -> tuple[str, str, str, str, str]:
    sweeps = [entry.sweep for entry in entries if entry.sweep]
    best = [max(zip(sweep.value[-1], sweep.sigma)) for sweep in sweeps]
    own = [sweep.chosen_value[-1] for sweep in sweeps]  # of the sweep's one set of samples, as the best
    finest, chosen = (statistics.mean(values) for values in ([nats for nats, _ in best], own))
    widths = ", ".join(sorted({cells.width(sigma) for _, sigma in best}))
    return str(entries[0].subject), f"{chosen:.1f}", f"{finest:.1f}", widths, f"{finest - chosen:+.1f}"


def _changed(experiment: Experiment, variants: Iterable[Group], unchanged: Mapping[int, Record]) -> list[list[str]]:
    rows = [["Changed", "Seeds", "Epoch", "Nats", "Unchanged, same seeds", "Difference", "Unchanged, all seeds"]]
    for group in variants:
        preset = experiment.models[group.first.model].recipe(group.first.preset, group.first.dataset)
        what = ", ".join(change(*each) for each in differences(preset, group.first))
        pairs = [(_curve(record), _curve(unchanged[record.seed])) for record in group if record.seed in unchanged]
        common = set.intersection(*(ours.keys() & theirs.keys() for ours, theirs in pairs)) if pairs else set()
        seeds = ", ".join(str(seed) for seed in group.seeds if seed in unchanged)
        if not common:
            rows.append([what, ", ".join(map(str, group.seeds)), "", "", "not trained so far", "", ""])
            continue
        epoch = max(common)
        ours, theirs = ([curve[epoch] for curve in each] for each in zip(*pairs))
        every = [curve[epoch] for curve in map(_curve, unchanged.values()) if epoch in curve]
        away = f"{statistics.mean(ours) - statistics.mean(theirs):+.1f}"
        rows.append([what, seeds, f"{epoch:,g}", _mean(ours, len(ours)), _mean(theirs, len(theirs)), away, _mean(every, 0)])
    return rows
