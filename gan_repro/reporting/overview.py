"""results/README.md: every paper's verdicts, figures, costs and commands on one page. What stands in a table is not here.

Nothing is computed: the page is put together from the tables (tables.py) and the names of the figures that there are.
"""

from gan_repro.reporting import formats, investigation, records, tables

SHOWN = ("classes-best", "samples-best", "classes-last", "samples-last", "figure1", "figure2")  # one of them opens a section

PAGES = {  # pages about the program, written by others: benchmark/, tests/
    "benchmark": "its speed beside its peers'",
    "reliability": "what was tried to break it, and what came of it",
}


def markdown(built, figures, shipped=(), pages=()):
    """The text of the page.

    Args:
      built: Tables, in the order in which they are shown.
      figures: names of the files in results/figures.
      shipped: names of the folders of trained generators that come with the program.
      pages: those of PAGES that there are.
    """
    lines = [
        "# Results",
        "",
        tables.GENERATED,
        "",
        "Published numbers beside measured ones, paper by paper; every number has its protocol, seeds, deviations and what was",
        "not run in its own table.",
        "",
    ]
    lines += [f"[Log-likelihoods looked into]({investigation.NAME}.md): epochs, averages, widths, details of the recipe.", ""]
    if pages:
        lines += ["Of the program itself: " + "; ".join(f"[{name}]({name}.md), {PAGES[name]}" for name in pages) + ".", ""]
    for table in built:
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


def _section(table, figures):
    titles = [f"* {each.title} ({each.reference})" for each in table.experiments]
    lines = [f"## [{formats.title(table)}]({table.name}.md)", "", *titles, ""]
    lines += _opening(table, figures)
    verdicts = tables.verdict_rows(table)
    if len(verdicts) > 1:
        lines += formats.grid(verdicts)
    else:
        lines += ["The paper gives no number to compare with; what its figures show is measured in the table.", ""]
    findings = [f"* {finding}" for each in table.experiments for finding in each.findings]
    lines += [*findings, ""] if findings else []
    rows = [["Run", "What", "Seeds", "Minutes", "Machine", "Figures"]]
    for run, members in enumerate(table.groups, start=1):
        owner = next(each for each in table.experiments if each.name == members[0]["experiment"])
        data = members[0]["manifest"]["data"]["title"]
        rows.append([
            f"{run}",
            f"{owner.model(members[0]['preset'])} on {data}: {tables.run_title(owner, members[0])}",
            ", ".join(str(record["seed"]) for record in members),
            ", ".join(f"{record['cost']['minutes']:g}" for record in members),
            ", ".join(dict.fromkeys(map(formats.machine, members))),
            ", ".join(_link(name, stem) for stem in map(_stem, members) for name in _of(stem, figures)),
        ])  # fmt: skip
    lines += formats.grid(rows)
    over = [f"{prefix}-{kind}.png" for prefix in dict.fromkeys(records.prefix(members[0]) for members in table.groups)
            for kind in ("log-likelihood", "sweep")]  # fmt: skip
    links = [_link(name, "") for name in over if name in figures]
    lines += [f"Over several runs: {', '.join(links)}.", ""] if links else []
    lines += ["```", *(record["command"] for members in table.groups for record in members), "```", ""]
    return lines


def _stem(record):
    return records.file_name(record).removesuffix(".json")


def _of(stem, figures):
    return [name for name in figures if name.startswith(f"{stem}-")]


def _link(name, stem):
    """Without a stem the whole name is shown."""
    return f"[{name.removeprefix(f'{stem}-').removesuffix('.png')}](figures/{name})"


def _opening(table, figures):
    """The first picture of SHOWN that the table's first run with one has."""
    for stem in (_stem(record) for members in table.groups for record in members):
        for kind in SHOWN:
            if f"{stem}-{kind}.png" in figures:
                return [f"![{stem}, {kind}](figures/{stem}-{kind}.png)", ""]
    return []
