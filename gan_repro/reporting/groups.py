"""Groups: records that are equal but for the seed, and their measurements summarised over the seeds."""

import dataclasses
import json
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence

from gan_repro.evaluation.measurement import Measurement, Paired, Quantity
from gan_repro.papers import configuration
from gan_repro.reporting.record import Record
from gan_repro.system.errors import RunError
from gan_repro.system.numbers import spans

ROUNDING = 1e-6  # of a value in float32


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary(Quantity):
    """One measurement over the seeds of a group.

    Attributes:
      value: mean over seeds.
      standard_error: mean over seeds of the standard error over test images (or folds), or None.
      std_over_seeds: standard deviation over seeds (n - 1 in the denominator); None with one seed.
      seeds: sorted.
      sigmas: the distinct Parzen widths that validation chose, over seeds and folds, sorted.
      sigma_at_edge: whether one of them was the first or the last of the grid: a better one may lie beyond.
      std_over_draws: mean over seeds of the standard deviation over draws of z.
      std_over_subsets: mean over seeds of that over subsets of real images.
      classifier_difference: mean over seeds, with its sign, of the number by a second classifier minus this one. The two
        classifiers are the same for all seeds, so it is by how much another one would have moved `value`.
      paired: to another one of the same runs: mean over seeds of the mean difference; its standard error is of several seeds
        that of the mean over them (n - 1 in the standard deviation), of one seed that over its test images or folds.
      The last four are None where a seed does not say them, `paired` also where the seeds are compared with different ones.
    """

    value: float
    standard_error: float | None
    std_over_seeds: float | None
    seeds: tuple[int, ...]
    sigmas: tuple[float, ...] = ()
    sigma_at_edge: bool = False
    std_over_draws: float | None = None
    std_over_subsets: float | None = None
    classifier_difference: float | None = None
    paired: Paired | None = None


@dataclasses.dataclass(frozen=True)
class Group:
    """Records that are equal but for the seed: at least one, sorted by seed."""

    records: tuple[Record, ...]

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def first(self) -> Record:
        """That of the lowest seed: what it says of recipe, data and epochs holds for all."""
        return self.records[0]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of its records."""
        return tuple(record.seed for record in self.records)

    @property
    def seeds_in_words(self) -> str:
        """Such as "seed 0", "seeds 0, 1", "seeds 0-19"."""
        return f"seed{'s' if len(self) > 1 else ''} {spans(self.seeds)}"

    def measurements(self) -> list[Measurement]:
        """Those of all records, one record after the other."""
        return [entry for record in self.records for entry in record.measurements]

    def summaries(self) -> list[Summary]:
        """Every measurement summarised over the seeds, in the order of the first record's measurements."""
        found: dict[Quantity, dict[int, Measurement]] = {}
        for record in self.records:
            for entry in record.measurements:
                found.setdefault(entry.quantity, {})[record.seed] = entry
        return [_summary(quantity, by_seed) for quantity, by_seed in found.items()]


def _summary(quantity: Quantity, by_seed: dict[int, Measurement]) -> Summary:
    entries = list(by_seed.values())
    values = [entry.value for entry in entries]
    return Summary(
        **vars(quantity),
        value=statistics.fmean(values),
        standard_error=_mean([entry.standard_error for entry in entries]),
        std_over_seeds=_deviation(values) if len(values) > 1 else None,
        seeds=tuple(sorted(by_seed)),
        sigmas=tuple(sorted({sigma for entry in entries for sigma in entry.widths})),
        sigma_at_edge=any(entry.sigma_at_edge for entry in entries),
        std_over_draws=_mean([entry.std_over_draws for entry in entries]),
        std_over_subsets=_mean([entry.std_over_subsets for entry in entries]),
        classifier_difference=_mean([entry.classifier_difference for entry in entries]),
        paired=_paired([entry.paired for entry in entries]),
    )


def _deviation(values: Sequence[float]) -> float:
    """The standard deviation; 0 where it is rounding alone: processors differ in the last digits of what no seed changes."""
    deviation = statistics.stdev(values)
    return deviation if deviation > ROUNDING * abs(statistics.fmean(values)) else 0.0


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean over seeds, or None where one of them does not say it."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if len(known) == len(values) else None


def _paired(found: Sequence[Paired | None]) -> Paired | None:
    known = [entry for entry in found if entry is not None]
    if len(known) < len(found) or len({entry.to for entry in known}) > 1:
        return None
    differences = [entry.difference for entry in known]
    error = known[0].standard_error
    if len(known) > 1:
        error = statistics.stdev(differences) / math.sqrt(len(known))
    return Paired(known[0].to, statistics.fmean(differences), error)


def identity(record: Record) -> str:
    """What two records share if they may be averaged: what tells runs apart but the seed, the epochs played, and the data.

    Returns:
      text, equal exactly for records of one group. The epochs planned are among it where not all of them were played: a
      schedule that was broken off is none that came to its end.
    """
    config = configuration.identity(dataclasses.asdict(record.config))
    config = {key: value for key, value in config.items() if key != "seed"}
    unfinished = [] if record.complete else [record.planned]
    return json.dumps([config, float(record.epochs), record.data.sha256, *unfinished], sort_keys=True)


def group(records: Iterable[Record]) -> list[Group]:
    """Puts records together that are equal but for the seed.

    Returns:
      Groups, sorted by experiment, data set, preset (paper first), model, more epochs first.

    Raises:
      RunError: two records are of the same run.
    """
    found: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.seed):
        found.setdefault(identity(record), []).append(record)
    for members in found.values():
        for one, other in zip(members, members[1:]):
            if one.seed == other.seed:
                names = " and ".join(each.stem or each.command for each in (one, other))
                raise RunError(f"two records of the same run: {names}; delete one")

    def order(item: tuple[str, list[Record]]):
        text, (record, *_) = item
        return record.experiment, record.dataset, record.preset != "paper", record.model, record.preset, -record.epochs, text

    return [Group(tuple(members)) for _, members in sorted(found.items(), key=order)]


def longest(groups: Iterable[Iterable[Record]]) -> dict[int, Record]:
    """{seed: its record with most epochs}, by seed: a run that was continued has a shorter record as well."""
    found = {}
    for record in sorted((each for members in groups for each in members), key=lambda record: record.epochs):
        found[record.seed] = record
    return {seed: found[seed] for seed in sorted(found)}
