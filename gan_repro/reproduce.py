"""`python -m gan_repro.reproduce`: makes what is in results/ again from nothing: every run of its studies, every page.

What runs there are is data (results/studies/*.toml); playing, costs and comparison are in gan_repro/studies/.
"""

import concurrent.futures
import contextlib
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from absl import flags

from gan_repro.papers.experiment import PRESETS
from gan_repro.reporting import records
from gan_repro.reporting.groups import identity as group_identity
from gan_repro.reporting.record import Record
from gan_repro.studies import cluster, compare, cost, places, player, queue, study, view
from gan_repro.studies.places import Places, State
from gan_repro.studies.study import Planned, Study
from gan_repro.system import files, machine
from gan_repro.system.choices import choose
from gan_repro.system.command_line import run_main, warn
from gan_repro.system.errors import RunError, UsageError

USAGE = """usage: python -m gan_repro.reproduce [STUDY ...] [--missing | --from_scratch | --add | --status | --list | --dry_run]

Makes the numbers and figures of results/ again. Without another word it says which runs are there, which are missing and what
these will take, and starts nothing. --missing plays what results/ lacks, the cheapest first, a core each; interrupted, or
killed, it goes on by the same command. --add then puts what is finished into results/. STUDY: names of files in
results/studies; without one all of them."""

SCRATCH, SMOKE = Path("runs/from-scratch"), Path("runs/reproduce-smoke")
ACTIONS = ("list", "dry_run", "missing", "from_scratch", "add", "status")

_FLAGS: tuple[tuple, ...] = (
    (flags.DEFINE_bool, "list", False, "Show each study: what is there, what is missing, what that takes as far as is known."),
    (flags.DEFINE_bool, "dry_run", False, "Show the commands of the missing runs, in the order in which they would begin."),
    (flags.DEFINE_bool, "missing", False, "Play the runs that are neither in results nor finished."),
    (
        flags.DEFINE_bool,
        "from_scratch",
        False,
        f"Play all runs again, in {SCRATCH}, and compare each with its record in results.",
    ),
    (flags.DEFINE_bool, "add", False, "Put the finished runs' records and figures into results, and write its pages anew."),
    (flags.DEFINE_bool, "status", False, "Show what a process that plays these runs is doing."),
    (
        flags.DEFINE_string,
        "preset",
        None,
        f"smoke: play every experiment and model once with this preset, in {SMOKE}, and write pages of these runs there.",
    ),
    (flags.DEFINE_integer, "workers", None, "How many runs at once; else as many as there are cores for."),
    (flags.DEFINE_integer, "cores", 1, "Cores that each run has to itself."),
    (
        flags.DEFINE_string,
        "cluster",
        None,
        "tcp://HOST:PORT: of a running dask scheduler whose workers play the runs; local: one is started on this machine.",
    ),
    (flags.DEFINE_string, "workdir", None, f"The folder that the runs are played in; else {places.DEFAULT}."),
    (flags.DEFINE_string, "results", "results", "The folder of results, with studies/ and records/."),
    (flags.DEFINE_string, "data_dir", None, "As for gan_repro.run."),
)


def _define_flags(values):
    for define, name, default, text in _FLAGS:
        define(name, default, text, flag_values=values)


class _Asked:
    """What a command line asks for: the studies, their runs, the folders, the records that are there."""

    def __init__(self, values, names: Sequence[str]) -> None:
        self.values = values
        self.action = self._action()
        self.results = Path(values["results"].value)
        if not self.results.is_dir():
            raise RunError(f"there is no folder {self.results}; run this where results/ is, or name it with --results=DIR")
        everything = study.read_folder(self.results / study.FOLDER)
        for name in names:
            choose("study", name, everything)
        self.names = names
        self.found: dict[str, Study] = {name: everything[name] for name in names or everything}
        self.runs = study.planned(everything, self.found)
        self.entries = records.read_folder(self.results / "records", whole=self.action == "from_scratch")
        self.recorded = study.by_identity(self.entries)
        default = {"from_scratch": SCRATCH, "preset=smoke": SMOKE}.get(self.action, places.DEFAULT)
        self.places = Places(values["workdir"].value or default)
        self.workers, self.cores = self._workers()
        self.estimates = cost.Estimates([*self.entries, *self._finished()], self.places.own / "speeds.json")

    def all_runs(self) -> list[Planned]:
        """The runs of all studies, each once."""
        found = list({each.identity: each for runs in self.runs.values() for each in runs}.values())
        folders: dict[str, Planned] = {}
        for each in found:
            if (other := folders.setdefault(each.folder, each)).config.dataset != each.config.dataset:
                both = " and ".join(one.config.dataset for one in (other, each))
                raise UsageError(f"runs of {both} would share the folder {each.folder}: give one of these files another name")
        return found

    def _action(self) -> str:
        given = [name for name in ACTIONS if self.values[name].value]
        preset = self.values["preset"].value
        if preset is not None and choose("preset", preset, PRESETS) != "smoke":
            raise UsageError(f"--preset={preset}: only smoke replaces the presets of the studies")
        given += ["preset=smoke"] if preset else []
        if len(given) > 1:
            raise UsageError(f"--{given[0]} and --{given[1]}: give one of them")
        return given[0] if given else ""

    def _workers(self) -> tuple[int, int]:
        there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted, each = self.values["workers"].value, self.values["cores"].value
        here = self.values["cluster"].value in (None, cluster.LOCAL)
        if each < 1 or (here and each > there):
            said = f"from 1 to {there}, the cores of this machine" if here else "at least 1"
            raise UsageError(f"--cores={each}: must be {said}")
        if wanted is not None and not 1 <= wanted <= 1000:
            raise UsageError(f"--workers={wanted}: must be from 1 to 1000")
        wanted = wanted or max(1, there // each)
        return wanted, each if wanted * each <= there else 0  # more workers than cores share them

    def _finished(self) -> list[Record]:
        """Records in the queue's folder that are not in results."""
        found = ((entry, self.recorded.get(study.identity_of(entry))) for entry in self.places.records())
        return [entry for entry, there in found if there is None or there.epochs < entry.epochs]

    def to_add(self) -> list[Planned]:
        """The runs whose records in the queue's folder are not in results: finished ones, and those whose minutes were over."""
        return [each for each in self.all_runs() if self.places.look(each, self.recorded).record]

    def minutes(self, planned: Planned) -> float | None:
        """What is left of a run, or None."""
        estimate = self.estimates.of(planned)
        return None if estimate is None else estimate.minutes * (1 - self.places.look(planned).share)


def _body(values, names):
    asked = _Asked(values, names)
    return {
        "preset=smoke": _smoke,
        "": _say_states,
        "list": _list,
        "dry_run": _dry_run,
        "missing": _missing,
        "from_scratch": _from_scratch,
        "add": _add,
        "status": _status,
    }[asked.action](asked)


def _list(asked: _Asked) -> int:
    for line in view.states(asked.found, asked.runs, asked.places, asked.recorded, asked.estimates, asked.workers):
        print(line)
    return 0


def _say_states(asked: _Asked) -> int:
    rest = queue.unfinished(asked.all_runs(), asked.places, asked.recorded)
    for each in asked.estimates.unknown(rest):
        print(f"measuring {cost.STEPS} steps of {each.name} ...", file=sys.stderr, flush=True)
        try:
            asked.estimates.measure(each, asked.values["data_dir"].value)
        except RunError as error:
            warn(str(error))
    _list(asked)
    if rest:
        words = shlex.join(["python", "-m", "gan_repro.reproduce", *asked.names, "--missing"])
        print(f"\nNothing was started. {words} plays what is missing.")
    return 0


def _dry_run(asked: _Asked) -> int:
    jobs = queue.jobs(queue.unfinished(asked.all_runs(), asked.places, asked.recorded), asked.minutes)
    if not jobs:
        print("nothing is missing", file=sys.stderr)  # and stdout has commands alone
    for job in jobs:
        for each in job.runs:
            words = player.command(each, asked.places.run(each), asked.values["data_dir"].value)
            print(shlex.join(["python", "-m", *words]))
    return 0


def _missing(asked: _Asked) -> int:
    code = _play(asked, queue.unfinished(asked.all_runs(), asked.places, asked.recorded), asked.places)
    if new := asked.to_add():
        print(f"the records of {len(new)} runs are not in results; --add puts them there")
    return code


def _play(asked: _Asked, runs: Sequence[Planned], where: Places) -> int:
    """Plays runs until they are done; returns the exit code: 0, 1 where one failed, 128 + n after signal n."""
    queued = queue.jobs(runs, asked.minutes)
    if not queued:
        print("nothing is missing")
        return 0
    data_dir, address, stop = asked.values["data_dir"].value, asked.values["cluster"].value, player.Stop()
    with where.locked(), _workers(asked, where, address, data_dir, stop) as (executor, play, width):
        watch = view.Watch(queued, where, width())

        def work():
            return queue.work(queued, where, executor, play, stop, watch.say, watch.look, width)

        with watch.shown():
            outcomes, number = _until_stopped(stop, work)
    failed = [name for name, outcome in outcomes.items() if outcome.ended == "failed"]
    if number:
        print("stopped; everything is saved. The same command goes on")
        return 128 + number
    return 1 if failed else 0


@contextlib.contextmanager
def _workers(asked: _Asked, where: Places, address: str | None, data_dir: str | None, stop: player.Stop) -> Iterator[tuple]:
    """Yields (an Executor, what it is to call for a run, how many it plays at once)."""
    if address:
        local = address == cluster.LOCAL  # else how many cores this machine has says nothing
        number, cores = (asked.workers, asked.cores) if local else (asked.values[name].value for name in ("workers", "cores"))
        with cluster.connected(address, number, where, data_dir, stop, cores) as (cluster_executor, played):
            yield cluster_executor, played, cluster_executor.width
        return

    def play(planned):
        return player.play(planned, where, stop, asked.cores, data_dir)

    with concurrent.futures.ThreadPoolExecutor(asked.workers) as executor:
        yield executor, play, lambda: asked.workers


def _until_stopped(stop: player.Stop, work) -> tuple[dict, int]:
    """(what `work` returns, the signal that ended it, or 0). The first signal asks the runs to save themselves and end."""
    noted: list[int] = []

    def ask(number, frame):
        del frame
        noted.append(number)
        stop.ask()
        signal.signal(number, before[number])
        print("\nthe runs save themselves and end; once more ends this program at once", flush=True)

    before: dict = {}
    for each in (signal.SIGINT, signal.SIGTERM):
        before[each] = signal.signal(each, ask)
    try:
        return work(), noted[0] if noted else 0
    finally:
        stop.ask()
        for number, handler in before.items():
            signal.signal(number, handler)


def _from_scratch(asked: _Asked) -> int:
    runs = asked.all_runs()
    code = _play(asked, queue.unfinished(runs, asked.places), asked.places)
    verdicts: list[str] = []
    for each in runs:
        again, committed = asked.places.look(each).record, asked.recorded.get(each.identity)
        if again is not None and again.manifest.commit != machine.commit():
            print(f"\nnote: {each.name} was played by commit {again.manifest.commit}; without {asked.places.path} it is anew")
        if again is None:
            print(f"\n{each.name}: not finished")
        elif committed is None:
            print(f"\n{each.name}: results has no record of it")
        else:
            print(f"\n{each.name}:")
            seeds = [entry for entry in asked.entries if group_identity(entry) == group_identity(committed)]
            for line in compare.lines(again, committed, seeds):
                verdicts.append(line.verdict)
                print(f"  {line}")
    if verdicts:
        print("\n" + ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts))))
    return code or int("DIFFERS" in verdicts)


def _add(asked: _Asked) -> int:
    from gan_repro import publish

    new = asked.to_add()
    if not new:
        print(f"no finished run in {asked.places.path} is missing in results; its pages are written anew")
    for line in publish.add([asked.places.finished(each) for each in new], asked.results, partial=True):
        print(line)
    return 0


def _smoke(asked: _Asked) -> int:
    from gan_repro import publish
    from gan_repro.studies import smoke

    if not (asked.places.path / "digits.npz").exists():
        smoke.write_data(asked.places.path)
    runs, scratch = smoke.planned(asked.places.path), asked.places.path / "results"
    code = _play(asked, queue.unfinished(runs, asked.places), asked.places)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    finished = [asked.places.finished(each) for each in runs if asked.places.look(each).state is State.FINISHED]
    pages = [line for line in publish.add(finished, scratch, strict=False) if line.endswith(".md")]
    print(f"{len(finished)} of {len(runs)} runs finished; {len(pages)} pages of them are in {scratch}")
    return code


def _status(asked: _Asked) -> int:
    told: Mapping = files.read_json(asked.places.status) if asked.places.status.exists() else {}
    if not asked.places.at_work():
        print(f"nothing plays the runs of {asked.places.path}")
    else:
        print(f"process {told.get('process', '?')}: {len(told.get('running', {}))} running, {told.get('waiting', 0)} waiting")
    begun = told.get("running", {}) if asked.places.at_work() else {}
    recorded = asked.recorded if asked.places.path != Places(SCRATCH).path else {}  # there they are played again
    rows = view.rows(asked.all_runs(), asked.places, begun, recorded)
    for row in [*rows, *((name, "running") for name in begun if name not in {row[0] for row in rows})]:
        print("  " + "; ".join(part for part in row if part))
    return 0


def main(argv: Sequence[str]) -> int:
    """Runs the program; returns its exit code (0 done, 1 a run failed or differs, 2 wrong usage, 128+n ended by signal n)."""
    names: list[str] = []
    return run_main(_define_flags, lambda values: _body(values, names), argv, USAGE, names)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
