"""What is in results/ and README.md against the records: pages are made anew and compared, places are filled, links lead on."""

import re
import shutil

import pytest
import support
from support import reliability

from gan_repro import publish
from gan_repro.papers import configuration
from gan_repro.reporting import comparison, findings, investigation, metrics, records, summary
from gan_repro.system import files

RESULTS = support.ROOT / "results"
LINKING = [
    support.ROOT / "README.md",
    *(
        support.ROOT / folder / "README.md"
        for folder in ("experiments", "gan_repro/data", "gan_repro/studies", "gan_repro/training", "notebooks")
    ),
    *sorted(RESULTS.glob("*.md")),
]


@pytest.fixture(scope="module")
def kept():
    """The Records of results/."""
    return records.read_folder(RESULTS / "records")


def experiments():
    return [configuration.find(name) for name in configuration.names()]


def test_every_metric_of_a_record_has_a_title(kept):
    found = {entry.metric for record in kept for entry in record.measurements}
    own = {metric.name for experiment in experiments() for metric in experiment.metrics}
    assert found and found <= set(metrics.METRICS) | own


def test_pages_and_the_readmes_table_are_what_the_records_make(tmp_path, monkeypatch):
    """In a copy, to the byte. The figures are drawn in test_fresh_clone.py; here their names are enough."""
    shutil.copy(support.ROOT / "README.md", tmp_path)
    shutil.copytree(RESULTS, tmp_path / "results", ignore=shutil.ignore_patterns("*.png"))
    (tmp_path / "results" / "figures").mkdir(exist_ok=True)
    for path in (RESULTS / "figures").glob("*.png"):
        (tmp_path / "results" / "figures" / path.name).touch()
    shutil.copytree(RESULTS / "figures" / "latent", tmp_path / "results" / "figures" / "latent", dirs_exist_ok=True)
    for module, name in (
        ("curves", "training_curves"),
        ("likelihood", "log_likelihood_curves"),
        ("likelihood", "parzen_sweep"),
    ):
        monkeypatch.setattr(getattr(publish, module), name, lambda path, *rest: path.touch())
    for made_of_others_pixels in (publish.panels, publish.strips):
        monkeypatch.setattr(made_of_others_pixels, "figures", lambda *given: {})
    pages = {path.relative_to(tmp_path) for path in publish.regenerate(tmp_path / "results", experiments())}
    named = {f"results/{name}{suffix}" for name in comparison.names(experiments()) for suffix in (".md", ".csv", ".tex")}
    named |= {"README.md", "results/README.md", "results/index.html", "results/cost.md", f"results/{investigation.NAME}.md"}
    assert {str(path) for path in pages if path.suffix != ".png"} == named
    other = [name for name in sorted(named) if (tmp_path / name).read_bytes() != (support.ROOT / name).read_bytes()]
    assert other == []


def test_every_file_of_findings_is_of_a_table_and_every_place_is_filled(kept):
    names = [path.stem for path in (RESULTS / findings.FOLDER).iterdir()]
    assert names and set(names) <= set(comparison.names(experiments()))
    page = (RESULTS / "README.md").read_text(encoding="utf-8")
    for name in names:
        text = findings.read(RESULTS, name, kept)
        lead, first, others = findings.apart(text)
        assert text and "{" not in text and first in page
        own = (RESULTS / f"{name}.md").read_text(encoding="utf-8")
        assert lead in own and others in own


def test_the_page_of_reliability_is_that_of_its_counts_and_every_trial_ended_well():
    report = files.read_json(RESULTS / "reliability.json")
    assert (RESULTS / "reliability.md").read_text(encoding="utf-8") == reliability.markdown(report)
    rows = [row for part in report["parts"] for row in part["rows"]]
    assert len(rows) > 20 and all(row["passed"] == row["trials"] > 0 for row in rows)


def test_every_record_has_its_figures(kept):
    names = {path.name for path in (RESULTS / "figures").iterdir()}
    assert kept
    many = {experiment.name for experiment in experiments() if experiment.effects}  # of which none are drawn
    for record in kept:
        if record.experiment not in many:
            assert not record.curves or f"{record.stem}-training.png" in names
            assert any(name.startswith(record.stem) for name in names)


def test_the_name_of_a_record_says_what_was_changed(kept):
    assert kept
    for record in kept:
        assert record.stem == records.name(record)


# ---- README.md and the links of all pages ----------------------------------------------------------------------------


def test_the_readme_is_short_and_narrow():
    """But for its table, which has a row for everything that is here, and rows of which cannot be broken."""
    text = (support.ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.sub(f"(?s){summary.BEGIN}.*{summary.END}", "", text).splitlines()
    assert len(lines) <= 153
    assert [line for line in lines if len(line) > 130 and not line.startswith("|")] == []


def headings(text):
    """The names behind # by which GitHub finds the headings of a page."""
    found = []
    for heading in re.findall(r"^#+ +(.+)$", re.sub(r"(?ms)^```.*?^```", "", text), re.MULTILINE):
        shown = re.sub(r"\[([^]]*)\](\([^)]*\)|\[[^]]*\])", r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return found


def links(text):
    """Where the links of a page lead, those by [name] too."""
    plain = re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^```.*?^```", "", text))
    named = dict(re.findall(r"^\[([^]]+)\]: (\S+)$", plain, re.MULTILINE))
    wanted = re.findall(r"\]\[([^]]+)\]", plain)
    return [*re.findall(r"\]\(([^)\s]+)\)", plain), *(named.get(name, f"[{name}]") for name in wanted), *named.values()]


@pytest.mark.parametrize(
    "page", [pytest.param(path, id=str(path.relative_to(support.ROOT))) for path in LINKING if path.exists()]
)
def test_links_lead_somewhere(page):
    missing = []
    for link in links(page.read_text(encoding="utf-8")):
        place, _, heading = link.partition("#")
        target = page.parent / place if place else page
        if link.startswith(("http://", "https://")):
            continue
        if not target.exists() or heading and heading not in headings(target.read_text(encoding="utf-8")):
            missing.append(link)
    assert missing == []


def test_links_and_headings_are_found():
    text = (
        "# A *b*, c: `d`\n## [E](x.md)\n## E\n```\n# no\n[no](no.md)\n```\n[one](a.md#b) [two][t] `[no](no.md)`\n\n[t]: b.md\n"
    )
    assert headings(text) == ["a-b-c-d", "e", "e-1"]
    assert sorted(set(links(text))) == ["a.md#b", "b.md", "x.md"]
    assert links("[lost][nowhere]") == ["[nowhere]"]
