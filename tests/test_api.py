"""What `help(gan_repro)` promises: every module is named there, and every public name has a docstring."""

import ast
import pkgutil
import re
from pathlib import Path

import pytest

import experiments
import gan_repro
from gan_repro import data, evaluation, reporting

FILES = [path for package in (gan_repro, experiments) for path in sorted(Path(package.__path__[0]).rglob("*.py"))]


def test_help_names_every_module():
    body = gan_repro.__doc__.partition("Programs")[2]
    there = {module.name for module in pkgutil.iter_modules(gan_repro.__path__)}
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
