"""Adds records of finished runs to results/, and regenerates its pages, curves and sweeps from them; without TensorFlow."""

import dataclasses
import functools
import shlex
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image

from gan_repro import shipped
from gan_repro.evaluation.measurement import PARZEN, Subject, Sweep
from gan_repro.figures import curves, sheets
from gan_repro.papers import configuration, weights_names
from gan_repro.papers.experiment import Experiment
from gan_repro.reporting import (
    comparison,
    densities,
    effects,
    findings,
    formats,
    investigation,
    likelihood,
    overview,
    panels,
    records,
    strips,
    summary,
)
from gan_repro.reporting.conditions import answering, is_variant, model, played
from gan_repro.reporting.groups import Group, group
from gan_repro.reporting.page import document, explorer
from gan_repro.reporting.record import Record
from gan_repro.reporting.validation import Validated, validated
from gan_repro.studies import pages as pages_of_studies
from gan_repro.studies import study
from gan_repro.system import files
from gan_repro.system.command_line import warn
from gan_repro.system.errors import RunError

Draw = Callable[[Path], None]  # writes a figure to a path


def regenerate(results: str | Path, found: Sequence[Experiment], strict: bool = True) -> list[Path]:
    """Writes every table, page and curve of `results` from the records in it.

    Args:
      results: the folder; its records are in records/, figures go to figures/.
      found: the Experiments, in the order of their names.
      strict: as of records.read_folder.

    Returns:
      The Paths written.

    Raises:
      RunError: a record is damaged or of no known experiment, a file cannot be written, or README.md is another's.
    """
    results, by_name = Path(results), {experiment.name: experiment for experiment in found}
    _check_page(results / "README.md")
    entries = records.read_folder(results / "records", strict)
    groups = group(entries)
    built = [comparison.build(name, found, groups) for name in comparison.names(found)]
    figures = {
        f"{record.stem}-training.png": _training(by_name[record.experiment], record)
        for record in entries
        if record.curves and not by_name[record.experiment].effects
    }
    for owner, wanted, changes in (each for table in built for each in table.effects if each[2]):
        figures[effects.figure_name(owner, wanted)] = functools.partial(effects.draw, wanted, owner, changes)
    figures |= {each.figure: each.draw for table in built for each in table.beside if each.lines}
    figures |= {each.histograms: each.draw_shares for table in built for each in table.beside if each.shares}
    folder = results / "figures"
    along = validated(found, groups)
    figures |= _log_likelihoods(along) | _sweeps(found, groups) | densities.figures(found, groups, folder)
    figures |= panels.figures(built, folder)
    figures |= strips.figures((each for table in built for each in table.beside), folder)
    # All pages are made, and all figures drawn, before a page is written: what cannot be read leaves the old ones as they were.
    pictures = [*{path.name for path in folder.glob("[!.]*.png")} | figures.keys()]
    packaged = [place.name for place in shipped.folders().values()]
    texts = {f"{table.name}{suffix}": make(table) for table in built for suffix, make in formats.FORMATS.items()}
    prose = {table.name: findings.apart(findings.read(results, table.name, entries)) for table in built}
    for table in built:
        lead, headlines, others = prose[table.name]
        lead = "\n\n".join([*([lead] if lead else []), *([overview.link_to_findings(table)] if headlines else [])])
        texts[f"{table.name}.md"] = formats.markdown(table, overview.pictures(table, sorted(pictures)), lead, others, pictures)
    texts[f"{investigation.NAME}.md"] = investigation.markdown(found, groups, pictures)
    pages = [name for name in overview.PAGES if f"{name}.md" in texts or (results / f"{name}.md").exists()]
    if (results / study.FOLDER).is_dir():
        studies = study.read_folder(results / study.FOLDER)
        texts = {name: pages_of_studies.with_studies(text, name, studies) for name, text in texts.items()}
        texts[pages_of_studies.COST] = pages_of_studies.cost(studies, entries, results)
    texts["README.md"] = overview.markdown(built, pictures, prose, packaged, pages)
    texts[document.NAME] = document.html(built, pictures, prose, along, _maps(folder / sheets.FOLDER, found), pages)
    written = {results / name: text for name, text in texts.items()} | _readme(results, built)
    for name, draw in figures.items():
        draw(folder / name)
    for path, text in written.items():
        files.write_text(path, text)
    return [*(folder / name for name in figures), *written]


def _maps(folder: Path, found: Sequence[Experiment]) -> list[explorer.Map]:
    """The shipped generators that have a sheet, in the order of their papers.

    Sheets are drawn by gan_repro.shipped, with TensorFlow, when the weights are others.
    """
    maps = []
    for paper in sorted(found, key=overview.came_out):
        for (owner, dataset), place in shipped.folders().items():
            path = folder / f"{place.name}.png"
            if owner == paper.name and path.exists():
                title = f"{paper.short_name}, {comparison.TITLES.get(dataset, dataset)}"
                maps.append(explorer.Map(title, path, sheets.current(path, shipped.weights_sha256(place.name))))
    return maps


def _readme(results: Path, built: Sequence[comparison.Table]) -> dict[Path, str]:
    """{the README.md beside `results`: its text with the table of results}; {} where it has no place for one."""
    results = results.absolute()
    path = results.parent / "README.md"
    try:
        content = path.read_bytes() if path.is_file() else b""
        text = content.decode() if summary.BEGIN.encode() in content else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {files.reason(error) if isinstance(error, OSError) else error}") from error
    return {path: summary.into_readme(text, overview.by_date(built), results.name)} if text else {}


def _check_page(path):
    """Checks that a page which is to be written anew is this program's. Raises RunError: it is not, or cannot be read."""
    try:
        content = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise RunError(f"cannot read {path}: {files.reason(error)}") from error
    if content is not None and comparison.GENERATED.encode() not in content:
        raise RunError(f"{path} is no page of this program, and would be replaced; name another folder with --results=DIR")


def _training(experiment: Experiment, record: Record) -> Draw:
    """Draws the curves of a record."""
    settings: tuple[str, ...] = ()
    if record.model in experiment.models:
        preset = experiment.models[record.model].recipe(record.preset, record.dataset)
        settings = configuration.settings(preset, played(preset, record))
    named = model(experiment, record), record.data.title, record.preset, record.epochs, record.seed, settings
    shown = curves.title_of_run(*named, record.planned)
    return lambda path: curves.training_curves(path, record.curves, shown, record.d_output, record.second_stage)


def _log_likelihoods(shown: Mapping[str, Validated]) -> dict[str, Draw]:
    """The figure of each model and data set that has validation curves: {its name: path -> None, which draws it}."""
    return {
        f"{prefix}-log-likelihood.png": functools.partial(
            _call, likelihood.log_likelihood_curves, (each.groups, each.published, each.title, each.real)
        )
        for prefix, each in shown.items()
    }


def _call(draw: Callable, shown: tuple, path: Path) -> None:
    draw(path, *shown)


@dataclasses.dataclass(frozen=True)
class _Swept:
    """The sweeps of one subject over the seeds of a group; `space` is that of its measurements, `record` the first one.

    `label` is of all its sweeps, `first_label` of the first.
    """

    record: Record
    subject: str
    reference: bool
    space: str | None
    label: str
    first_label: str
    sweeps: list[Sweep]

    def comparable(self, other: "_Swept") -> bool:
        """Whether both were measured on the same images in the same space: only then do their nats share an axis."""
        return (self.record.data.sha256, self.space) == (other.record.data.sha256, other.space)


def _swept(each: Group) -> Iterator[_Swept]:
    found: dict[tuple[Subject, str | None], list[Sweep]] = {}
    for entry in each.measurements():
        if entry.sweep:
            found.setdefault((entry.subject, entry.space), []).append(entry.sweep)
    record = each.first
    for (subject, space), sweeps in found.items():
        words = [f"{record.preset} preset", f"{record.played} epochs"]
        words += [] if str(subject) == "best" else [weights_names.title(str(subject))]
        reference = subject.weights is None or subject.variant is not None
        if reference:
            words = [f"{subject} in place of samples", *(words[:1] if record.preset != "paper" else [])]
        seeds = [f"{len(sweeps)} seeds"] if len(sweeps) > 1 else []
        drawn = [f"seed {record.seed}"] if seeds else []
        yield _Swept(record, str(subject), reference, space, ", ".join(words + seeds), ", ".join(words + drawn), sweeps)


def _sweeps(found: Sequence[Experiment], groups: Sequence[Group]) -> dict[str, Draw]:
    """The figure of each model and data set that has sweeps, with reference samples of the same data beside its own.

    {its name: path -> None, which draws it}. Ablations are left out, as in `_log_likelihoods`.
    """
    by_name, prefix_of = {experiment.name: experiment for experiment in found}, records.prefixes(groups)
    plain = [each for each in groups if not is_variant(by_name[each.first.experiment], each.first)]
    entries = [entry for each in plain for entry in _swept(each)]
    figures: dict[str, Draw] = {}
    for prefix in dict.fromkeys(prefix_of(entry.record) for entry in entries):
        own = [entry for entry in entries if prefix_of(entry.record) == prefix]
        first = own[0]
        shown = [entry for entry in own if entry.comparable(first)]
        for entry in entries:
            there = {each.subject for each in shown}
            if entry.reference and entry.comparable(first) and entry.subject not in there:
                shown.append(entry)
        column = comparison.Column(first.record.dataset, PARZEN, "nats", first.space)
        owner = by_name[first.record.experiment]
        numbers = [
            number
            for number in owner.published
            if number.ours and comparison.column(number) == column and first.record.model in answering(owner, number)
        ]
        data = ", ".join([first.record.data.title, *([first.space] if first.space else [])])
        title = f"{model(owner, first.record)} on {data}: Parzen log-likelihood against σ and the number of samples"
        drawn = [(entry.label, entry.sweeps) for entry in shown], title, numbers, first.first_label
        figures[f"{prefix}-sweep.png"] = functools.partial(_call, likelihood.parzen_sweep, drawn)
    return figures


def _check_picture(path, run_folder):
    """Checks the CRCs of a PNG, or of arrays. Raises RunError: it is damaged."""
    try:
        if path.suffix == ".npz":
            files.read_arrays(path)
            return
        with Image.open(path) as image:
            image.verify()
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, RunError) as error:
        again = shlex.join(["python", "-m", "gan_repro.evaluate", f"--workdir={run_folder}"])
        raise RunError(f"{path} is damaged: {error}. It is drawn anew by: {again}") from error


def _copy_figures(run_folder, folder, name):
    """Copies what goes along with a run's record (records.beside), under its name. Curves are drawn anew from the record."""
    for picture in records.beside(run_folder):
        if picture.name != "curves.png":
            path = folder / f"{name}-{picture.name}"
            _check_picture(picture, run_folder)
            with files.replacing(path) as temporary:
                shutil.copyfile(picture, temporary)
            yield path


def add(folders: Sequence[str | Path], results: Path, strict: bool = True, partial: bool = False) -> Iterator[str]:
    """Adds the records of finished runs to results, with their figures of samples, and writes all pages anew.

    Args:
      folders: of finished runs.
      results: the folder.
      strict, partial: as of records.finished.

    Yields:
      lines that say what was added and written.

    Raises:
      RunError: as records.finished (then nothing was added) and `regenerate`.
    """
    found = configuration.usable(warn)
    _check_page(results / "README.md")
    for folder in folders:
        records.finished(folder, strict, partial)  # all are looked at before the first is copied
    for folder in folders:
        record, path = records.place(folder, results, strict, partial)
        for picture in _copy_figures(folder, results / "figures", path.stem):
            yield f"added {picture}"
        files.write_json(path, record.to_json())  # last: whose record is there, its figures are
        yield f"added {path}"
    for path in regenerate(results, found, strict):
        yield f"wrote {path}"
