"""What `help(gan_repro)` promises: names, docstrings, arrows between packages, and that `import gan_repro` costs nothing."""

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import experiments
import gan_repro
from gan_repro import data, evaluation, reporting

ROOT = Path(gan_repro.__path__[0]).resolve().parent
FILES = [path for package in (gan_repro, experiments) for path in sorted(Path(package.__path__[0]).rglob("*.py"))]


def test_help_names_every_module():
    body = gan_repro.__doc__.partition("Programs")[2]
    there = {module.name for module in pkgutil.iter_modules(gan_repro.__path__)} - {"__main__"}  # of the console script
    assert there <= set(re.findall(r"[a-z_0-9]+", body))


@pytest.mark.parametrize("package", [data, evaluation, reporting], ids=lambda package: package.__name__)
def test_help_of_a_package_lists_each_of_its_modules_with_a_few_words(package):
    listed = re.findall(r"^    (\w+) +\w.*", package.__doc__.partition("\nModules (")[2], re.MULTILINE)
    assert sorted(listed) == sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def undocumented(tree, prefix=""):
    """Public functions, classes and their public methods without a docstring."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from undocumented(node, f"{prefix}{node.name}.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_public_names_have_docstrings(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    overridden = {"__call__", "build", "call", "compute_output_shape"}  # Keras's own names
    assert [name for name in undocumented(tree) if name.rpartition(".")[2] not in overridden] == []


# ---- the face ---------------------------------------------------------------------------------------------------------

STUB = ast.parse((ROOT / "gan_repro" / "__init__.pyi").read_text(encoding="utf-8"))
IMPORTS = [node for node in STUB.body if isinstance(node, ast.ImportFrom)]
NAMES = [(node.module, alias.name, alias.asname) for node in IMPORTS for alias in node.names]


@pytest.mark.parametrize(("module", "name", "shown"), NAMES, ids=lambda part: part or "")
def test_every_name_of_the_stub_is_what_its_module_has(module, name, shown):
    if module is None:  # a package
        expected = importlib.import_module(f"gan_repro.{name}")
    elif importlib.util.find_spec(f"gan_repro.{module}.{name}") if is_package(module) else None:
        expected = importlib.import_module(f"gan_repro.{module}.{name}")
    else:
        expected = getattr(importlib.import_module(f"gan_repro.{module}"), name)
    assert shown == name and getattr(gan_repro, shown) is expected
    assert shown in dir(gan_repro) and shown in gan_repro.__all__


def is_package(module):
    """Whether gan_repro.MODULE is a folder."""
    return (ROOT / "gan_repro" / Path(*module.split("."))).is_dir()


def test_the_face_has_no_other_names():
    assert sorted(gan_repro.__all__) == sorted(shown for _, _, shown in NAMES)
    with pytest.raises(AttributeError):
        _ = gan_repro.no_such_name


HEAVY = ("tensorflow", "keras", "tensorflow_datasets", "matplotlib", "torch")


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory):
    """A folder, to come first on the path, in which whatever takes seconds to import cannot be imported at all."""
    folder = tmp_path_factory.mktemp("poisoned")
    for name in HEAVY:
        (folder / f"{name}.py").write_text("raise RuntimeError('imported: ' + __name__)\n")
    return folder


def with_poison(poisoned, tmp_path, *words):
    """What a fresh Python says on stdout, in an empty folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (poisoned, ROOT)))}
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_poison_is_at_work(poisoned, tmp_path):
    for name in HEAVY:
        with pytest.raises(AssertionError, match=f"imported: {name}"):
            with_poison(poisoned, tmp_path, "-c", f"import {name}")


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "import gan_repro; print(dir(gan_repro))"],
        ["-c", "import gan_repro as gr; print(gr.Experiment, gr.Phase, gr.measures, gr.bounded, gr.UNIT, gr.pylearn2.Recipe)"],
        [
            "-c",
            "import gan_repro as gr; print(gr.lazy('keras'), gr.lazy('gan_repro.training.game'), gr.evaluation, gr.figures)",
        ],
        # One of scipy's packages takes as long as all the rest of a program.
        [
            "-c",
            "import sys; from gan_repro import reproduce, run; print('scipy.stats' in sys.modules and sys.exit('scipy.stats'))",
        ],
        ["-m", "gan_repro.run", "--help"],
        ["-m", "gan_repro.run", "--list"],
        *(["-m", "gan_repro.run", "--list", f"--experiment={name}"] for name in ("goodfellow2014", "dcgan", "wgan")),
        *(["-m", "gan_repro.run", "--dry_run", f"--experiment={name}"] for name in ("cgan", "theis2015", "wgan")),
    ],
    ids=" ".join,
)
def test_what_trains_nothing_imports_nothing_that_trains_or_draws(words, poisoned, tmp_path):
    assert with_poison(poisoned, tmp_path, *words).strip()


# ---- arrows between packages ------------------------------------------------------------------------------------------

# As help(gan_repro) has them: each imports only from those above it. Programs and the benchmark stand below all.
ORDER = re.findall(r"^    (\w+) +\w", gan_repro.__doc__.partition("only from those above it:")[2], re.MULTILINE)
ORDER.remove("trained")  # which holds no code
PROGRAMS = len(ORDER) + 1

# What is loaded by name, and what a recipe makes once there is something to train.
_PLAYED = ("losses", "rules", "schedule", "tricks")
ALLOWED = {
    ("gan_repro/papers/configuration.py", "experiments"),
    ("gan_repro/papers/configuration.py", "gan_repro"),  # for where it lies
    ("gan_repro/papers/adam.py", "gan_repro.training.optimizers"),
    ("gan_repro/papers/pylearn2.py", "gan_repro.training.losses"),
    ("gan_repro/papers/pylearn2.py", "gan_repro.training.optimizers"),
    ("gan_repro/papers/pylearn2.py", "gan_repro.training.rules"),
    ("gan_repro/papers/pylearn2.py", "gan_repro.training.schedule"),  # a type alone
    *(("gan_repro/papers/tutorials.py", f"gan_repro.training.{name}") for name in _PLAYED),
}


def rank(module):
    """The place of a module in the order: of packages theirs, then `experiments`, then programs and gan_repro as a whole."""
    first, *rest = module.split(".")
    if first == "experiments":
        return len(ORDER)
    return ORDER.index(rest[0]) if rest and rest[0] in ORDER else PROGRAMS


def imported(path):
    """(line, module) of each import of ours in a file, at its head or in a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [name if is_module(name) else node.module for name in names]
        else:
            continue
        yield from ((node.lineno, name) for name in found if name.split(".")[0] in ("gan_repro", "experiments"))


def is_module(name):
    """Whether a dotted name is a file or a folder of ours."""
    place = ROOT / Path(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def test_packages_are_named_in_the_order_of_their_arrows():
    folders = {path.parent.name for path in (ROOT / "gan_repro").glob("*/__init__.py")}
    assert set(ORDER) == folders - {"benchmark"} and len(ORDER) == len(set(ORDER))
    assert set(ALLOWED) <= {(shown(path), name) for path in FILES for _, name in imported(path)}, "no exception is left over"


def shown(path):
    """A file as seen from the folder of the packages."""
    return path.resolve().relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [path for path in FILES if "experiments" not in path.parts], ids=shown)
def test_a_package_imports_only_from_those_above_it(path):
    own = rank(shown(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    package = ROOT / Path(*shown(path).split("/")[:2])
    wrong = [
        f"{shown(path)}, line {line}: {name}"
        for line, name in imported(path)
        if not (rank(name) < own or own == PROGRAMS or (ROOT / Path(*name.split("."))).is_relative_to(package))
    ]
    assert [each for each in wrong if (shown(path), each.partition(": ")[2]) not in ALLOWED] == []


@pytest.mark.parametrize("path", [path for path in FILES if "experiments" in path.parts], ids=shown)
def test_no_paper_imports_another_or_a_program(path):
    own = shown(path).split("/")[1].removesuffix(".py")
    for line, name in imported(path):
        first, *rest = name.split(".")
        assert rest[:1] == [own] if first == "experiments" else rest[:1] == [] or rest[0] in ORDER, f"line {line}: {name}"
