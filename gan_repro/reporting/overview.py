"""results/README.md: every paper's numbers, verdicts, figures, costs and commands on one page. No number is made here.

Nothing is computed: the page is put together from the tables (tables.py) and the names of the figures that there are.
"""

import math
import re

from gan_repro.reporting import formats, investigation, records, tables

SHOWN = ("classes-best", "samples-best", "classes-last", "samples-last", "figure1", "figure2")  # one of them opens a section

PAGES = {  # pages about the program, written by others: benchmark/, tests/
    "benchmark": "its speed beside its peers'",
    "reliability": "what was tried to break it, and what came of it",
}


def markdown(built, figures, shipped=(), pages=()):
    """The text of the page.

    Args:
      built: Tables; they are shown in the order of their papers.
      figures: names of the files in results/figures.
      shipped: names of the folders of trained generators that come with the program.
      pages: those of PAGES that there are.
    """
    lines = [
        "# Results",
        "",
        tables.GENERATED,
        "",
        "Published numbers beside measured ones, paper by paper; behind each heading lie the protocol of every number,",
        "deviations, what was not run, and notes.",
        "",
        f"[Log-likelihoods looked into]({investigation.NAME}.md): epochs, averages, widths, details of the recipe.",
        "",
    ]
    if pages:
        lines += ["Of the program itself: " + "; ".join(f"[{name}]({name}.md), {PAGES[name]}" for name in pages) + ".", ""]
    for table in sorted(built, key=_published):
        lines += _section(table, sorted(figures))
    if shipped:
        lines += [
            "## Trained generators that come with the program",
            "",
            "Drawn from the weights in [gan_repro/trained](../gan_repro/trained), with no data and no training, by",
            "`python -m gan_repro.shipped`; beside each generator lies the record of its run, which stands above.",
            "",
        ]
        lines += [f"* {name}: {', '.join(_link(each, stem) for each in _of(stem, sorted(figures)))}"
                  for name, stem in ((name, f"shipped-{name}") for name in sorted(shipped))]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


def _published(table):
    """Sorts papers by when they came out: by their arXiv number, which begins with year and month."""
    found = re.search(r"arXiv:(\d+)", table.experiments[0].reference)
    return int(found.group(1)) if found else math.inf


def _section(table, figures):
    title = table.experiments[0].title.partition(":")[0]
    lines = [f"## [{title}]({table.name}.md)", "", *(f"* {each.title} ({each.reference})" for each in table.experiments), ""]
    lines += [*_opening(table, figures), *formats.grid(tables.main_rows(table))]
    verdicts = tables.verdict_rows(table)
    lines += formats.grid(verdicts) if len(verdicts) > 1 else ["There is no published number to compare with.", ""]
    findings = [f"* {finding}" for each in table.experiments for finding in each.findings]
    lines += [*findings, ""] if findings else []
    rows, pictures = [["Run", "What", "Seeds", "Minutes", "Machine"]], []
    for run, members in enumerate(table.groups, start=1):
        owner = next(each for each in table.experiments if each.name == members[0]["experiment"])
        data = members[0]["manifest"]["data"]["title"]
        rows.append([
            f"{run}",
            f"{owner.model(members[0]['preset'], members[0]['dataset'])} on {data}: {tables.run_title(owner, members[0])}",
            ", ".join(str(record["seed"]) for record in members),
            ", ".join(f"{record['cost']['minutes']:.3g}" for record in members),
            ", ".join(dict.fromkeys(map(formats.machine, members))),
        ])  # fmt: skip
        for record in members:
            stem = records.file_name(record).removesuffix(".json")
            shown = ", ".join(_link(name, stem) for name in _of(stem, figures))
            pictures += [f"* run {run}, seed {record['seed']}: {shown}"] if shown else []
    over = [f"{prefix}-{kind}.png" for prefix in dict.fromkeys(records.prefix(members[0]) for members in table.groups)
            for kind in ("log-likelihood", "sweep")]  # fmt: skip
    links = [_link(name, "") for name in over if name in figures]
    pictures += [f"* over several runs: {', '.join(links)}"] if links else []
    lines += [*formats.grid(rows), *(["Figures:", "", *pictures, ""] if pictures else [])]
    lines += ["```", *(record["command"] for members in table.groups for record in members), "```", ""]
    return lines


def _of(stem, figures):
    return [name for name in figures if name.startswith(f"{stem}-")]


def _link(name, stem):
    """Without a stem the whole name is shown."""
    return f"[{name.removeprefix(f'{stem}-').removesuffix('.png')}](figures/{name})"


def _opening(table, figures):
    """The first picture of SHOWN that the table's first run with one has."""
    for stem in (records.file_name(record).removesuffix(".json") for members in table.groups for record in members):
        for kind in SHOWN:
            if f"{stem}-{kind}.png" in figures:
                return [f"![{stem}, {kind}](figures/{stem}-{kind}.png)", ""]
    return []
