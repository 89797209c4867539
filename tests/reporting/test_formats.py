"""The three formats of a table, read back."""

import csv
import dataclasses
import io
import re

from support.records import make_record, measurement
from support.tables import FIRST, build, cells, experiment, published, trained

from gan_repro.reporting import formats


def whole_table():
    theis = experiment("theis", "Checks", numbers=())
    ours = [trained(seed, 220.0 + seed, ("best", "last", "ema-.9999")) for seed in range(3)]
    faces = trained(0, 1600.0, dataset="npz:/a/my faces|50%.npz")
    faces["manifest"]["data"]["title"] = "my_faces|50%.npz"
    sanity = make_record(
        0, [measurement(242.0, "training images"), measurement(313.0, "k-means centroids")], experiment="theis", epochs=0
    )
    return build(*ours, faces, sanity, experiments=[experiment(), theis])


def test_markdown_has_every_row_in_order():
    text = formats.markdown(whole_table())
    assert "Generated from" in text and "`python -m gan_repro.tables`; do not edit" in text
    main = text.split("## ")[0]
    first = [line.split("|")[1].strip() for line in main.splitlines() if line.startswith("|")]
    assert first == [
        "Model",
        "---",
        "**Published**",
        "DBN",
        "Fake nets",
        "**Measured by this program**",
        FIRST,
        "run 1, last weights instead of the best by validation",
        "run 1, average of G's weights (ema-.9999), not in the paper",
        "Fake nets, run 2: paper preset, 100 epochs, 500 steps",
        "Fake nets",
        "**For comparison**",
        "training images in place of samples",
        "k-means centroids in place of samples",
    ]
    assert "| Model | MNIST, nats | TFD, nats | my_faces\\|50%.npz, nats |" in text
    assert "| DBN | 138 ± 2 | 1909 ± 66 |  |" in text
    assert "| Fake nets |  | not run |  |" in text
    assert "242.0 ± 2.0 SE (1 seed; σ .167, n 10,000)" in text and "Theis et al. 2015" in text and "a remark" in text


def test_what_stands_in_for_samples_has_one_row_however_many_runs_measured_it():
    def run(seed, real=242.1, **changes):
        return make_record(seed, [measurement(200.0 + seed), measurement(real, "training images")], **changes)

    short = [run(seed, epochs=10) for seed in range(3)]
    alike = formats.markdown(build(run(0), run(1), *short))
    assert cells(alike, "training images in place of samples")[0] == "242.1 ± 2.0 SE ± 0 SD (3 seeds; σ .167, n 10,000)"
    unlike = formats.markdown(build(run(0, 240.0), run(1, 240.0), *short))
    assert unlike.count("| training images in place of samples |") == 2


def test_runs_of_which_no_paper_prints_a_number_have_a_table_for_each_of_their_data_sets():
    def run(dataset, metric, value):
        entries = [measurement(value, "last", metric=metric, unit="1", dataset=dataset, sigma=None)]
        return make_record(0, entries, dataset=dataset)

    text = formats.markdown(build(trained(0, 220.0), run("ring8", "modes_covered", 7), run("grid25", "modes_covered", 20)))
    tables = re.findall(r"^## Not in the papers' numbers: (.*)$", text, re.MULTILINE)
    assert sorted(tables) == ["GRID25", "RING8"]
    ring = text.partition("numbers: RING8")[2].partition("\n## ")[0]
    assert "| 7.0 ± " in ring and "| 20.0 ± " not in ring and "220" not in ring and "not run" not in ring
    assert "Not in the papers' numbers" not in formats.markdown(build(trained(0, 220.0)))


def test_a_table_of_which_nothing_is_measured_says_so():
    table = build(experiments=[experiment(numbers=(published("Fake nets", "mnist", 225, 2),))])
    assert "**Nothing of it is measured by this program**" in formats.markdown(table)


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
    commands = [record.command for group in table.groups for record in group]
    assert len(set(commands)) == 5 and all(f"\n{command}\n" in text for command in commands)


def test_csv_has_one_line_for_each_number_at_full_precision():
    table = whole_table()
    rows = list(csv.DictReader(io.StringIO(formats.comma_separated(table))))
    assert [row["kind"] for row in rows] == ["published"] * 4 + ["measured"] * 4 + ["reference"] * 2
    best = next(row for row in rows if row["kind"] == "measured" and row["weights"] == "best")
    assert float(best["value"]) == 221.0 and float(best["std_over_seeds"]) == 1.0
    assert best["seeds"] == "0 1 2" and best["n_seeds"] == "3"
    assert best["verdict"] == "undecided"  # 221 - 225 +- 2.92 sqrt(1^2 / 3 + 2^2) straddles -5
    assert best["n_samples"] == "10000" and best["sigma"] == "0.167" and best["epochs"] == "100"
    assert rows[0]["source"] == "Some & Other 2014, Table 1" and rows[0]["value"] == "138"


def test_latex_is_escaped_and_balanced():
    text = formats.latex(whole_table())
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert r"my\_faces\textbar{}50\%.npz, nats" in text
    assert r"DBN & 138 $\pm$ 2 & 1909 $\pm$ 66 &  \\" in body
    assert rf"{FIRST} & 221.0 $\pm$ 2.0 SE $\pm$ 1.0 SD (3 seeds; $\sigma$ .167, n 10,000) &  &  \\" in body
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


def test_the_order_of_records_changes_nothing():
    members = [trained(0, 1.0), trained(1, 2.0), trained(2, 4.0), trained(0, 3.0, epochs=20)]
    for make in formats.FORMATS.values():
        assert make(build(*members)) == make(build(*reversed(members)))


def test_what_was_not_run_is_listed_with_its_reason():
    items = (("Bedrooms | of LSUN", "46 GB"), ("Tags", "needs YFCC_100M"))
    own = dataclasses.replace(experiment(), not_run=items)
    elsewhere = dataclasses.replace(experiment("other", "Other", "table2"), not_run=(("Faces", "lost"),))  # published in table1
    table = build(trained(0, 220.0), experiments=[own, elsewhere])
    text = formats.markdown(table)
    rows = "| Paper | Not run | Why |\n|---|---|---|\n| fake | Bedrooms \\| of LSUN | 46 GB |\n| fake | Tags |"
    assert f"## Not run\n\n{formats.NOT_RUN}\n\n{rows}" in text
    assert "Faces" not in text and "## Not run" not in formats.markdown(whole_table())
    assert r"fake & Tags & needs YFCC\_100M \\" in formats.latex(table) and formats.latex(table).count("begin{tabular}") == 3
    rows = [row for row in csv.DictReader(io.StringIO(formats.comma_separated(table))) if row["kind"] == "not run"]
    assert [(row["model"], row["condition_differences"], row["experiment"]) for row in rows] == [
        (*item, "fake") for item in items
    ]


def test_a_page_is_headed_by_what_people_call_its_paper():
    own = dataclasses.replace(experiment("fake", numbers=(), table="fake"), short_name="FAKE", deviations=("None.",))
    text = formats.markdown(build(experiments=[own], name="fake"))
    assert text.startswith("# FAKE\n") and "* FAKE: A title" in text and "## Deviations of FAKE" in text
    assert formats.markdown(build()).startswith("# Table 1\n")


def test_a_table_without_any_number_is_still_a_table():
    empty = build(experiments=[experiment(numbers=())])
    assert "| Model |\n|---|\n| Nothing of it is measured by this program |" in formats.markdown(empty)
    assert formats.latex(empty).count("begin{tabular}") == 1


def test_marks_of_code_are_kept_only_where_they_are_meant():
    rows = [["What", "Why"], ["`--preset=quick`", "a|b*c"]]
    assert formats.grid(rows)[2] == r"| \`--preset=quick\` | a\|b\*c |"
    assert formats.grid(rows, code=True)[2] == r"| `--preset=quick` | a\|b\*c |"
