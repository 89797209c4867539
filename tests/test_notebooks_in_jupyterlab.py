"""Every notebook in a real JupyterLab, in a browser: all cells run from there, and none ends in an error."""

import contextlib
import importlib.util
import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from support import ROOT, browser, offline

NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
PATIENCE = 300  # seconds until JupyterLab answers, or a notebook is open
LONGEST = 900  # seconds of a notebook
OPEN = "() => window.jupyterapp?.shell.currentWidget?.context?.isReady"
PLAY = """async () => {
    const app = window.jupyterapp;
    await app.shell.currentWidget.sessionContext.ready;
    await app.commands.execute("notebook:run-all-cells");
    await app.shell.currentWidget.sessionContext.shutdown();
    return app.shell.currentWidget.context.model.toJSON();
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with copies of the notebooks, without their outputs: what is there afterwards is new."""
    found = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(ROOT / "notebooks", found, ignore=shutil.ignore_patterns("runs", ".*"))
    for path in found.glob("*.ipynb"):
        book = json.loads(path.read_text(encoding="utf-8"))
        for cell in book["cells"]:
            cell.update({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})
        path.write_text(json.dumps(book), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def lab(folder):
    """(address, token) of a JupyterLab in that folder, without data and without a network."""
    pytest.importorskip("jupyterlab", reason="needs JupyterLab: pip install -e '.[notebooks]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, address = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    words = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    words += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    told = folder.parent / "log"
    with told.open("wb") as log:
        there = offline.environment(folder.parent, ROOT)
        process = subprocess.Popen(words, cwd=folder, env=there, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(f"{address}/api"):
            assert process.poll() is None and time.monotonic() < deadline, told.read_text()[-2000:]
            time.sleep(0.2)
        yield address, token
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()
        process.wait()


def _answers(url):
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status == 200
    return False


def played(name, lab):
    """The code cells of a notebook after JupyterLab has run them all: those of the file format."""
    address, token = lab
    with browser.opened() as chromium:
        page = chromium.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(f"{address}/lab/tree/{name}.ipynb?token={token}&reset")
        page.wait_for_function(OPEN)
        page.set_default_timeout(1000 * LONGEST)
        return [cell for cell in page.evaluate(PLAY)["cells"] if cell["cell_type"] == "code"]


def wrong(cells):
    """The outputs that are errors. What a live training warns of is none."""
    return [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("name", NAMES)
def test_all_cells_run(name, lab):
    cells = played(name, lab)
    counts = [cell["execution_count"] for cell in cells]
    assert None not in counts and counts == sorted(set(counts)), counts
    assert wrong(cells) == []
    shown = {kind for cell in cells for output in cell["outputs"] for kind in output.get("data", {})}
    assert "image/png" in shown
    if importlib.util.find_spec("ipywidgets") and any("notebook.slider(" in "".join(cell["source"]) for cell in cells):
        assert "application/vnd.jupyter.widget-view+json" in shown


@pytest.mark.slow
@pytest.mark.e2e
def test_an_error_is_seen(lab, folder):
    cell = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": [], "source": "1 / 0"}
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    book = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "broken.ipynb").write_text(json.dumps(book), encoding="utf-8")
    (error,) = wrong(played("broken", lab))
    assert error["ename"] == "ZeroDivisionError"
