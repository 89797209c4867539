"""What every program needs and no paper is about: errors, files, random numbers, signals, TensorFlow's start.

Modules (help(gan_repro.system.NAME)):
    errors            the exceptions that end a program with one line
    backend           Keras computes with TensorFlow, or nothing starts
    cluster           which of several machines this is
    choices           one of several names, or a suggestion
    command_line      flags, exit codes and messages of all programs
    files             files that are written whole or not at all, checksums, caches
    lazy              modules that are imported when they are first used
    locks             a file that one process at a time holds
    machine           processor, versions, threads, commit
    randomness        random numbers from (seed, step, stream)
    signals           Ctrl-C and SIGTERM as something to react to
    snapshots         dataclasses of arrays as .npz files
    tensorflow_setup  a quiet, deterministic start of TensorFlow
    numbers           how many digits of a number a reader is shown
    schema            dataclasses from JSON, checked, and back
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
