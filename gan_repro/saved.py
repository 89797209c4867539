"""Names in saved Keras models: importing this module registers every class of ours that one may hold, as "gan_repro>NAME".

    import keras
    from gan_repro import saved

    network = keras.saving.load_model("network.keras")  # no custom_objects

`import gan_repro` alone imports no Keras, and registers nothing. A class of an experiment's own is registered when its module
is imported. Files of gan_repro.export need none of this: they hold Keras's own layers alone.
"""

from gan_repro.system import backend

backend.check()  # before the rest imports Keras with another one

from gan_repro.networks import constraints, initial, layers, norms, reparametrised, tied  # noqa: E402
from gan_repro.training import optimizers  # noqa: E402

MODULES = (constraints, initial, layers, norms, optimizers, reparametrised, tied)
