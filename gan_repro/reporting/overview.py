"""results/README.md: every paper's numbers, verdicts, figures, costs and commands on one page.

Nothing is computed: the page is put together from the tables (comparison.py) and the names of the figures that there are.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from gan_repro.papers import weights_names
from gan_repro.reporting import claims, comparison, formats, investigation, notes, records, verdicts
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import is_variant, model, run_title

PAGES = {  # pages about the program, written by others: benchmark/, tests/
    "benchmark": "its speed beside its peers'",
    "reliability": "what was tried to break it, and what came of it",
}
KEY = (
    "**SE**: standard error over test images, folds or trials. **SD**: standard deviation over training **seeds**, whose "
    "number stands in brackets. The two are never merged.",
    "**σ**: width of the Parzen window, the best of ten on validation images; *at the grid's edge*: the best was the first or "
    "the last of them. **n**: number of samples that carry the estimate; of an SVM, of labelled images.",
    "**Runs** are numbered within each paper and listed below its tables. Presets: `paper` is the published recipe; where the "
    "paper gives no length (of Goodfellow's MNIST and CIFAR-10 models, CGAN) or has no model for the data (WGAN on MNIST), "
    "length and sizes are ours. `quick` is a smaller or shorter one for two CPU cores. A run's main row is the generator that "
    "was best by validation, where the paper chooses one so, else the last.",
    *verdicts.RULE,
    "**unverified**: a published number quoted from memory, not checked against the paper.",
)
WORDS = {  # what the name of a figure begins with
    "samples": "samples",
    "classes": "a row for each label",
    "interpolation": "interpolation in z",
    "walk": "walks through z",
    "arithmetic": "vector arithmetic",
    "averages": "averages of weights beside the last ones",
    "training": "curves of the training",
    "curves": "curves of the training",
    "estimate": "estimate and quality",
    "log-likelihood": "log-likelihood along the training",
    "sweep": "log-likelihood against σ and n",
    "k-means-centroids": "k-means centroids",
    "figure1": "Figure 1",
    "figure2": "Figure 2",
}
GENERATORS = {"best": "best by validation", "last": "last weights"}
OVER_RUNS = ("log-likelihood", "sweep")  # figures of an experiment's data set instead of a run


def markdown(
    built: Sequence[Table],
    figures: Iterable[str],
    shipped: Iterable[str] = (),
    pages: Sequence[str] = (),
    parts: Sequence[str] = (),
) -> str:
    """The text of the page.

    Args:
      built: Tables; they are shown in the order of their papers.
      figures: names of the files in results/figures.
      shipped: names of the folders of trained generators that come with the program.
      pages: those of PAGES that there are.
      parts: what the page on log-likelihoods looks into (investigation.parts).
    """
    lines = ["# Results", "", comparison.GENERATED, "", "Published numbers beside measured ones, paper by paper.", ""]
    if parts:
        looked = "; ".join(part[0].lower() + part[1:] for part in parts)
        lines += [f"[Log-likelihood analysis]({investigation.NAME}.md): {looked}.", ""]
    if pages:
        lines += ["Of the program itself: " + "; ".join(f"[{name}]({name}.md), {PAGES[name]}" for name in pages) + ".", ""]
    lines += ["## Key", "", *(f"* {line}" for line in KEY), ""]
    stems = [records.stem(record) for table in built for group in table.groups for record in group]
    figures = sorted(figures)
    owned = {name: max((stem for stem in stems if name.startswith(f"{stem}-")), key=len, default="") for name in figures}
    for table in sorted(built, key=_published):
        lines += _section(table, owned)
    if shipped:
        lines += [
            "## Trained generators that come with the program",
            "",
            "Drawn from the weights in [gan_repro/trained](../gan_repro/trained), with no data and no training, by",
            "`python -m gan_repro.shipped`; beside each generator lies the record of its run, which stands above.",
            "",
        ]
        for name in sorted(shipped):
            own = [figure for figure in figures if figure.startswith(f"shipped-{name}-")]
            lines.append(f"* {name}: {_links(f'shipped-{name}', own)}")
    return "\n".join(lines).rstrip() + "\n"


def _published(table: Table) -> float:
    """Sorts papers by when they came out: by their arXiv number, which begins with year and month."""
    found = re.search(r"arXiv:(\d+)", table.experiments[0].reference)
    return int(found.group(1)) if found else math.inf


def _section(table: Table, figures: Mapping[str, str]) -> list[str]:
    """The lines of a table's papers; `figures`: {name: the stem of the record whose figure it is, "" of none}."""
    title = table.experiments[0].title.partition(":")[0]
    lines = [f"## [{title}]({table.name}.md)", "", *(f"* {each.title} ({each.reference})" for each in table.experiments), ""]
    lines += _opening(table, figures)
    for each in table.experiments:
        lines += [f"**Protocol, {each.short_name}.** {each.protocol}", ""] if each.protocol else []
    lines += formats.grid(comparison.main_rows(table))
    caveats = notes.caveats(column.metric for column in table.columns)
    lines += [*(f"* {caveat}" for caveat in caveats), ""] if caveats else []
    verdicts = comparison.verdict_rows(table)
    lines += formats.grid(verdicts) if len(verdicts) > 1 else ["There is no published number to compare with.", ""]
    shown = claims.rows(table)
    lines += [f"**{claims.HEADING}.** {claims.NOTE}", "", *formats.grid(shown)] if len(shown) > 1 else []
    lines += [_more(table), ""]
    rows, pictures = [["Run", "What", "Seeds", "Minutes", "Machine"]], []
    for run, group in enumerate(table.groups, start=1):
        owner = table.owner(group)
        rows.append(
            [
                f"{run}",
                f"{model(owner, group.first)} on {group.first.data.title}: {run_title(owner, group.first)}",
                ", ".join(map(str, group.seeds)),
                ", ".join(f"{record.cost.minutes:.3g}" for record in group),
                ", ".join(dict.fromkeys(record.machine for record in group)),
            ]
        )
        for record in group:
            stem = records.stem(record)
            links = _links(stem, [name for name, owner_of in figures.items() if owner_of == stem])
            pictures += [f"* run {run}, seed {record.seed}: {links}"] if links else []
    prefix_of = records.prefixes(table.groups)
    for prefix, group in {prefix_of(group.first): group for group in table.groups}.items():
        kinds = [kind for kind in OVER_RUNS if f"{prefix}-{kind}.png" in figures]
        over = ", ".join(_link(f"{prefix}-{kind}.png", kind) for kind in kinds)
        known_as = f"{table.owner(group).short_name} on {group.first.data.title}"
        pictures += [f"* {known_as}, over all runs: {over}"] if kinds else []
    lines += formats.grid(rows)
    lines += _folded("Figures of every run and seed", pictures)
    commands = [record.command for group in table.groups for record in group]
    return lines + _folded("Commands", ["```", *commands, "```"] if commands else [])


def _folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Lines that a reader opens."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>", ""] if lines else []


def _more(table: Table) -> str:
    """Where the table's own page says what."""
    text = formats.markdown(table)
    parts = [
        f"[{heading}]({table.name}.md#{re.sub(r'[^a-z0-9 -]', '', heading.lower()).replace(' ', '-')})"
        for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)
    ]
    return f"More in [{table.name}.md]({table.name}.md): {', '.join(parts)}."


def _links(stem: str, figures: Iterable[str]) -> str:
    """Links to figures whose names begin with a stem, in words."""
    kinds = [name.removeprefix(f"{stem}-").removesuffix(".png") for name in figures]
    return ", ".join(_link(f"{stem}-{kind}.png", kind) for kind in kinds)


def _link(name: str, kind: str) -> str:
    return f"[{in_words(kind)}](figures/{name})"


def in_words(kind: str) -> str:
    """What a figure shows: "samples, best by validation" for "samples-best"."""
    if kind in WORDS:
        return WORDS[kind]
    head, _, name = kind.partition("-")
    if head not in WORDS or not weights_names.is_name(name):
        return kind.replace("-", " ")
    return f"{WORDS[head]}, {GENERATORS.get(name, f'average {name}')}"


def _opening(table: Table, figures: Mapping[str, str]) -> list[str]:
    """The key figures of the table's papers that there are, each of the first run that has it, with their captions.

    Ablations are no paper's.
    """
    lines: list[str] = []
    prefix_of = records.prefixes(table.groups)
    for owner in table.experiments:
        runs = enumerate(table.groups, start=1)
        plain = [(run, group) for run, group in runs if not is_variant(owner, group.first)]
        own = [(run, record) for run, group in plain for record in group]
        for figure in owner.key_figures:
            found = {}  # name -> what it is of
            for run, record in own:
                if (record.experiment, record.dataset, record.model) == (owner.name, figure.dataset, figure.model):
                    found[f"{records.stem(record)}-{figure.kind}.png"] = f" (run {run}, seed {record.seed})"
                    if figure.kind in OVER_RUNS:
                        found[f"{prefix_of(record)}-{figure.kind}.png"] = ""
            for name in [name for name in found if name in figures][:1]:
                lines += [f"![{figure.caption}](figures/{name})", "", f"*{figure.caption}{found[name]}.*", ""]
    return lines
