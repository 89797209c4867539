"""Tables: verdicts at their boundaries, numbers against arithmetic by hand, and the three formats read back."""

import csv
import dataclasses
import io
import re

import pytest
from test_records import make_record, measurement

from gan_repro.errors import RunError
from gan_repro.experiment import Experiment, Published, TrainingRecipe
from gan_repro.reporting import formats, records, tables

LL = ("parzen_log_likelihood", "nats")


def published(row, dataset, value, error, ours=False, **rest):
    return Published("table1", row, dataset, *LL, value, error, "Some & Other 2014, Table 1", ours, **rest)


def experiment(name="fake", row="Fake nets", table="table1", numbers=None):
    default = (
        published("DBN", "mnist", 138, 2),
        published("Fake nets", "mnist", 225, 2, ours=True, note="a remark"),
        published("DBN", "tfd", 1909, 66),
        published("Fake nets", "tfd", 2057, 26, ours=True),
    )
    recipes = {key: {"paper": TrainingRecipe(epochs=100, batch_size=100)} for key in ("mnist", "npz")}
    return Experiment(
        name=name, title="A title", reference="A reference", recipes=recipes, stages=None, evaluate=None, row=row,
        table=table, published=default if numbers is None else numbers,
    )  # fmt: skip


def trained(seed, value, generators=("best",), **changes):
    """A record whose recipe is the whole paper recipe; its measurements are value, value + 1, ..."""
    dataset = changes.get("dataset", "mnist")
    rows = [measurement(value + i, generator, dataset=dataset) for i, generator in enumerate(generators)]
    recipe = dataclasses.asdict(TrainingRecipe(epochs=100, batch_size=100)) | {"averages": []} | changes.pop("recipe", {})
    record = make_record(seed, rows, recipe, **changes)
    record["config"]["recipe"]["epochs"] = record["epochs"]
    return record


def build(*members, experiments=None, name="table1"):
    return tables.build(name, experiments or [experiment()], records.group(members))


def cells(text, label):
    """The cells of the one row of a Markdown table that begins with `label`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


# ---- the verdict ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, error, deviation, seeds, departures, expected",
    [
        (215.0, 3.0, 4.0, 3, (), "reproduced"),  # 225 - 2 sqrt(9 + 16) = 215, exactly
        (214.999, 3.0, 4.0, 3, (), "not"),
        (300.0, 3.0, 4.0, 3, (), "reproduced"),
        (215.0, 3.0, 4.0, 2, (), "partly"),
        (214.999, 3.0, 4.0, 2, (), "not"),
        (215.0, 3.0, 4.0, 3, ("20 of 1,000 epochs",), "partly"),
        (214.999, 3.0, 4.0, 3, ("20 of 1,000 epochs",), "partly"),
        (219.0, 3.0, None, 1, (), "partly"),  # one seed: SD counts as 0
        (218.999, 3.0, None, 1, (), "not"),
        (217.0, None, 4.0, 3, (), "reproduced"),
        (216.999, None, 4.0, 3, (), "not"),
        (225.0, None, None, 3, (), "reproduced"),
        (224.999, None, None, 3, (), "not"),
    ],
)
def test_verdict_at_its_boundaries(value, error, deviation, seeds, departures, expected):
    assert tables.verdict(value, error, deviation, seeds, 225, departures) == expected


def judged(*members):
    return [line.verdict for line in build(*members).lines]


def test_the_published_protocol_with_three_seeds_is_reproduced():
    assert judged(trained(0, 224.0), trained(1, 225.0), trained(2, 226.0)) == ["reproduced"]
    assert judged(trained(0, 200.0), trained(1, 200.0), trained(2, 200.0)) == ["not"]
    assert judged(trained(0, 224.0), trained(1, 225.0)) == ["partly"]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"epochs": 99}, "99 of 100 epochs"),
        ({"preset": "quick"}, "quick preset"),
        ({"recipe": {"batch_size": 50}}, r"batch_size = 50 \(paper: 100\)"),
        ({"recipe": {"precision": "mixed_bfloat16"}}, "precision"),
    ],
)
def test_other_conditions_are_named_and_at_most_partly(changes, words):
    (line,) = build(*(trained(seed, 230.0, **changes) for seed in range(3))).lines
    assert line.verdict == "partly"
    assert len(line.departures) == 1 and re.search(words, line.departures[0])
    (line,) = build(*(trained(seed, 100.0, **changes) for seed in range(3))).lines
    assert line.verdict == "partly"


@pytest.mark.parametrize("changes", [{"n_samples": 9999}, {"n_test": 1000}, {"n_samples": None}])
def test_another_evaluation_is_at_most_partly(changes):
    members = [trained(seed, 230.0) for seed in range(3)]
    for record in members:
        record["measurements"][0].update(changes)
    assert judged(*members) == ["partly"]


def test_what_does_not_touch_the_training_is_no_departure():
    changes = {"averages": ["uniform-5"], "samples_every": 1, "validate_every": 1, "jit_compile": True}
    assert judged(*(trained(seed, 230.0, recipe=changes) for seed in range(3))) == ["reproduced"]
    assert judged(*(trained(seed, 230.0, epochs=200) for seed in range(3))) == ["reproduced"]


def test_only_the_best_generator_on_the_same_data_is_judged():
    table = build(*(trained(seed, 230.0, ("last", "averaged-uniform-5", "best")) for seed in range(3)))
    assert [(line.summary.generator, line.verdict) for line in table.lines] == [
        ("best", "reproduced"), ("last", None), ("averaged-uniform-5", None)]  # fmt: skip
    other = build(*(trained(seed, 9999.0, dataset="npz:faces.npz") for seed in range(3)))
    assert [line.verdict for line in other.lines] == [None]
    validation = [trained(seed, 230.0) for seed in range(3)]
    for record in validation:
        record["measurements"][0]["split"] = "validation"
    table = build(*validation)
    assert table.lines == [] and len(table.others) == 1 and table.others[0].verdict is None


# ---- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, error, expected",
    [
        (225.04, 2.06, ("225.0", "2.1")),
        (2057.4, 26.3, ("2057", "26")),
        (0.82831, 0.0041, ("0.8283", "0.0041")),
        (225.0, None, ("225", "")),
        (1.5, 0.0, ("1.5", "0")),
        (-12.34, 1.0, ("-12.3", "1.0")),
        (12345.6, 123.4, ("12346", "123")),
    ],
)
def test_digits(value, error, expected):
    assert tables.digits(value, error) == expected


def test_the_two_error_bars_stand_apart():
    text = formats.markdown(build(trained(0, 220.0), trained(1, 226.0), trained(2, 229.0)))
    # mean 225, SE 2 in every record, SD sqrt((25 + 1 + 16) / 2) = 4.58
    assert cells(text, "Fake nets, run 1: paper preset, 100 epochs") == ["225.0 ± 2.0 SE ± 4.6 SD (3 seeds)", ""]
    text = formats.markdown(build(trained(0, 220.0)))
    assert cells(text, "Fake nets, run 1: paper preset, 100 epochs") == ["220.0 ± 2.0 SE (1 seed)", ""]


# ---- the formats ---------------------------------------------------------------------------------------------------


def whole_table():
    theis = experiment("theis", "Checks", numbers=())
    ours = [trained(seed, 220.0 + seed, ("best", "last", "averaged-exponential-.9999")) for seed in range(3)]
    faces = trained(0, 1600.0, dataset="npz:/a/my faces|50%.npz")
    faces["manifest"]["data"]["title"] = "my_faces|50%.npz"
    sanity = make_record(0, [measurement(242.0, "training images"), measurement(313.0, "k-means centroids")],
                         experiment="theis", epochs=0)  # fmt: skip
    return build(*ours, faces, sanity, experiments=[experiment(), theis])


def test_markdown_has_every_row_in_order():
    text = formats.markdown(whole_table())
    assert "Generated from" in text and "`python -m gan_repro.tables`; do not edit" in text
    main = text.split("## ")[0]
    first = [line.split("|")[1].strip() for line in main.splitlines() if line.startswith("|")]
    assert first == [
        "Model", "---", "**Published**", "DBN", "Fake nets", "**Measured by this program**",
        "Fake nets, run 1: paper preset, 100 epochs", "run 1, last weights instead of the best by validation",
        "run 1, average of G's weights (exponential-.9999), not in the paper",
        "Fake nets, run 2: paper preset, 100 epochs", "Fake nets",
        "**Checks of the estimator: no model at all**", "training images in place of samples",
        "k-means centroids in place of samples",
    ]  # fmt: skip
    assert "| Model | MNIST, nats | TFD, nats | my_faces\\|50%.npz, nats |" in text
    assert "| DBN | 138 ± 2 | 1909 ± 66 |  |" in text
    assert "| Fake nets |  | not run |  |" in text
    assert "242.0 ± 2.0 SE (1 seed)" in text and "Theis et al. 2015" in text and "a remark" in text


def test_markdown_tables_are_rectangular():
    width = None
    for line in formats.markdown(whole_table()).splitlines():
        if not line.startswith("|"):
            width = None
            continue
        columns = len(re.findall(r"(?<!\\)\|", line))
        assert width in (None, columns), line
        width = columns


def test_every_command_is_there():
    table = whole_table()
    text = formats.markdown(table)
    commands = [record["command"] for members in table.groups for record in members]
    assert len(set(commands)) == 5 and all(f"\n{command}\n" in text for command in commands)


def test_the_verdicts_name_their_conditions():
    text = formats.markdown(build(trained(0, 230.0, epochs=20)))
    verdicts = [line for line in text.splitlines() if "Fake nets, MNIST, nats: 225 ± 2" in line]
    assert verdicts == [
        "| Fake nets, MNIST, nats: 225 ± 2 | 230.0 ± 2.0 SE (1 seed) | +5.0 | run 1: 20 of 100 epochs; "
        "1 of 3 seeds | partly |"
    ]
    assert "| Fake nets, TFD, nats: 2057 ± 26 |  |  |  | not run |" in text
    assert "DBN, MNIST" not in text  # another model's number is not ours to reproduce


def test_without_records_all_is_not_run():
    text = formats.markdown(build())
    assert "| Fake nets | not run | not run |" in text
    assert "## How the rows" not in text and "## Commands" not in text


def test_csv_has_one_line_for_each_number_at_full_precision():
    table = whole_table()
    rows = list(csv.DictReader(io.StringIO(formats.comma_separated(table))))
    assert [row["kind"] for row in rows] == ["published"] * 4 + ["measured"] * 4 + ["sanity"] * 2
    best = next(row for row in rows if row["kind"] == "measured" and row["generator"] == "best")
    assert float(best["value"]) == 221.0 and float(best["deviation_over_seeds"]) == 1.0
    assert best["seeds"] == "0 1 2" and best["n_seeds"] == "3"
    assert best["verdict"] == "reproduced"  # 221 >= 225 - 2 sqrt(2^2 + 1^2)
    assert best["n_samples"] == "10000" and best["sigma"] == "0.167" and best["epochs"] == "100"
    assert rows[0]["source"] == "Some & Other 2014, Table 1" and rows[0]["value"] == "138"


def test_latex_is_escaped_and_balanced():
    text = formats.latex(whole_table())
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert r"my\_faces\textbar{}50\%.npz, nats" in text
    assert r"DBN & 138 $\pm$ 2 & 1909 $\pm$ 66 &  \\" in body
    assert all(ord(character) < 128 for line in body for character in line)
    for name in ("begin", "end"):
        assert text.count(rf"\{name}{{tabular}}") == 2
    main = body[: body.index(r"\end{tabular}")]
    rows = [line for line in main if line.endswith(r"\\") and "multicolumn" not in line]
    assert len(rows) == 1 + 2 + 5 + 2 and {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {3}
    assert sum(line.count("{") - line.count("}") - 2 * line.count(r"\{") for line in body) == 0


def test_tex_escapes_in_one_pass():
    assert formats.tex("a_b & 50% {x} \\ ~^#$ <|>") == (
        r"a\_b \& 50\% \{x\} \textbackslash{} \textasciitilde{}\textasciicircum{}\#\$ $<$\textbar{}$>$"
    )


def test_other_papers_get_their_own_tables():
    other = experiment("other", "Other", "table2", (
        Published("table2", "Other", "cifar10", "accuracy", "%", 82.8, None, "Other 2015", ours=True),))  # fmt: skip
    assert tables.names([experiment(), other]) == ["table1", "table2"]
    accuracy = measurement(80.0, metric="accuracy", unit="%", dataset="cifar10", standard_error=0.4)
    time = measurement(5.0, metric="time", unit="s", dataset="cifar10")
    record = make_record(0, [accuracy, time], experiment="other")
    table = build(record, trained(0, 225.0), experiments=[experiment(), other], name="table2")
    text = formats.markdown(table)
    assert "| Model | CIFAR-10, % |" in text and "80.00 ± 0.40 SE (1 seed)" in text
    assert "MNIST" not in text and "Theis" not in text
    assert [line.summary.metric for line in table.others] == ["time"] and "## Other measurements" in text


def test_a_record_of_no_known_experiment_is_an_error():
    with pytest.raises(RunError, match="unknown experiment 'gone'"):
        build(make_record(experiment="gone"))


def test_the_order_of_records_changes_nothing():
    members = [trained(0, 1.0), trained(1, 2.0), trained(2, 4.0), trained(0, 3.0, epochs=20)]
    for make in formats.FORMATS.values():
        assert make(build(*members)) == make(build(*reversed(members)))
