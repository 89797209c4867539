"""Public functions of the libraries and of runs say in their signatures what they take and give."""

import importlib
import inspect
import pkgutil

import pytest

from gan_repro import data, evaluation, figures, latent, networks, papers, runs, system

MODULES = [
    importlib.import_module(f"{package.__name__}.{module.name}")
    for package in (system, data, networks, latent, evaluation, papers, figures, runs)
    for module in pkgutil.iter_modules(package.__path__)
] + [data]
SPECIAL = ("__init__", "__call__")


def public(module):
    """(name, function) of the functions and methods that a module defines for others."""
    for name, found in vars(module).items():
        if name.startswith("_") or getattr(found, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(found):
            yield name, found
        elif inspect.isclass(found):
            for own, method in vars(found).items():
                named = inspect.isfunction(method) and method.__name__ != "<lambda>"  # a field's default has no room for them
                written = named and method.__code__.co_filename == inspect.getfile(module)
                if written and (own in SPECIAL or not own.startswith("_")):  # not what dataclass and Protocol generate
                    yield f"{name}.{own}", method


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_argument_and_result_of_a_public_function_is_annotated(module):
    lacking = []
    for name, function in public(module):
        signature = inspect.signature(function)
        arguments = [each for each in signature.parameters.values() if each.name != "self"]
        annotations = [signature.return_annotation, *(each.annotation for each in arguments)]
        if signature.empty in annotations:
            lacking.append(name)
    assert lacking == []
