"""Tables that put models of several papers beside each other, as an experiment names them (Experiment.beside), from records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gan_repro.papers.experiment import Beside, Experiment
from gan_repro.reporting import cells, metrics
from gan_repro.reporting.conditions import is_variant, run_title
from gan_repro.reporting.groups import Group, Summary
from gan_repro.reporting.record import Record

REFERENCE = "training images"


def rows(beside: Beside, experiments: Sequence[Experiment], groups: Sequence[Group]) -> list[list[str]]:
    """[header, rows...]: of each model its longest run of each preset, and what training images have in place of samples.

    Shown are the best weights by validation, of runs that choose none the last ones. A model without a record is "not run".

    Args:
      beside: what to show.
      experiments: all Experiments.
      groups: what groups.group gives.
    """
    by_name = {experiment.name: experiment for experiment in experiments}
    body: list[list[str]] = []
    references: dict[str, str] = {}
    for label, name, model in beside.models:
        owner = by_name[name]
        shown = list(_longest(owner, model, beside.dataset, groups))
        if not shown:
            body.append([label, "not run", *[""] * len(beside.metrics)])
        for group in shown:
            found = _by_metric(group)
            row = [label, f"{owner.short_name}: {run_title(owner, group.first, counted=True)}"]
            body.append(row + [cells.measured(found[each], experiments) if each in found else "" for each in beside.metrics])
            for summary in group.summaries():
                if summary.reference == REFERENCE and summary.split in (None, "test"):
                    references.setdefault(summary.metric, cells.measured(summary, experiments))
    units = {summary.metric: summary.unit for group in groups for summary in group.summaries()}
    headings = (f"{metrics.of(each, experiments).heading}{metrics.of_unit(units.get(each, '1'))}" for each in beside.metrics)
    ends = [[f"{REFERENCE} in place of samples", "", *(references.get(each, "") for each in beside.metrics)]]
    return [["Model", "Run", *headings], *body, *(ends if any(ends[0][2:]) else [])]


def _longest(experiment: Experiment, model: str, dataset: str, groups: Iterable[Group]) -> Iterator[Group]:
    """The run of most epochs of each preset, without ablations; one that was not finished where no other is there."""
    found: dict[str, Group] = {}
    for group in groups:
        first = group.first
        if (first.experiment, first.model, first.dataset) == (experiment.name, model, dataset):
            longest = found.get(first.preset)
            if not is_variant(experiment, first) and (longest is None or _reached(first) > _reached(longest.first)):
                found[first.preset] = group
    yield from found.values()


def _reached(record: Record) -> tuple[bool, float]:
    return record.complete, record.epochs


def _by_metric(group: Group) -> Mapping[str, Summary]:
    """{metric: Summary} of the run's main generator, of test images where it is of a split."""
    summaries = [summary for summary in group.summaries() if not summary.variant and summary.split in (None, "test")]
    main = "best" if any(str(summary.subject) == "best" for summary in summaries) else "last"
    return {summary.metric: summary for summary in reversed(summaries) if summary.weights in (main, "last")} | {
        summary.metric: summary for summary in reversed(summaries) if summary.weights == main
    }
