"""What studies say on the pages of results/: which of them a page shows, and cost.md."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gan_repro.reporting import costs
from gan_repro.reporting.comparison import GENERATED
from gan_repro.reporting.record import Record
from gan_repro.studies import queue, study
from gan_repro.studies.cost import Estimate, Estimates, makespan
from gan_repro.studies.study import Planned, Study
from gan_repro.system import files
from gan_repro.system.numbers import three_digits

COST = "cost.md"
CORES = (1, 2, 8, 64)
MEASURED = Path("benchmark.json")  # in results


def with_studies(text: str, page: str, found: Mapping[str, Study]) -> str:
    """A page with a line below its first that names the studies whose runs it shows; unchanged where there are none."""
    names = [name for name, each in found.items() if page in each.pages]
    if not names:
        return text
    linked = ", ".join(f"[{name}]({study.FOLDER}/{name}.toml)" for name in names)
    again = f"`python -m gan_repro.reproduce {' '.join(names)} --from_scratch`"
    return text.replace(GENERATED, f"{GENERATED}  \nIts runs are those of {linked}; {again} plays them again.", 1)


def cost(found: Mapping[str, Study], entries: Sequence[Record], results: Path) -> str:
    """cost.md: what each study took, or will take, and on how many cores.

    Args:
      found: all studies.
      entries: the records in `results`.
      results: the folder.
    """
    by_identity = study.by_identity(entries)
    estimates = Estimates(entries, results / "no such file", "no such processor")  # of records alone: the same everywhere
    runs = study.planned(found, found)
    lines = ["# What results/ cost", "", GENERATED, "", *_of_studies(runs, by_identity, estimates), ""]
    lines += [*_unfinished(by_identity.values()), *_of_cores(runs, by_identity, estimates), ""]
    return "\n".join([*lines, *_measured(results / MEASURED)]) + "\n"


def _estimate(planned: Planned, by_identity: Mapping[str, Record], estimates: Estimates) -> Estimate | None:
    """What a run took or takes from its beginning."""
    there = by_identity.get(planned.identity)
    if there is None:
        return estimates.of(planned)
    return Estimate(there.cost.minutes if there.complete else costs.minutes(planned.config, [there]), "its own record")


def _jobs(planned: Sequence[Planned], by_identity: Mapping[str, Record], estimates: Estimates) -> list[queue.Job]:
    """The runs as jobs; the minutes of one that went on are those of its last run alone."""

    def minutes(each: Planned) -> float | None:
        estimate = _estimate(each, by_identity, estimates)
        return None if estimate is None else estimate.minutes

    return queue.jobs(planned, minutes)


def _of_studies(runs, by_identity, estimates) -> Iterator[str]:
    yield (
        "Minutes are of training and evaluation together, as the records have them; machines did other work meanwhile, too. "
        "Of a missing run they are estimated from those of other seeds, of an unfinished one what is left from its own. Where "
        "there is no other seed they are roughly those of runs of the same model and preset with the fewest other settings, "
        "which may be several times too many or too few."
    )
    yield ""
    yield "| Study | Runs | In results | Minutes | Longest run | Missing, estimated | Memory, most | Processors |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for name, planned in runs.items():
        there = [by_identity[each.identity] for each in planned if each.identity in by_identity]
        last = [job.runs[-1] for job in _jobs(planned, by_identity, estimates)]
        spent = [by_identity[each.identity].cost.minutes for each in last if each.identity in by_identity]
        memory = [entry.cost.memory for entry in there if entry.cost.memory]
        cells = [
            f"[{name}]({study.FOLDER}/{name}.toml)",
            str(len(planned)),
            str(sum(entry.complete for entry in there)),
            f"{sum(spent):,.0f}",
            f"{max(spent, default=0):,.0f}",
            _missing(planned, by_identity, estimates),
            f"{max(memory) / 2**30:.1f} GiB" if memory else "not noted",
            ", ".join(sorted({processor for entry in there for processor in entry.machines})),
        ]
        yield f"| {' | '.join(cells)} |"


def _missing(planned, by_identity, estimates) -> str:
    """Minutes until the last unfinished run of each job is, such as "12, roughly 30 and of unknown length"; "": none is."""
    known: list[float] = []
    rough: list[float] = []
    unknown = False
    finished = {identity for identity, there in by_identity.items() if there.complete}
    for job in queue.jobs(each for each in planned if each.identity not in finished):
        each = job.runs[-1]
        there = by_identity.get(each.identity)
        estimate = None if there else estimates.of(each)
        if there:
            known.append(costs.left(there))
        elif estimate:
            (rough if estimate.rough else known).append(estimate.minutes)
        unknown |= not (there or estimate)
    told = [f"{sum(known):,.0f}"] if known else []
    told += [f"roughly {sum(rough):,.0f}"] if rough else []
    return " and ".join([", ".join(told)] * bool(told) + ["of unknown length"] * unknown)


def _unfinished(entries: Iterable[Record]) -> Iterator[str]:
    """The trainings that were not finished: what they took, and what is left."""
    rows = sorted((entry for entry in entries if not entry.complete), key=lambda entry: entry.stem)
    if not rows:
        return
    yield "## Unfinished"
    yield ""
    yield (
        "Trainings that were measured as far as they came. What is left is estimated from their own minutes an epoch, with an "
        "evaluation at the end. `reproduce --missing` continues them where their folders are; elsewhere it plays them from "
        "their beginning."
    )
    yield ""
    yield "| Run | Epochs | Minutes | Minutes left, estimated |"
    yield "|---|--:|--:|--:|"
    for entry in rows:
        yield f"| {entry.stem} | {entry.played} | {entry.cost.minutes:,.0f} | {costs.left(entry):,.0f} |"
    yield ""


def _of_cores(runs, by_identity, estimates) -> Iterator[str]:
    yield "## On one core, and on many"
    yield ""
    yield (
        "Hours from nothing to all runs of a study whose minutes are known, a core each, by the queue's own order: a "
        "simulation with the minutes above, on whatever they were measured, GPUs too. +: and runs of unknown length."
    )
    yield ""
    yield f"| Study | 1 core | {' | '.join(f'{cores} cores' for cores in CORES[1:])} |"
    yield f"|---|{'--:|' * len(CORES)}"
    for name, planned in runs.items():
        jobs = _jobs(planned, by_identity, estimates)
        minutes = [job.minutes for job in jobs if job.minutes is not None]
        more = "+" if len(minutes) < len(jobs) else ""
        hours = [f"{three_digits(makespan(minutes, cores) / 60)}{more}" if minutes else "unknown" for cores in CORES]
        yield f"| {name} | {' | '.join(hours)} |"


def _measured(path: Path) -> Iterator[str]:
    yield "## Measured"
    yield ""
    if not path.exists():
        yield "Two runs at once on a core each, against one after the other on two: not measured."
        return
    found = files.read_json(path)
    by_name = {(row["task"], row["name"]): row for row in found["rows"]}
    pair = "at once, a core each", "one after the other, two cores each"
    at_once, in_turn = (by_name.get(("workers", name), {}) for name in pair)
    queued, alone = (by_name.get(("queue", name), {}) for name in ("in a queue", "a process alone"))
    seconds = [row.get("median") for row in (at_once, in_turn, queued, alone)]
    if None in seconds:
        yield "Not all of it was measured; see [workers](benchmark.md)."
        return
    yield (
        f"Two runs of goodfellow2014 take {three_digits(seconds[0])} s at once on a core each, {three_digits(seconds[1])} s "
        f"one after the other on two cores ({found['conditions']['processor']}; [times](benchmark.md)). The queue adds "
        f"{three_digits(1000 * (seconds[2] - seconds[3]))} ms to a run."
    )
