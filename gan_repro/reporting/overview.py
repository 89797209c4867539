"""results/README.md: one table of all papers, what came of each, and links to the rest."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from gan_repro.papers import weights_names
from gan_repro.papers.experiment import Experiment
from gan_repro.reporting import comparison, densities, formats, kinds, panels, records, summary, verdicts
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import is_variant

PAGES = {  # pages beside those of the tables
    "log-likelihood": "what a log-likelihood owes to epochs, averages of weights, the width σ, the seed, ablations",
    "cost": "what each study took, and what it would take on more cores",
    "benchmark": "its speed beside its peers'",
    "reliability": "what was tried to break it, and what came of it",
    "versions": "with which versions of Python and of packages it was tested",
}
KEY = (
    "**SE**: standard error over test images, folds or trials; **SD**: standard deviation over training seeds; **draws**: that "
    "over sets of samples of one training. They are never merged. In rows of figures ± is half a 90 % t interval over seeds.",
    "Presets: `paper` is the published recipe as far as it is known (each page's deviations say what is ours), `quick` a "
    "smaller or shorter one for two CPU cores.",
    *verdicts.RULE,
    "**Unverified**: a published number quoted from memory, not checked against the paper.",
)
OVER_RUNS = ("log-likelihood", "sweep", "strips")  # figures of a model and data set instead of a run


def markdown(
    built: Sequence[Table],
    figures: Iterable[str],
    found: Mapping[str, tuple[str, str, str]],
    shipped: Iterable[str] = (),
    pages: Sequence[str] = (),
) -> str:
    """The text of the page.

    Args:
      built: Tables; they are shown in the order of their papers.
      figures: names of the files in results/figures.
      found: {name of a table: its findings in their parts, Markdown} (findings.apart).
      shipped: names of the folders of trained generators that come with the program.
      pages: those of PAGES that there are.
    """
    built, figures = by_date(built), sorted(figures)
    lines = ["# Results", "", comparison.GENERATED, ""]
    lines += [
        "Each row sets a published number, or what a figure of a paper shows, beside a run of this program. A paper's name "
        "leads to its page, which has every run and the protocol. In a browser [index.html](index.html) shows the same, with "
        "curves and generators to move through.",
        "",
    ]
    for name, caption, where in panels.opening(built, figures):
        lines += [f"![{caption}](figures/{name})", "", f"*{caption}. Runs are numbered as in [{where}.md]({where}.md).*", ""]
    lines += formats.grid(summary.table(built))
    lines += [*(f"* {line}" for line in KEY), ""]
    for table in built:
        lines += _section(table, figures, *found.get(table.name, ("", "", ""))[1:])
    others = [f"[{name}]({name}.md): {PAGES[name]}" for name in pages]
    lines += ["## More", "", *(f"* {each}" for each in others)]
    if densities.GAMES in figures:
        lines.append(f"* [games on points in the plane, side by side](figures/{densities.GAMES})")
    for name in sorted(shipped):
        own = [figure for figure in figures if figure.startswith(f"shipped-{name}-")]
        lines.append(f"* The generator that comes with the program, {name}: {links(f'shipped-{name}', own)}")
    return "\n".join(lines).rstrip() + "\n"


def by_date(built: Iterable[Table]) -> list[Table]:
    """Tables in the order in which their papers came out."""
    return sorted(built, key=lambda table: came_out(table.experiments[0]))


def came_out(paper: Experiment) -> float:
    """Sorts papers by when they came out: by their arXiv number, which begins with year and month."""
    found = re.search(r"arXiv:(\d+)", paper.reference)
    return int(found.group(1)) if found else math.inf


def _section(table: Table, figures: Sequence[str], found: str, further: str) -> list[str]:
    """The lines of a table's papers: what came of them, and where there is more."""
    lines = [f"## [{_papers(table)}]({table.name}.md)", ""]
    lines += [f"{each.title} ({each.reference})" + "  " for each in table.own()]
    lines += ["", found, ""] if found else [""]
    lines += [f"[Further findings]({table.name}.md#{formats.FURTHER.lower().replace(' ', '-')}).", ""] if further else []
    shown = [f"[{caption}](figures/{name})" for name, caption, _ in opening(table, figures)]
    return lines + ([f"Figures: {'; '.join(shown)}.", ""] if shown else [])


def link_to_findings(table: Table) -> str:
    """A line for a table's own page: where the findings are that this page begins a paper's section with."""
    place = re.sub(r"[^\w -]", "", _papers(table).lower()).replace(" ", "-")
    return f"What came of it: [findings](README.md#{place})."


def _papers(table):
    return ", ".join(each.short_name for each in table.own()) or formats.title(table)


def links(stem: str, figures: Iterable[str]) -> str:
    """Links to figures whose names begin with a stem, in words."""
    kinds = [name.removeprefix(f"{stem}-").removesuffix(".png") for name in figures]
    return ", ".join(_link(f"{stem}-{kind}.png", kind) for kind in kinds)


def _link(name: str, kind: str) -> str:
    return f"[{kinds.in_words(kind)}](figures/{name})"


def opening(table: Table, figures: Sequence[str]) -> list[tuple[str, str, str]]:
    """(file, caption, which run and weights) of the key figures of the table's papers, each of the first run that has it.

    Ablations are no paper's.
    """
    shown = []
    prefix_of = records.prefixes(table.groups)
    for owner in table.experiments:
        runs = enumerate(table.groups, start=1)
        plain = [(run, group) for run, group in runs if not is_variant(owner, group.first)]
        own = [(run, record) for run, group in plain for record in group]
        for figure in owner.key_figures:
            found = {}  # name -> what it is of
            weights = figure.kind.partition("-")[2]
            shows = f"; {weights_names.title(weights)}" if weights_names.is_name(weights) else ""
            for run, record in own:
                if (record.experiment, record.dataset, record.model) == (owner.name, figure.dataset, figure.model):
                    found[f"{records.stem(record)}-{figure.kind}.png"] = f" (run {run}, seed {record.seed}{shows})"
                    if figure.kind in OVER_RUNS:
                        found[f"{prefix_of(record)}-{figure.kind}.png"] = ""
            shown += [(name, figure.caption, found[name]) for name in found if name in figures][:1]
    return shown


def pictures(table: Table, figures: Sequence[str]) -> list[str]:
    """Lines for a table's own page: its key figures with captions, and links to all figures of its runs."""
    lines: list[str] = []
    for name, caption, which in opening(table, figures):
        lines += [f"![{caption}](figures/{name})", "", f"*{caption}{which}.*", ""]
    stems = [records.stem(record) for group in table.groups for record in group]
    owner = {name: max((stem for stem in stems if name.startswith(f"{stem}-")), key=len, default="") for name in figures}
    rows = []
    for run, group in enumerate(table.groups, start=1):
        for record in group:
            stem = records.stem(record)
            own = [name for name in figures if owner[name] == stem]
            rows += [f"* run {run}, seed {record.seed}: {links(stem, own)}"] if own else []
    prefix_of = records.prefixes(table.groups)
    for prefix in dict.fromkeys(prefix_of(group.first) for group in table.groups):
        over = [_link(f"{prefix}-{kind}.png", kind) for kind in OVER_RUNS if f"{prefix}-{kind}.png" in figures]
        rows += [f"* {prefix}, over all runs: {', '.join(over)}"] if over else []
    folded = ["<details>", "<summary>Figures of every run and seed</summary>", "", *rows, "", "</details>", ""]
    return lines + (folded if rows else [])
