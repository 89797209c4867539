"""The page of all papers and what it has of each; the key figures and links to figures on the papers' own pages."""

import dataclasses
import re

import pytest
from support.records import parsed
from support.tables import build, experiment, model, trained

from gan_repro.papers.shown import KeyFigure
from gan_repro.reporting import comparison, formats, kinds, overview
from gan_repro.reporting.findings import apart
from gan_repro.reporting.groups import group

SHOWN = KeyFigure("nets", "mnist", "samples-best", "Figure 9: samples")
STEM = "fake-mnist-nets-paper-100epochs-seed"  # a model stands in it where no experiment says which is the data set's own


def paper(**changes):
    fields = {"short_name": "FAKE", "key_figures": (SHOWN,), "models": {"nets": model(), "wide": model("Wide nets")}}
    return experiment(**fields | changes)


def page(*members, figures=(), findings="", shipped=(), pages=(), **changes):
    table = build(*members, experiments=[paper(**changes)])
    return overview.markdown([table], figures, {"table1": apart(findings)}, shipped, pages)


def own_page(*members, figures=(), **changes):
    """The lines of figures on a paper's own page."""
    return "\n".join(overview.pictures(build(*members, experiments=[paper(**changes)]), sorted(figures)))


def opening(text):
    """The names of the figures that are shown."""
    return re.findall(r"^!\[.*\]\(figures/(.*)\)$", text, re.MULTILINE)


# ---- the page of all papers ------------------------------------------------------------------------------------------


def test_papers_stand_in_the_order_of_their_arxiv_numbers_and_behind_them_those_without():
    references = {"late": "A; arXiv:1701.00001", "early": "B; arXiv:1406.00002", "nowhere": "C; a book"}
    found = [dataclasses.replace(experiment(name, table=name, numbers=()), reference=text) for name, text in references.items()]
    built = [build(experiments=found, name=name) for name in references]
    assert [table.name for table in overview.by_date(built)] == ["early", "late", "nowhere"]
    text = overview.markdown(built, [], {})
    assert re.findall(r"^## \[(.+)\]\((.+)\)$", text, re.MULTILINE) == [
        (name, f"{name}.md") for name in ("early", "late", "nowhere")
    ]


def test_a_paper_has_its_citation_its_findings_and_a_link_to_each_key_figure():
    figures = [f"{STEM}0-samples-best.png", f"{STEM}0-training.png"]
    section = page(trained(0, 1.0), figures=figures, findings="* It is short.").partition("## [")[2].partition("## More")[0]
    assert "A title (A reference)" in section and "\n* It is short.\n" in section
    assert re.findall(r"\[([^]]+)\]\(figures/([^)]+)\)", section) == [(SHOWN.caption, figures[0])]
    without = page(trained(0, 1.0)).partition("## [")[2].partition("## More")[0]
    assert "figures/" not in without and "* " not in without


def test_three_findings_stand_on_the_page_of_all_papers_and_the_others_on_the_paper_s_own():
    four = "* One.\n* Two.\n* Three.\n* Four."
    section = page(trained(0, 1.0), findings=four).partition("## [")[2].partition("## More")[0]
    assert all(f"\n* {word}.\n" in section for word in ("One", "Two", "Three")) and "Four" not in section
    link = re.search(r"\]\(table1\.md#(.*?)\)", section)[1]
    lead, _, others = apart(f"What it is.\n\n{four}")
    own = formats.markdown(build(trained(0, 1.0), experiments=[paper()]), lead=lead, found=others)
    assert "\n* Four.\n" in own and "* One." not in own
    assert own.index("What it is.") < own.index("A title (A reference)")
    assert link in [heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", own, re.MULTILINE)]
    assert "](table1.md#" not in page(trained(0, 1.0), findings="* One.\n* Two.\n* Three.")


def test_the_table_stands_before_its_key_and_the_papers():
    text = page(trained(0, 200.0, epochs=20), findings="* It is short.")
    places = [
        text.index(part) for part in ("| Paper |", "| 225 ± 2 | 200.0 ± 2.0 SE |", "**SE**", "**Undecided**", "* It is short.")
    ]
    assert places == sorted(places)


def test_other_pages_and_shipped_generators_are_named_where_there_are_some():
    figures = ["shipped-fake-mnist-samples-best.png", "shipped-other-samples-best.png"]
    text = page(figures=figures, shipped=["fake-mnist"], pages=["benchmark"]).partition("## More")[2]
    assert "(benchmark.md)" in text and "(log-likelihood.md)" not in text
    assert f"[samples, best by validation](figures/{figures[0]})" in text and figures[1] not in text


# ---- figures on a paper's own page -----------------------------------------------------------------------------------


def test_a_key_figure_is_that_of_the_first_run_that_has_it():
    figures = [
        f"{STEM}1-samples-best.png",
        f"{STEM}2-samples-best.png",
        "fake-mnist-nets-quick-20epochs-seed0-samples-best.png",
    ]
    runs = [trained(0, 1.0, preset="quick", epochs=20), *(trained(seed, 1.0) for seed in range(3))]
    text = own_page(*runs, figures=figures)
    assert opening(text) == figures[:1] and "\n*Figure 9: samples (run 1, seed 1; best by validation).*\n" in text
    assert opening(own_page(*runs, figures=figures[2:])) == figures[2:]
    assert opening(own_page(*runs)) == [] and "Figure 9" not in own_page(*runs)
    assert own_page(*runs) == "" and own_page(*runs, figures=figures[:1]).count("* run") == 1  # none of a run that has none
    assert opening(own_page(trained(0, 1.0, dataset="npz:mnist.npz"), figures=figures)) == []


def test_a_key_figure_may_be_of_one_model_or_of_all_runs_on_the_data():
    figures = ["nets-samples-best.png", "wide-samples-best.png", "fake-mnist-nets-log-likelihood.png"]
    runs = [parsed(trained(0, 1.0, model=name, epochs=20), name) for name in ("nets", "wide")]
    shown = KeyFigure("wide", "mnist", "samples-best", "Wide"), KeyFigure("nets", "mnist", "log-likelihood", "Along")
    table = comparison.build("table1", [paper(key_figures=shown)], group(runs))
    text = "\n".join(overview.pictures(table, figures))
    assert opening(text) == figures[1:]
    assert "\n*Wide (run 2, seed 0; best by validation).*\n" in text and "\n*Along.*\n" in text  # of all runs, so none is named


def test_figures_of_a_record_whose_name_begins_anothers_are_told_apart():
    plain, variant = trained(0, 1.0), trained(0, 1.0, recipe={"batch_size": 50})
    figures = [f"{STEM}0-batch_size=50-samples-best.png", f"{STEM}0-training.png"]
    groups = group([parsed(plain, f"{STEM}0"), parsed(variant, f"{STEM}0-batch_size=50")])
    text = "\n".join(overview.pictures(comparison.build("table1", [paper()], groups), figures))
    links = re.findall(r"^\* run \d, seed 0: (.*)$", text, re.MULTILINE)
    assert sorted(links) == [
        f"[curves of the training](figures/{figures[1]})",
        f"[samples, best by validation](figures/{figures[0]})",
    ]
    assert opening(text) == []  # a recipe with a detail changed is no paper's


def test_figures_of_every_run_are_folded_beside_those_over_all_runs():
    text = own_page(trained(0, 1.0), figures=[f"{STEM}0-training.png", "fake-mnist-nets-sweep.png"])
    assert "](figures/" not in re.sub(r"(?s)<details>.*?</details>", "", text)
    assert f"* run 1, seed 0: [curves of the training](figures/{STEM}0-training.png)\n" in text
    assert re.search(
        r"^\* fake-mnist-nets, .*\[log-likelihood against σ and n\]\(figures/fake-mnist-nets-sweep.png\)$", text, re.MULTILINE
    )
    assert "<details>" not in own_page()


@pytest.mark.parametrize(
    "kind, words",
    [
        ("samples-best", "samples, best by validation"),
        ("walk-last", "walks through z, last weights"),
        ("interpolation-ema-.9999", "interpolation in z, average ema-.9999"),
        ("log-likelihood", "log-likelihood along the training"),
        ("training-images", "training images"),
        ("k-means-centroids", "k-means centroids"),
    ],
)
def test_links_are_in_words(kind, words):
    assert kinds.in_words(kind) == words
