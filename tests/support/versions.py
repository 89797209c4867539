"""Tests under the oldest versions that setup.py allows and under the newest that there are, and results/versions.md of them.

`.ci/versions OLDEST [NEWEST ...]` runs this: OLDEST and NEWEST are Pythons. In the first's environment every requirement of
setup.py is its lower bound exactly; in the others' it is what the package index gives. Nothing is tested here.
"""

import argparse
import ast
import dataclasses
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What could break with a version: layers and losses of Keras, the step in tf.function, weights in HDF5, generators saved by
# another version, a whole run, TensorFlow Datasets, functions of NumPy and SciPy, pictures of Matplotlib, the command line.
TESTS = (
    "tests/test_networks.py",
    "tests/test_layers.py",
    "tests/test_losses.py",
    "tests/test_shipped.py",
    "tests/test_command_line.py",
    "tests/test_run_whole.py",
    "tests/data/test_tfds.py",
    "tests/data/test_user.py",
    "tests/evaluation/test_parzen.py",
    "tests/evaluation/test_frechet.py",
    "tests/evaluation/test_transport.py",
    "tests/reporting/test_figures.py",
)
MARKS = "not slow and not e2e"
BESIDE = ("pytest", "hypothesis", "scikit-learn")  # that the tests need, in their newest versions
LIMIT = 3600  # seconds of one environment's tests
VERSIONS = """import json, platform, sys; from importlib.metadata import version
print(json.dumps({"python": platform.python_version()} | {name: version(name) for name in sys.argv[1:]}))"""
WHERE = "import json; from gan_repro.system import machine; print(json.dumps([machine.commit(), machine.processor()]))"


@dataclasses.dataclass(frozen=True)
class Found:
    """What tests came to in one environment.

    Attributes:
      pins: "oldest" or "newest".
      versions: {"python", requirements of setup.py: version}.
      passed, skipped, failed: tests.
    """

    pins: str
    versions: dict[str, str]
    passed: int
    skipped: int
    failed: int


def requirements(folder=ROOT):
    """{package: lower bound} of setup.py's install_requires, which has nothing but lower bounds.

    Raises:
      ValueError: a requirement is none.
    """
    tree = ast.parse((Path(folder) / "setup.py").read_text(encoding="utf-8"))
    keywords = [keyword for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords]
    (required,) = (ast.literal_eval(keyword.value) for keyword in keywords if keyword.arg == "install_requires")
    pairs = [requirement.partition(">=") for requirement in required]
    if bare := [name for name, _, bound in pairs if not bound or any(sign in bound for sign in "<>=!~,; ")]:
        raise ValueError(f"setup.py: {', '.join(bare)} must have a lower bound and nothing else, such as numpy>=1.26.0")
    return {name: bound for name, _, bound in pairs}


def environment(python, words, place):
    """The Python of an environment in the folder `place` with these requirements; one that is there is kept as it is."""
    inside, ready = place / "bin" / "python", place / "ready"
    if not ready.exists():
        subprocess.run([python, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(inside), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, *words, *BESIDE], check=True)
        ready.touch()  # only now: what was interrupted is made again
    return inside


def installed(python, names):
    """{"python" and each name: its version} in an environment."""
    return json.loads(_output(python, VERSIONS, *names))


def _output(python, code, *words):
    done = subprocess.run([python, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def tried(python, pins, names, tests=TESTS):
    """The Found of an environment's Python: the tests are run in it, from the checkout's root."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ["-q", "-p", "no:cacheprovider", "--tb=short", "-m", MARKS, f"--junitxml={report}", *tests]
        subprocess.run([python, "-m", "pytest", *words], cwd=ROOT, timeout=LIMIT, check=False)
        if not report.exists():
            raise SystemExit(f"error: the tests did not run under {python}")
        return Found(pins, installed(python, names), *counts(report.read_text(encoding="utf-8")))


def counts(text):
    """(passed, skipped, failed) of pytest's JUnit XML; an error is a failure."""
    cases = list(xml.etree.ElementTree.fromstring(text).iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return len(cases) - failed - skipped, skipped, failed


def as_json(found, commit, processor):
    """What versions.json holds."""
    return {
        "commit": commit,
        "processor": processor,
        "tests": list(TESTS),
        "environments": [dataclasses.asdict(each) for each in found],
    }


def markdown(report):
    """The text of versions.md."""
    columns = report["environments"]
    packages = [name for name in columns[0]["versions"] if name != "python"]
    lines = [
        "# Versions: which it was tested with",
        "",
        "Generated, with versions.json, by `.ci/versions`; do not edit.",
        "",
        "The first column has the oldest version of everything that `setup.py` allows, the others the newest that the package "
        "index had.",
        "",
        "| | " + " | ".join({"oldest": "oldest allowed", "newest": "newest"}[each["pins"]] for each in columns) + " |",
        "|---|" + "--:|" * len(columns),
    ]
    for name in ("python", *packages):
        title = "Python" if name == "python" else name
        lines.append(f"| {title} | " + " | ".join(each["versions"][name] for each in columns) + " |")
    for what in ("passed", "skipped", "failed"):
        lines.append(f"| tests {what} | " + " | ".join(f"{each[what]:,}" for each in columns) + " |")
    commit, changed, _ = (report["commit"] or "unknown").partition("+")
    same = [name for name in packages if len({each["versions"][name] for each in columns}) == 1]
    lines += [""]
    lines += [f"Of {', '.join(same)} the oldest allowed is the newest that there is.", ""] if same else []
    lines += [
        "Tests are skipped where something was not at hand, such as real MNIST. What ran, without what is marked slow or e2e:",
        "",
        *(f"* `{name}`" for name in report["tests"]),
        "",
        f"On {report['processor']}, at commit {commit[:12]}{', with files changed' if changed else ''}.",
    ]
    return "\n".join(lines) + "\n"


def main(argv):
    """Makes the environments, runs the tests, writes the page; the exit code is 1 where a test failed."""
    parser = argparse.ArgumentParser(prog=".ci/versions", description=__doc__.partition("\n")[0])
    parser.add_argument("oldest", help="the Python of the oldest versions allowed")
    parser.add_argument("newest", nargs="*", help="the Pythons of the newest versions")
    parser.add_argument("--environments", help="a folder that keeps the environments; without, they go when the tests end")
    asked = parser.parse_args(argv)
    bounds = requirements()
    with tempfile.TemporaryDirectory() as temporary:
        folder, found = Path(asked.environments or temporary).resolve(), []
        for pins, python in (("oldest", asked.oldest), *(("newest", each) for each in asked.newest)):
            words = [f"{name}{'==' if pins == 'oldest' else '>='}{bound}" for name, bound in bounds.items()]
            inside = environment(python, words, folder / f"{pins}-{installed(python, ())['python']}")
            found.append(tried(inside, pins, bounds))
        where = json.loads(_output(inside, WHERE))
    if wrong := {name: each for name, each in found[0].versions.items() if bounds.get(name, each) != each}:
        raise SystemExit(f"error: the environment of the oldest versions has {wrong}: delete it")
    report = as_json(found, *where)
    (ROOT / "results" / "versions.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (ROOT / "results" / "versions.md").write_text(markdown(report), encoding="utf-8")
    return int(any(each.failed for each in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
