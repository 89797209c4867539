"""Tables that put models of several papers beside each other, as an experiment names them (Experiment.beside), from records."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from gan_repro.data.names import dataset_kind
from gan_repro.evaluation.measurement import Subject
from gan_repro.evaluation.measures import ChainMixing
from gan_repro.papers.experiment import PRESETS, Experiment
from gan_repro.papers.shown import Beside
from gan_repro.reporting import cells, metrics, records
from gan_repro.reporting.conditions import answering, is_variant, played, run_title
from gan_repro.reporting.groups import Group, Summary
from gan_repro.reporting.record import Record
from gan_repro.system.numbers import with_error

if TYPE_CHECKING:
    from gan_repro.figures.chains import Visited

REFERENCE = "training images"
_VISITED, _CLASSES = "classes_visited", "class_kl"


class Shown(NamedTuple):
    """What a page shows of a Beside.

    Attributes:
      what: it.
      rows: its table. differences: that of `paired_rows`.
      lines: {model: classes among consecutive samples of its chains}, training images last (`visited`); {}: none has chains.
      classes: how many classes the data have.
      figure: the name of the picture of `lines`.
      shares: {model: [share of each class in %] of each seed}, training images last (`class_shares`); {}: of fewer than two
        models. histograms: the name of its picture.
      stems: {model: name of the record whose figures are shown}; strips: the name of their picture (strips.figures).
      groups: {model: its runs in the table}, of models that have one.
    """

    what: Beside
    rows: list[list[str]]
    differences: list[list[str]]
    lines: dict[str, "Visited"]
    classes: int
    figure: str
    shares: dict[str, list[list[float]]]
    histograms: str
    stems: dict[str, str]
    strips: str
    groups: Mapping[str, Sequence[Group]]

    def pictures(self, names: Collection[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """(kind, {model: its file}) of each kind of figure of which two models or more have one among `names`."""
        for kind in self.what.figures:
            files = {label: f"{stem}-{kind}.png" for label, stem in self.stems.items()}
            found = {label: file for label, file in files.items() if file in names}
            if len(found) > 1:
                yield kind, found

    def draw_shares(self, path: Path) -> None:
        """Writes the picture of its shares."""
        from gan_repro.figures import histograms  # matplotlib: a run's table shows no picture

        title = (
            f"{self.what.title}: classes that their samples are read as. Bars: mean over seeds; dots: each; dotted: all alike"
        )
        histograms.classes(path, self.shares, title)

    def draw(self, path: Path) -> None:
        """Writes the picture of its lines."""
        from gan_repro.figures import chains  # matplotlib: a run's table shows no picture

        chains.visited(path, self.lines, [REFERENCE], self.classes, f"{self.what.title}: classes among consecutive samples")


def shown(beside: Beside, name: str, experiments: Sequence[Experiment], groups: Sequence[Group]) -> Shown:
    """What the page `name` shows of `beside`; experiments and groups as of `rows`."""
    prefix = f"{name}-{dataset_kind(beside.dataset)}"
    data = [group.first.data.classes for group in groups if group.first.dataset == beside.dataset]
    there = {label: found for label, _, _, found in _shown(beside, experiments, groups) if found}
    return Shown(
        beside,
        rows(beside, experiments, groups),
        paired_rows(beside, experiments, groups),
        visited(beside, experiments, groups),
        (data[0] if data else 0) or 0,
        f"{prefix}-classes-visited.png",
        class_shares(beside, experiments, groups),
        f"{prefix}-classes-drawn.png",
        {label: records.stem(found[0].first) for label, found in there.items()},
        f"{prefix}-strips.png",
        there,
    )


def rows(beside: Beside, experiments: Sequence[Experiment], groups: Sequence[Group]) -> list[list[str]]:
    """[header, rows...]: of each model what `_shown_groups` finds, and what training images have in place of samples.

    Shown are the best weights by validation, of runs that choose none the last ones. A model without a record is "not run".

    Args:
      beside: what to show.
      experiments: all Experiments.
      groups: what groups.group gives.
    """
    body: list[list[str]] = []
    references: dict[str, str] = {}
    printed = {label: _printed(beside, owner, model) for label, owner, model, _ in _shown(beside, experiments, groups)}
    for label, owner, _, shown in _shown(beside, experiments, groups):
        if not shown:
            body.append([label, "not run", "", printed[label], *[""] * len(beside.metrics)])
        for group in shown:
            found = _by_metric(group)
            title = f"{owner.short_name}: {run_title(owner, group.first, counted=True)}"
            row = [label, title, str(len(group)), printed[label]]
            body.append(row + [cells.with_draws(found[each]) if each in found else "" for each in beside.metrics])
    real: str | None = REFERENCE
    shown_first = [group for *_, shown in _shown(beside, experiments, groups) for group in shown]
    for group in (*shown_first, *(group for group in groups if group.first.dataset == beside.dataset)):
        for summary in group.summaries():
            if summary.reference in metrics.REAL and summary.split in (None, "test"):
                references.setdefault(summary.metric, _of_reference(summary))
                real = summary.reference
    units = {summary.metric: summary.unit for group in groups for summary in group.summaries()}
    headings = (f"{metrics.of(each, experiments).heading}{metrics.of_unit(units.get(each, '1'))}" for each in beside.metrics)
    ends = [[f"{real} in place of samples", "", "", "", *(references.get(each, "") for each in beside.metrics)]]
    found_rows = [["Model", "Run", "Seeds", "Published", *headings], *body, *(ends if any(ends[0][4:]) else [])]
    return found_rows if any(printed.values()) else [row[:3] + row[4:] for row in found_rows]


def paired_rows(beside: Beside, experiments: Sequence[Experiment], groups: Sequence[Group]) -> list[list[str]]:
    """[header, rows...]: by how much the models of `beside` differ in `beside.paired`, over the same test images.

    Of each pair of models whose records say the number of every image: the mean difference, with the standard error of the
    mean over images; of several seeds each image's mean over them. Of several runs the one that stands first. Arguments as of
    `rows`; without a pair the header alone.
    """
    found: dict[str, tuple[str, np.ndarray]] = {}
    unit = ""
    for label, _, _, shown in _shown(beside, experiments, groups):
        for group in shown:
            known = [
                (entry.unit, entry.by_image)
                for record in group
                for entry in record.measurements
                if (entry.metric, entry.weights) == (beside.paired, _main(group.summaries())) and entry.by_image
            ]
            if len(known) == len(group):
                unit = known[0][0]
                found.setdefault(label, (group.first.data.sha256, np.mean([each for _, each in known], axis=0)))
    header = [f"{metrics.of(beside.paired, experiments).heading}{metrics.of_unit(unit or '1')}", "Difference ± SE over images"]
    body = []
    for (one, (data, a)), (other, (same, b)) in itertools.combinations(found.items(), 2):
        if data == same and len(a) == len(b) > 1:
            apart = a - b
            value, error = with_error(float(apart.mean()), float(apart.std(ddof=1) / len(apart) ** 0.5))
            body.append([f"{one} minus {other}", f"{value} ± {error}"])
    return [header, *body]


def visited(beside: Beside, experiments: Sequence[Experiment], groups: Sequence[Group]) -> dict[str, "Visited"]:
    """{model: figures.chains.Visited of its chains, the mean over seeds}.

    Of models that are sampled by chains, by the run and weights of `rows` (of several runs the one that stands first); training
    images in random order come last. {} without chains.
    """
    found: dict[str, Visited] = {}
    reference: Visited | None = None
    for label, owner, _, groups_shown in _shown(beside, experiments, groups):
        for group in groups_shown[:1]:
            entries = [entry for entry in group.measurements() if entry.metric == _VISITED and entry.curve]
            curves = [entry.curve for entry in entries if entry.curve and entry.subject == Subject(_main(group.summaries()))]
            if curves and all(curve["length"] == curves[0]["length"] for curve in curves):
                means = np.mean([curve["mean"] for curve in curves], axis=0).tolist()
                found[label] = {"length": curves[0]["length"], "mean": means, **_apart(owner, group.first)}
            reference = reference or next((entry.curve for entry in entries if entry.reference == REFERENCE), None)
    return found | ({REFERENCE: reference} if found and reference else {})


def _apart(owner: Experiment, record: Record) -> dict[str, int]:
    """{"apart": steps between consecutive samples of a run's chains}; {} of a model whose measures know of no chains."""
    model = owner.models[record.model]
    for measure in model.measures:
        if isinstance(measure, ChainMixing):
            recipe = played(model.recipe(record.preset, record.dataset), record)
            return {"apart": cast(int, recipe[measure.thinning]) if measure.thinning else 1}
    return {}


def class_shares(beside: Beside, experiments: Sequence[Experiment], groups: Sequence[Group]) -> dict[str, list[list[float]]]:
    """{model: [share of each class among its samples in %] of each seed}, of the runs and weights of `visited`.

    Training images come last. {} where the table does not show how evenly classes are drawn, or fewer than two models have it.
    """
    found: dict[str, list[list[float]]] = {}
    reference: list[list[float]] = []
    for label, _, _, groups_shown in _shown(beside, experiments, groups) if _CLASSES in beside.metrics else ():
        for group in groups_shown[:1]:
            main = Subject(_main(group.summaries()))
            entries = [entry for entry in group.measurements() if entry.metric == _CLASSES and entry.histogram]
            own = [_percent(entry.histogram) for entry in entries if entry.histogram and entry.subject == main]
            found |= {label: own} if own else {}
            real = [_percent(entry.histogram) for entry in entries if entry.histogram and entry.reference == REFERENCE]
            reference = reference or real[:1]
    return found | ({REFERENCE: reference} if reference else {}) if len(found) > 1 else {}


def _percent(counts: Sequence[int]) -> list[float]:
    return [100 * count / sum(counts) for count in counts]


def _shown(beside: Beside, experiments: Sequence[Experiment], groups: Sequence[Group]):
    """(label, Experiment, name of its model, its Groups that are shown) of each model."""
    by_name = {experiment.name: experiment for experiment in experiments}
    for label, name, model in beside.models:
        yield label, by_name[name], model, _shown_groups(by_name[name], model, beside.dataset, groups)


def _printed(beside: Beside, owner: Experiment, model: str) -> str:
    """What is published of a model in the first column, or "": that of the paper's own table where others quote it."""
    found = (
        cells.printed(number)
        for number in owner.published
        if (number.metric, number.dataset) == (beside.metrics[0], beside.dataset)
        and number.ours
        and model in answering(owner, number)
    )
    return next(found, "")


def _of_reference(summary: Summary) -> str:
    """Real images are the same for every seed: the deviation over seeds says nothing."""
    value, error = with_error(summary.value, summary.standard_error or summary.std_over_subsets)
    return value if summary.standard_error is None else f"{value} ± {error} SE"


def _shown_groups(experiment: Experiment, model: str, dataset: str, groups: Iterable[Group]) -> list[Group]:
    """Runs of the model's first preset that has any, without ablations: the longest, then shorter ones of more seeds.

    Runs that were not finished are there only where no other is.
    """
    plain = [
        group
        for group in groups
        if (group.first.experiment, group.first.model, group.first.dataset) == (experiment.name, model, dataset)
        and not is_variant(experiment, group.first)
    ]
    finished = [group for group in plain if group.first.complete] or plain
    preset = next((name for name in PRESETS if any(group.first.preset == name for group in finished)), "")
    found: list[Group] = []
    for group in sorted(finished, key=lambda group: (-group.first.epochs, -len(group))):
        if group.first.preset == preset and (not found or len(group) > len(found[-1])):
            found.append(group)
    return found


def _main(summaries: Iterable[Summary]) -> str:
    """The weights that are shown."""
    return "best" if any(str(summary.subject) == "best" for summary in summaries) else "last"


def _by_metric(group: Group) -> Mapping[str, Summary]:
    """{metric: Summary} of the run's main generator, of test images where it is of a split."""
    summaries = [summary for summary in group.summaries() if not summary.variant and summary.split in (None, "test")]
    main = _main(summaries)
    return {summary.metric: summary for summary in reversed(summaries) if summary.weights in (main, "last")} | {
        summary.metric: summary for summary in reversed(summaries) if summary.weights == main
    }
