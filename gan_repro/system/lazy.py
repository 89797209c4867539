"""Modules that are imported when they are first used, so that descriptions of papers cost no TensorFlow and no matplotlib.

lazy_loader.load does the same for whole packages; of their submodules it warns and imports what is above them at once.
"""

import importlib
import types


class _Lazy(types.ModuleType):
    """Stands for a module until one of its names is asked for, and then passes on the module's own."""

    def __getattr__(self, name: str):
        if name.startswith("__"):  # what Python itself asks of any module
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


def lazy(name: str) -> types.ModuleType:
    """The module of that name, imported when it is first used."""
    return _Lazy(name)
