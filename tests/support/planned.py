"""Planned runs that are simulated: simulated.py plays them, and leaves records as gan_repro.run would."""

import json
from pathlib import Path

from gan_repro.studies import study
from support.records import make_record


def runs(seeds="0", **changes):
    """Planned runs of a game on a line, one of each seed."""
    table = study.Runs(experiment="goodfellow2014", dataset="gaussian1d", preset="quick", seeds=seeds, **changes)
    return study.own(study.Study("simulated", runs=(table,)))


def record_of(planned, value=225.0, **changes):
    """The JSON of a record of a planned run."""
    config = planned.config.as_dict()
    names = ("experiment", "dataset", "model", "preset", "seed")
    found = make_record(config["seed"], epochs=planned.epochs)
    found |= {name: config[name] for name in names} | {"config": config}
    for entry in found["measurements"]:
        entry |= {"dataset": config["dataset"], "value": value}
    return found | changes


def command(folder, seconds=0.01, **changes):
    """A command for player.play; `seconds` of a run, or a function of it. The journal and the records lie in `folder`.

    `changes`: of the records.
    """
    folder = Path(folder)

    def of(planned, workdir, data_dir=None):
        del data_dir
        prepared = folder / f"{planned.name}.json"
        prepared.write_text(json.dumps(record_of(planned, **changes)))
        lasts = seconds(planned) if callable(seconds) else seconds
        return ["simulated", str(folder / "journal"), str(lasts), str(prepared), f"--workdir={workdir}"]

    return of


def journal(folder):
    """[(what, run's folder, process)] in the order in which they were written."""
    path = Path(folder) / "journal"
    return [tuple(line.split()) for line in path.read_text().splitlines()] if path.exists() else []


def ended(folder):
    """The folders of the runs that ended, sorted; one that was played twice stands there twice."""
    return sorted(name for word, name, _ in journal(folder) if word == "end")
