"""results/index.html as text: what stands on it, that nothing a record says becomes HTML, and that it is the same each time.

What it does in a browser is tested in test_page_in_browser.py.
"""

import base64
import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import support
from support.records import grouped, parsed
from support.tables import build, experiment, model, published, trained

from gan_repro import publish, shipped
from gan_repro.figures import sheets
from gan_repro.papers import configuration
from gan_repro.papers.shown import KeyFigure
from gan_repro.reporting import comparison, summary
from gan_repro.reporting.page import document, explorer, plots, table, words
from gan_repro.reporting.validation import validated
from gan_repro.system import files
from gan_repro.system.errors import RunError

RESULTS = support.ROOT / "results"
EVIL = "<script>alert('x')</script>\"&amp;"
LARGEST = 2 * 10**6  # bytes of the page that is kept
VOID = ("meta", "link", "img", "input")


class Parsed(html.parser.HTMLParser):
    """The elements of a page: (tag, {attribute: value}), `text` of each, all of it balanced."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"{tag}: an attribute twice"
        self.elements.append((tag, dict(attributes)))
        self.texts.append("")
        if tag not in VOID:
            self.open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        for _, index in self.open:
            self.texts[index] += data

    def all(self, tag, **wanted):
        """[(attributes, text)] of the elements of that name with these attributes."""
        found = zip(self.elements, self.texts)
        return [
            (has, text)
            for (name, has), text in found
            if name == tag and all(has.get(key) == value for key, value in wanted.items())
        ]


def curve(*values, every=5):
    return {"epoch": [every * (index + 1) for index in range(len(values))], "value": list(values)}


def run(seed, value, curves=None, **changes):
    """A record with validation curves."""
    record = trained(seed, value, **changes)
    record["curves"] = {"training": {}, "validation": curves or {"last": curve(10.0, 20.0), "ema-.9999": curve(11.0, 21.5)}}
    return record


def page(*members, experiments=None, figures=(), findings="", maps=()):
    papers = experiments or [experiment()]
    built = build(*members, experiments=papers)
    along = validated(papers, grouped(members))
    return document.html([built], figures, {"table1": ("", findings, "")}, along, maps)


def rows(found):
    """The cells' texts of each row of the table of verdicts."""
    cells = [text for _, text in found.all("td", role="cell")]
    width = len(summary.HEADER)
    return [cells[start : start + width] for start in range(0, len(cells), width)]


# ---- the table --------------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_of_results_is_there_what_was_not_run_last():
    members = [trained(seed, 220.0 + seed) for seed in range(3)] + [trained(0, 90.0, preset="quick", epochs=20)]
    found, built = Parsed(page(*members)), build(*members)
    everything = summary.rows([built])
    expected = [row for row in everything if row.ours] + [row for row in everything if not row.ours]
    assert len(expected) == 3 and not expected[-1].ours
    for row, shown in zip(expected, rows(found), strict=True):
        cells = [cell.replace("\xa0", " ") for cell in shown]
        assert cells[0] == row.paper and cells[2:4] == [row.published, row.ours] and cells[5:] == [row.seeds, row.minutes]
        assert row.what in cells[1] and row.played in cells[1] and row.word in cells[4]
    assert [text for _, text in found.all("th", role="columnheader")] == summary.HEADER
    assert [has["href"] for has, text in found.all("a") if text == expected[0].paper][0] == "table1.md"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("225 ± 2", "225"),
        ("-27.0 ± 1.5 SE", "-27.0"),
        ("2,057 ± 26", "2057"),
        ("2.921e-05", "2.921e-05"),
        ("112 to 161", "112"),
        ("WGAN: 0.97, 0.54", "0.97"),
        ("shown", None),
        ("", None),
    ],
)
def test_a_cell_is_sorted_by_the_number_that_comes_first(text, number):
    assert table.number(text) == number


@pytest.mark.parametrize(
    "verdict", ["reproduced", "not reached in 25 epochs", "undecided: 1 of 3 seeds", "not run: why", "new"]
)
def test_every_verdict_has_a_colour_that_the_style_knows(verdict):
    style = (Path(document.__file__).parent / "page.css").read_text(encoding="utf-8")
    assert f".verdict.{table.tone(verdict)} " in style


# ---- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("**bold** and *not* 2 * 3 * 4", "<strong>bold</strong> and <em>not</em> 2 * 3 * 4"),
        ("`a*b*<c>`", "<code>a*b*&lt;c&gt;</code>"),
        ("[it **is**](x.md#y)", '<a href="x.md#y">it <strong>is</strong></a>'),
        ("[a](figures/a=b c.png)", "[a](figures/a=b c.png)"),  # Markdown's links hold no spaces
        ("[a](figures/a=b.png)", '<a href="figures/a%3Db.png">a</a>'),
        ("[a](javascript:alert(1))", "a)"),
        ("[a](https://a.org/?b=1&c=2)", '<a href="https://a.org/?b=1&amp;c=2">a</a>'),
        ('"quoted"', "&quot;quoted&quot;"),
    ],
)
def test_markdown_becomes_html_and_html_stays_text(text, shown):
    assert words.inline(text) == shown


def test_points_are_a_list_and_other_lines_paragraphs():
    assert words.points("* one\n* **two**\n\nthree") == "<p>three</p><ul><li>one</li><li><strong>two</strong></li></ul>"
    assert words.points("") == ""


def test_nothing_that_a_record_or_a_paper_says_becomes_html():
    paper = experiment(
        short_name=EVIL,
        models={"nets": model(EVIL)},
        numbers=(published(EVIL, "mnist", 225, 2, ours=True), published(EVIL + "2", "mnist", 226, 2, ours=True)),
        key_figures=(KeyFigure("nets", "mnist", "samples-best", EVIL),),
    )
    record = run(0, 1.0, {"last": curve(1.0, 2.0), f"ema-{EVIL}": curve(1.0, 2.0)})
    record["manifest"]["data"]["title"] = EVIL
    stem = f"a{EVIL.replace('/', '')}"
    groups = grouped([record])
    built = comparison.build("table1", [paper], [type(groups[0])((parsed(record, stem),))])
    along = validated([paper], groups)
    text = document.html([built], [f"{stem}-samples-best.png"], {"table1": ("", f"* {EVIL}", "")}, along, [])
    plain = page(run(0, 1.0))
    found, usual = Parsed(text), Parsed(plain)
    assert len(found.all("script")) == len(usual.all("script")) == 2 and "alert('x')" not in "".join(
        content for has, content in found.all("script") if "type" not in has
    )
    assert sum(EVIL in content for _, content in found.all("td")) >= 2
    assert any(EVIL in content for _, content in found.all("li")) and any(EVIL in has["alt"] for has, _ in found.all("img"))
    assert json.loads(found.all("script", type="application/json")[0][1])["names"][1].endswith(EVIL)
    (image,) = found.all("img")
    assert unquote(image[0]["src"]) == f"figures/{stem}-samples-best.png"


# ---- curves -----------------------------------------------------------------------------------------------------------


def told(text):
    return [json.loads(content) for _, content in Parsed(text).all("script", type="application/json")]


def test_curves_hold_the_values_of_every_run_at_every_epoch():
    first = {"last": curve(10.0, 20.0, 30.0), "ema-.9999": curve(11.0, None, 31.123)}
    (data,) = told(page(run(0, 1.0, first), run(1, 1.0, {"last": curve(-5.0, every=7)})))
    assert data["epochs"] == [5, 7, 10, 15] and data["runs"] == ["seed 0", "seed 1"]
    lines = {(line["name"], line["run"]): line["values"] for line in data["lines"]}
    assert lines == {(0, 0): [10, None, 20, 30], (1, 0): [11, None, None, 31.12], (0, 1): [None, -5, None, None]}
    assert data["low"] < -5 and data["high"] > 225  # the published number is a line, too


def test_a_line_stands_where_its_values_are():
    text = page(
        run(0, 1.0, {"last": curve(0.0, 225.0)}), experiments=[experiment(numbers=(published("A", "mnist", 225, 2, True),))]
    )
    (data,) = told(text)
    place = re.search(r'class="line c0 r0" d="M(\S+) (\S+?)L(\S+) ([\d.]+)"', text)
    x0, y0, x1, y1 = map(float, place.groups())
    height = [plots.HEIGHT * (data["high"] - value) / (data["high"] - data["low"]) for value in (0.0, 225.0)]
    assert (x0, x1) == (plots.WIDTH / 2, plots.WIDTH) and [y0, y1] == pytest.approx(height, abs=0.1)
    level = re.search(r'class="level published" d="M0 ([\d.]+)H', text)
    assert float(level[1]) == pytest.approx(y1, abs=0.1)


def test_what_stands_below_the_first_epochs_is_not_flattened_by_them():
    values = [-5000.0, 100.0, 110.0, 112.0, 113.0, 114.0, 115.0, 116.0]
    (data,) = told(page(run(0, 1.0, {"last": curve(*values)})))
    assert 0 < data["low"] < 100 and data["lines"][0]["values"][0] == -5000


def test_runs_without_curves_have_none():
    without = trained(0, 1.0) | {"curves": {"training": {}, "validation": {}}}
    assert told(page(without)) == [] and "No run here has a curve" in page(without)
    empty = run(0, 1.0, {"last": {"epoch": [5], "value": [None]}})
    assert told(page(empty)) == []


@pytest.mark.parametrize(("low", "high"), [(0, 1000), (-0.3, 0.2), (139.2, 249), (0, 39), (0, 1), (-5000, 5)])
def test_ticks_are_few_round_numbers_within(low, high):
    found = plots.ticks(low, high, 6)
    assert 2 <= len(found) <= 7 and low <= found[0] < found[-1] <= high
    steps = np.diff(found)
    assert np.allclose(steps, steps[0]) and f"{steps[0]:.0e}"[0] in "125"


# ---- figures and maps -------------------------------------------------------------------------------------------------


def sheet(path, labels=0, sha256="a" * 64):
    told = sheets.Sheet(sha256, EVIL, 3, 2, labels, 4, 5, "linear")
    sheets.write(path, told, np.random.default_rng(0).random((max(1, labels) * 9, 4, 5, 1)), 0.0, 1.0)
    return path


def test_a_map_is_embedded_whole_with_what_the_script_wants_to_know(tmp_path):
    path = sheet(tmp_path / "a.png", labels=2)
    found = Parsed(page(maps=[explorer.Map(EVIL, path, True)]))
    (image,) = [has for has, _ in found.all("img")]
    wanted = {"name": EVIL, "side": "3", "steps": "2", "labels": "2", "height": "4", "width": "5"}
    assert {key: image[f"data-{key}"] for key in wanted} == wanted
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == path.read_bytes()
    assert EVIL in image["data-told"] and "2 × 2 draws of z" in image["data-told"] and "label 0 to 1" in image["data-told"]


def test_a_map_of_other_weights_is_named_and_left_out(tmp_path):
    path = sheet(tmp_path / "a.png")
    text = page(maps=[explorer.Map("Old", path, False), explorer.Map("New", path, True)])
    assert len(Parsed(text).all("img")) == 1 and "The map of Old is of other weights" in text
    assert "The map of Old" in page(maps=[explorer.Map("Old", path, False)])
    assert "No map of a generator is here" in page() and "base64" not in page()
    path.write_bytes(b"\x89PNG")
    with pytest.raises(RunError, match="damaged"):
        page(maps=[explorer.Map("New", path, True)])


# ---- of a whole folder ------------------------------------------------------------------------------------------------


def regenerated(folder, monkeypatch):
    """index.html of a folder with the records of results/, and the names of its figures in place of figures."""
    for module, name in (
        ("curves", "training_curves"),
        ("likelihood", "log_likelihood_curves"),
        ("likelihood", "parzen_sweep"),
    ):
        monkeypatch.setattr(getattr(publish, module), name, lambda path, *rest: path.touch())
    publish.regenerate(folder, [configuration.find(name) for name in configuration.names()])
    return (folder / document.NAME).read_bytes()


def test_an_empty_folder_of_results_has_a_page(tmp_path, monkeypatch):
    found = Parsed(regenerated(tmp_path / "results", monkeypatch).decode())
    assert len(rows(found)) > 5 and all(not cells[3] for cells in rows(found)) and found.all("img") == []


def test_the_page_is_there_for_a_trial_of_the_program(tmp_path, monkeypatch):
    """Records of the preset smoke on the built-in digits, which only a trial takes (strict=False)."""
    content = run(0, 1.0, preset="smoke", dataset="glyphs")
    config = configuration.resolve(configuration.find("goodfellow2014"), "glyphs", preset="smoke")
    content |= {"experiment": "goodfellow2014", "model": config.model, "config": config.as_dict(), "epochs": 2}
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.json").write_text(json.dumps(content))
    written = publish.regenerate(tmp_path, [configuration.find(name) for name in configuration.names()], strict=False)
    assert tmp_path / document.NAME in written
    assert told((tmp_path / document.NAME).read_text(encoding="utf-8"))[0]["epochs"] == [5, 10]


@pytest.fixture(scope="module")
def kept():
    text = (RESULTS / document.NAME).read_text(encoding="utf-8")
    return text, Parsed(text)


def test_the_page_of_results_is_small_and_whole(kept):
    text, found = kept
    assert len(text.encode()) <= LARGEST
    assert not re.search(r"\$(\{|[a-z])", text.partition("<script>")[0]), "a place was not filled"
    sources = [has[key] for _, has in found.elements for key in ("src", "srcset", "data", "poster") if key in has]
    assert sources and [src for src in sources if not src.startswith(("figures/", "data:"))] == []
    assert [has for has, _ in found.all("link") if has["href"] != "data:,"] == []
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", text)
    assert all(has.get("alt") for has, _ in found.all("img"))
    names = [has["id"] for _, has in found.elements if "id" in has]
    assert len(names) == len(set(names))


def test_every_link_and_every_figure_of_the_page_of_results_is_there(kept):
    _, found = kept
    places = [has[key] for _, has in found.elements for key in ("href", "src") if key in has]
    names = {has["id"] for _, has in found.elements if "id" in has}
    here = [place for place in places if not place.startswith(("https://", "data:"))]
    assert len([place for place in here if place.startswith("figures/")]) > 10
    for place in here:
        path, _, name = unquote(place).partition("#")
        assert (RESULTS / path).is_file() if path else name in names, place


def test_the_page_of_results_has_every_row_and_every_key_figure(kept):
    text, found = kept
    lines = [line for line in (RESULTS / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")]
    assert len(rows(found)) == len(lines) > 10
    listed = re.findall(r"\]\(figures/([^)]+)\)", (RESULTS / "README.md").read_text(encoding="utf-8").partition("## More")[0])
    shown = [unquote(has["src"]).removeprefix("figures/") for has, _ in found.all("img") if has["src"].startswith("figures/")]
    assert shown == listed and len(shown) > 5
    assert any("averages" in name for name in shown)


def test_the_map_of_every_generator_is_there_and_of_its_weights(kept):
    _, found = kept
    shapes = {folder: files.read_json(folder / "manifest.json")["data"]["shape"] for folder in shipped.folders().values()}
    folders = [folder for folder, shape in shapes.items() if sheets.possible(shape)]
    for folder in folders:
        assert sheets.current(RESULTS / "figures" / sheets.FOLDER / f"{folder.name}.png", shipped.weights_sha256(folder.name))
    assert len([has for has, _ in found.all("img") if has["src"].startswith("data:")]) == len(folders) >= 4


def test_the_script_is_javascript(tmp_path):
    """Where there is Node; a browser runs it in test_page_in_browser.py."""
    if shutil.which("node") is None:
        pytest.skip("needs node")
    script = Path(document.__file__).parent / "page.js"
    done = subprocess.run(["node", "--check", str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
