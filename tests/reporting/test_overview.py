"""The page of all papers: which figures open a section, what a reader needs to read it, what is folded away."""

import dataclasses
import re

import pytest
from support.records import parsed
from test_tables import build, experiment, trained

from gan_repro.papers.experiment import KeyFigure
from gan_repro.reporting import comparison, overview
from gan_repro.reporting.groups import group

SHOWN = KeyFigure("mnist", "samples-best", "Figure 9: samples")
STEM = "fake-mnist-paper-100epochs-seed"


def page(*members, figures=(), **changes):
    own = dataclasses.replace(experiment(), **{"short": "FAKE", "key_figures": (SHOWN,)} | changes)
    return overview.markdown([build(*members, experiments=[own])], figures)


def opening(text):
    return re.findall(r"^!\[.*\]\(figures/(.*)\)$", text, re.MULTILINE)


def test_a_key_figure_is_that_of_the_first_run_that_has_it():
    figures = [f"{STEM}1-samples-best.png", f"{STEM}2-samples-best.png", "fake-mnist-quick-20epochs-seed0-samples-best.png"]
    runs = [trained(0, 1.0, preset="quick", epochs=20), *(trained(seed, 1.0) for seed in range(3))]
    text = page(*runs, figures=figures)
    assert opening(text) == [f"{STEM}1-samples-best.png"] and "\n*Figure 9: samples (run 1, seed 1).*\n" in text
    assert opening(page(*runs, figures=figures[2:])) == figures[2:]
    assert opening(page(*runs)) == [] and "Figure 9" not in page(*runs)
    assert opening(page(trained(0, 1.0, dataset="npz:mnist.npz"), figures=figures)) == []


def test_figures_of_two_records_with_one_telling_name_are_told_apart():
    plain, variant = trained(0, 1.0), trained(0, 1.0, recipe={"batch_size": 50})
    figures = [f"{STEM}0-batch_size=50-samples-best.png", f"{STEM}0-training.png"]
    groups = group([parsed(plain, f"{STEM}0"), parsed(variant, f"{STEM}0-batch_size=50")])
    own = dataclasses.replace(experiment(), short="FAKE", key_figures=(SHOWN,))
    text = overview.markdown([comparison.build("table1", [own], groups)], figures)
    links = dict(re.findall(r"^\* run (\d), seed 0: (.*)$", text, re.MULTILINE))
    assert sorted(links.values()) == [
        f"[curves of the training](figures/{figures[1]})",
        f"[samples, best by validation](figures/{figures[0]})",
    ]
    assert opening(text) == []  # a recipe with a detail changed is no paper's
    assert opening(page(plain, figures=[f"{STEM}0-samples-best.png"])) == [f"{STEM}0-samples-best.png"]


def test_a_key_figure_may_be_of_one_model_or_of_all_runs_on_the_data():
    figures = [
        "fake-mnist-quick-20epochs-seed0-samples-best.png",
        "fake-mnist-quick-wide-20epochs-seed0-samples-best.png",
        "fake-mnist-log-likelihood.png",
    ]
    runs = [trained(0, 1.0, preset=preset, epochs=20) for preset in ("quick", "quick-wide")]
    wide = KeyFigure("mnist", "samples-best", "Wide", "-wide"), KeyFigure("mnist", "log-likelihood", "Along")
    text = page(*runs, figures=figures, key_figures=wide)
    assert opening(text) == figures[1:] and "\n*Along.*\n" in text


def test_key_protocol_findings_and_what_to_bear_in_mind_stand_before_the_verdicts():
    text = page(trained(0, 200.0, epochs=20), protocol="By a ruler.", findings={"mnist": ("It is short.",)})
    parts = [
        "## Key",
        "**SE**",
        "**Other conditions**",
        "* It is short.",
        "**Protocol, FAKE.** By a ruler.",
        "| Model |",
        "known to mislead",
        "| other conditions: ",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_figures_of_runs_and_commands_are_folded():
    text = page(trained(0, 1.0), figures=[f"{STEM}0-training.png", "fake-mnist-sweep.png"])
    shown = re.sub(r"(?s)<details>.*?</details>", "", text)
    assert "](figures/" not in shown and "```" not in shown
    assert text.count("<details>") == text.count("</details>") == 2
    assert f"* run 1, seed 0: [curves of the training](figures/{STEM}0-training.png)\n" in text
    assert "* FAKE on MNIST, over all runs: [log-likelihood against σ and n](figures/fake-mnist-sweep.png)\n" in text
    assert "<details>" not in page()


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
    assert overview.in_words(kind) == words


def test_links_to_the_parts_of_a_papers_page_lead_to_its_headings():
    own = dataclasses.replace(experiment(), deviations=("None.",), short="Fake et al. 2014")
    text = overview.markdown([build(trained(0, 1.0), experiments=[own])], [])
    assert "[Notes](table1.md#notes)" in text
    assert "(table1.md#deviations-of-fake-et-al-2014-from-paper-and-code)" in text


def test_the_page_on_log_likelihoods_is_announced_by_what_it_has():
    text = overview.markdown([build()], [], parts=["Along the training", "Ablations"])
    assert "(log-likelihood.md): along the training; ablations.\n" in text
    assert "log-likelihood.md" not in overview.markdown([build()], [])
