"""Studies: which runs there are to be, and the queue that plays them, on one core or on many machines. README.md says how.

Modules (help(gan_repro.studies.NAME)):
    study    a study's file, and the runs that it asks for
    smoke    every experiment and model once, in seconds
    places   the queue's folder, and the state of a run read off it
    player   one run in a process of its own
    child    what that process is: on its cores, with its parent
    queue    many runs, by many workers
    cluster  workers on other machines
    remote   what a worker there does
    cargo    what travels to it and back
    cost     what runs take
    speed    20 steps, timed
    compare  a run that was played again beside its record
    view     what people see of it
    pages    what results/ says of studies and costs
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
