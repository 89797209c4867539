"""The notebooks: what is committed has its outputs, and every one runs again, without data and network."""

import ast
import base64
import importlib.util
import io
import json
import re
import resource
import sys
import textwrap
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest
import support
from PIL import Image
from support import offline
from support.records import make_record, measurement, parsed

from gan_repro import shipped
from gan_repro.data import glyphs
from gan_repro.runs import notebook

FOLDER = support.ROOT / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
LARGEST = 1.5e6
MINUTES = 3  # all notebooks together, on two idle cores
SECONDS = {}  # of processor time, by notebook


def read(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def kinds(book):
    """What each code cell shows: a set of "image/png", "stream", ... for each."""
    cells = (cell["outputs"] for cell in book["cells"] if cell["cell_type"] == "code")
    return [{kind for entry in outputs for kind in entry.get("data", [entry["output_type"]])} for outputs in cells]


def pictures(book):
    for cell in book["cells"]:
        for entry in cell.get("outputs", []):
            if "image/png" in entry.get("data", {}):
                yield np.asarray(Image.open(io.BytesIO(base64.b64decode(entry["data"]["image/png"]))).convert("L"))


def test_all_are_there():
    assert NAMES == [
        "chains",
        "conditional_digits",
        "dcgan",
        "game_on_a_line",
        "parzen_window",
        "wgan",
        "without_a_checkout",
        "z_interpolation",
    ]


def taken(book):
    """Dotted names of this package that a notebook's code names: what it imports, and attributes of imported modules."""
    code = "\n".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    code = ast.parse(re.sub(r"^(\s*)%.*$", r"\1pass", code, flags=re.MULTILINE))  # without Jupyter's commands
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(code)
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "gan_repro"
        for alias in node.names
    }
    used = (node for node in ast.walk(code) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
    used = {f"{imported[node.value.id]}.{node.attr}" for node in used if node.value.id in imported}
    return sorted({*imported.values(), *used})


@pytest.mark.parametrize("name", NAMES)
def test_what_a_notebook_takes_from_the_package_is_there(name):
    """In every run of the tests; that notebooks run takes minutes and is tried by slow tests."""
    names = taken(read(name))
    assert len(names) >= 2
    for each in names:
        owner, _, last = each.rpartition(".")
        try:
            found = importlib.import_module(owner)
        except ModuleNotFoundError:  # an attribute of something imported that is no module: a function or class
            module, _, first = owner.rpartition(".")
            found = getattr(importlib.import_module(module), first)
        assert hasattr(found, last) or importlib.util.find_spec(each), each


@pytest.mark.parametrize("name", NAMES)
def test_committed_with_outputs(name):
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST
    book = read(name)
    first = "".join(book["cells"][0]["source"])
    assert first.startswith("# ") and "section" in first
    _, seen = first.split("\n\n")[:2]  # the title, and what is said first: two sentences
    assert seen.startswith("What you will see: ")
    assert len(re.findall(r"[.?!](?=\s|$)", seen.replace("et al.", "et al").replace("*", ""))) == 2
    assert "error" not in set().union(*kinds(book))
    shown = list(pictures(book))
    assert len(shown) >= 3 and all(picture.std() > 10 for picture in shown)
    text = "".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown")
    assert all((FOLDER / link).exists() for link in re.findall(r"\]\(([^)]+)\)", text))
    assert not any(str(support.ROOT) in json.dumps(cell) for cell in book["cells"])
    code = "".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    for kind, folder, suffix in (("figure", "figures", ".png"), ("record", "records", ".json")):
        for named in re.findall(rf'notebook\.{kind}\("([^"]+)"', code):
            assert (support.ROOT / "results" / folder / f"{named}{suffix}").is_file(), named


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Executes a notebook in an empty folder, without data and behind offline.GUARD; gives the processor seconds it took."""
    nbclient = pytest.importorskip("nbclient", reason="notebooks are executed by nbclient: pip install -e '.[test]'")
    pytest.importorskip("ipykernel", reason="notebooks are executed in ipykernel: pip install -e '.[test]'")
    here = tmp_path / "here"
    here.mkdir()
    for name, value in offline.environment(tmp_path, support.ROOT).items():
        monkeypatch.setenv(name, value)

    def executed(book):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        resources = {"metadata": {"path": str(here)}}
        nbclient.NotebookClient(book, timeout=600, kernel_name="python3", resources=resources).execute()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return executed


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("name", NAMES)
def test_runs_again_without_data_and_network(name, play, tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="notebooks are read by nbformat, with nbclient")
    book = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    SECONDS[name] = play(book)
    assert kinds(book) == kinds(read(name))
    assert all(picture.std() > 10 for picture in pictures(book))
    said = json.dumps(book)
    assert ("NOT MNIST" in said) == ("notebook.digits(" in said)
    assert offline.attempts(tmp_path) == []


@pytest.mark.slow
@pytest.mark.e2e
def test_together_they_are_quick():
    if sorted(SECONDS) != NAMES:
        pytest.skip("only where this process has run all notebooks")
    print({name: round(seconds) for name, seconds in SECONDS.items()})
    # Of processor time, of which two idle cores give this much in any case; wall time would be that of whatever else runs here.
    assert min(SECONDS.values()) > 1 and sum(SECONDS.values()) < 60 * MINUTES


@pytest.mark.e2e
def test_the_network_is_out_of_reach(play, tmp_path):
    nbformat = pytest.importorskip("nbformat.v4", reason="notebooks are written by nbformat, with nbclient")
    code = """
        import socket, urllib.request

        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()
        for ask in (
            lambda: urllib.request.urlopen("http://192.0.2.1/"),
            lambda: socket.getaddrinfo("example.org", 80),
            lambda: socket.socket().connect(("192.0.2.2", 80)),
        ):
            try:
                ask()
            except RuntimeError as error:
                print(error)
    """
    book = nbformat.new_notebook(cells=[nbformat.new_code_cell(textwrap.dedent(code))])
    play(book)
    hosts = "192.0.2.1", "example.org", "192.0.2.2"
    assert book.cells[0].outputs[0].text.splitlines() == [f"asked for the network: {host}" for host in hosts]
    assert [line.split()[-1] for line in offline.attempts(tmp_path)] == list(hosts)


# ---- what the notebooks share ----------------------------------------------------------------------------------------


def test_digits_are_glyphs_where_mnist_is_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(notebook, "GLYPHS", 30)
    source = notebook.digits(train=50, test=20)
    assert dict(source.spec.sizes) == {"train": 30, "validation": 20, "test": 20}
    assert source.spec.name == "glyphs" and (source.images("test") == glyphs.generate("test", 20)[0]).all()
    out = capsys.readouterr().out
    assert "NOT MNIST" in out and f"{glyphs.TITLE}, 30 for training" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_digits_are_mnists_first_ones(real_mnist, capsys):
    source = notebook.digits(train=50, test=20)
    assert dict(source.spec.sizes) == {"train": 50, "validation": 20, "test": 20}
    for split, n in source.spec.sizes.items():
        assert (source.images(split) == real_mnist.images(split)[:n]).all()
        assert (source.labels(split) == real_mnist.labels(split)[:n]).all()
    assert capsys.readouterr().out == "real images here: MNIST, 50 for training, 20 to test\n"


def test_measured_is_readable(capsys):
    entry = measurement(1.0, "P", metric="total_variation", condition="theta = 1", standard_error=0.0, unit="1")
    other = measurement(95.621, "last", metric="label_accuracy", standard_error=0.204, unit="%")
    record = parsed(make_record(0, [entry, other, measurement(2.0, "last", metric="unasked")]))
    notebook.measured(record, "total_variation", "label_accuracy")
    assert capsys.readouterr().out == "total variation (P, theta = 1): 1\nlabel accuracy (last): 95.62 ± 0.20 %\n"


def test_play_leaves_the_numbers_to_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for line in ("done: ", "finished already"):  # played, then read
        workdir = notebook.play("wgan", "parallel_lines", "smoke")
        out = capsys.readouterr().out
        assert line in out and "wasserstein_distance" not in out
        assert "Wasserstein GAN" not in out and "images" not in out  # no GAN, no images: distances of points
    notebook.measured(shipped.record(workdir.path), "wasserstein_distance")
    assert capsys.readouterr().out.startswith("wasserstein distance (P_theta, theta = 0): ")


@pytest.mark.e2e
def test_a_front_end_is_known_by_its_requests():
    manager = pytest.importorskip("jupyter_client.manager", reason="kernels are started by jupyter_client, with nbclient")
    pytest.importorskip("ipykernel", reason="notebooks are executed in ipykernel: pip install -e '.[test]'")
    assert not notebook._attended()  # there is no kernel at all
    _, client = manager.start_new_kernel(kernel_name="python3", cwd=str(support.ROOT))
    try:
        for attended in (True, False):
            said = []
            code = "from gan_repro.runs import notebook; print(notebook._attended())"
            hook = {"output_hook": said.append, "stdin_hook": print, "timeout": 60}
            client.execute_interactive(code, allow_stdin=attended, **hook)
            assert [each["content"]["text"] for each in said if each["msg_type"] == "stream"] == [f"{attended}\n"]
    finally:
        client.shutdown()
        client.stop_channels()


@pytest.mark.parametrize("front_end", [True, False])
def test_a_slider_only_where_it_can_be_moved(front_end, monkeypatch, capsys):
    moved = []
    widgets = ModuleType("ipywidgets")
    widgets.__spec__ = ModuleSpec("ipywidgets", None)
    widgets.interact = lambda draw, **numbers: moved.append(numbers)
    monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
    monkeypatch.setattr(notebook, "_attended", lambda: front_end)
    shown = notebook.slider(None, lambda: "a strip", share=(0.0, 1.0, 0.1))
    assert moved == ([{"share": (0.0, 1.0, 0.1)}] if front_end else [])
    assert shown == (None if front_end else "a strip")
    assert ("a slider is here" in capsys.readouterr().out) != front_end
