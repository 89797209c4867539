"""What is in results/ and README.md against the records: tables are rebuilt and compared, figures and quotes are there."""

import re

import conftest
import pytest
from support import reliability

from gan_repro import shipped
from gan_repro.papers import configuration
from gan_repro.reporting import comparison, formats, investigation, metrics, overview, records
from gan_repro.reporting.groups import group
from gan_repro.system import files

RESULTS = conftest.ROOT / "results"


def built():
    found = [configuration.find(name) for name in configuration.names()]
    groups = group(records.read_folder(RESULTS / "records"))
    return {name: comparison.build(name, found, groups) for name in comparison.names(found)}


def test_there_are_records():
    assert records.read_folder(RESULTS / "records")


def test_every_metric_of_a_record_has_a_title():
    found = {entry.metric for record in records.read_folder(RESULTS / "records") for entry in record.measurements}
    own = {metric.name for name in configuration.names() for metric in configuration.find(name).metrics}
    assert found <= set(metrics.METRICS) | own


@pytest.mark.parametrize("suffix", formats.FORMATS)
def test_the_tables_are_those_of_the_records(suffix):
    for name, table in built().items():
        assert (RESULTS / f"{name}{suffix}").read_text(encoding="utf-8") == formats.FORMATS[suffix](table)


def test_the_overview_is_that_of_the_tables_and_figures():
    names = [path.name for path in (RESULTS / "figures").iterdir()]
    text = (RESULTS / "README.md").read_text(encoding="utf-8")
    packaged = [folder.name for folder in shipped.folders().values()]
    parts = investigation.parts((RESULTS / f"{investigation.NAME}.md").read_text(encoding="utf-8"))
    assert text == overview.markdown(list(built().values()), names, packaged, list(overview.PAGES), parts)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 20 and all((RESULTS / link.partition("#")[0]).exists() for link in links)


def test_the_page_on_log_likelihoods_is_that_of_the_records():
    names = [path.name for path in (RESULTS / "figures").iterdir()]
    found = map(configuration.find, configuration.names())
    groups = group(records.read_folder(RESULTS / "records"))
    text = (RESULTS / f"{investigation.NAME}.md").read_text(encoding="utf-8")
    assert text == investigation.markdown(found, groups, names) and "### Along the training" in text


def test_the_page_of_reliability_is_that_of_its_counts_and_every_trial_ended_well():
    report = files.read_json(RESULTS / "reliability.json")
    assert (RESULTS / "reliability.md").read_text(encoding="utf-8") == reliability.markdown(report)
    rows = [row for part in report["parts"] for row in part["rows"]]
    assert len(rows) > 20 and all(row["passed"] == row["trials"] > 0 for row in rows)


def test_the_readme_quotes_table_1_as_it_is():
    header, *rows = [row for row in comparison.main_rows(built()["table1"]) if len(row) > 1]
    text = (conftest.ROOT / "README.md").read_text(encoding="utf-8").partition("## Results\n")[2]
    lines = [line.strip("| ").split(" | ") for line in re.search(r"(?:^\|.*\n)+", text, re.MULTILINE).group().splitlines()]
    quoted = [[cell.strip() for cell in line] for line in lines if not line[0].startswith(("**", "--"))]
    assert len(quoted) > 8
    for label, *cells in quoted[1:]:
        shown = dict(zip(quoted[0][1:], [*cells, *[""] * len(header)]))
        assert shown in [{name: dict(zip(header, row))[name] for name in shown} for row in rows if row[0] == label]


def test_every_record_has_its_figures():
    names = {path.name for path in (RESULTS / "figures").iterdir()}
    for record in records.read_folder(RESULTS / "records"):
        assert not record.curves or f"{record.stem}-training.png" in names
        assert any(name.startswith(record.stem) for name in names)


def test_the_name_of_a_record_says_what_was_changed():
    for record in records.read_folder(RESULTS / "records"):
        assert record.stem == records.name(record)


def test_links_of_the_readme_lead_somewhere():
    text = (conftest.ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert links
    missing = [link for link in links if not (conftest.ROOT / link).exists()]
    assert not missing
