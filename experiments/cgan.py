"""Mirza and Osindero 2014, "Conditional Generative Adversarial Nets": the MNIST model, its row of Table 1, Figure 2."""

import dataclasses
import math
import typing

import gan_repro as gr

keras = gr.lazy("keras")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.pylearn2.Recipe):
    """Section 4.1; what it leaves open is as in goodfeli/adversarial (Deviations, cgan.md).

    Attributes:
      latent, prior: z: 100 numbers, uniform in the unit hypercube.
      latent_units, label_units, joint_units: G's ReLU layers on z, on the one-hot label, and on both.
      image_units, image_pieces, class_units, class_pieces: D's maxout layers on the image and on the label.
      combined_units, combined_pieces: D's maxout layer on both.
      generator_irange, discriminator_irange: weights U(-irange, irange).
      keep, scale: dropout at the input of every layer behind the first ones, in both networks.
      dropout_in_samples: G's dropout stays on when samples are drawn. Without, one picture is left for each label.
      learning_rate_decay: the learning rate is divided by it after every update; the rest as in Goodfellow et al. 2014.
    """

    latent: int = gr.bounded(100, low=1, high=10**5)
    prior: typing.Literal["uniform_0_1", "uniform_-1_1", "uniform_unit_variance", "gaussian"] = "uniform_0_1"
    latent_units: int = gr.bounded(200, low=1, high=10**5, smoke=16)
    label_units: int = gr.bounded(1000, low=1, high=10**5, smoke=16)
    joint_units: int = gr.bounded(1200, low=1, high=10**5, smoke=32)
    image_units: int = gr.bounded(240, low=1, high=10**5, smoke=16)
    image_pieces: int = gr.bounded(5, low=1, high=100)
    class_units: int = gr.bounded(50, low=1, high=10**5, smoke=8)
    class_pieces: int = gr.bounded(5, low=1, high=100)
    combined_units: int = gr.bounded(240, low=1, high=10**5, smoke=16)
    combined_pieces: int = gr.bounded(4, low=1, high=100)
    generator_irange: float = gr.bounded(0.05, above=0, high=100.0)
    discriminator_irange: float = gr.bounded(0.005, above=0, high=100.0)
    keep: float = gr.bounded(0.5, above=0, high=1)
    scale: float = gr.bounded(2.0, above=0, high=1000.0)
    dropout_in_samples: bool = True
    learning_rate_decay: float = gr.bounded(1.00004, low=1, high=10.0)


PRESETS = {
    "paper": Recipe(epochs=300, samples_every=10, averages=("ema-.9999",)),
    "quick": Recipe(epochs=20, averages=("ema-.9995",)),
}


def generator(recipe, spec):
    """G: z and label, a ReLU layer each -> a joint ReLU layer -> sigmoid pixels."""
    irange, always = recipe.generator_irange, recipe.dropout_in_samples
    z, labels = keras.Input((recipe.latent,), name="z"), keras.Input((), dtype="int32", name="labels")
    one_hot = gr.layers.OneHot(spec.classes, name="one_hot")(labels)
    of_z = gr.mlp.dense(recipe.latent_units, "relu", gr.initial.uniform(irange), "latent")(z)
    of_label = gr.mlp.dense(recipe.label_units, "relu", gr.initial.uniform(irange), "label")(one_hot)
    x = keras.layers.Concatenate()([of_z, of_label])
    x = gr.layers.Dropout(recipe.keep, recipe.scale, always)(x)
    x = gr.mlp.dense(recipe.joint_units, "relu", gr.initial.uniform(irange), "joint")(x)
    x = gr.layers.Dropout(recipe.keep, recipe.scale, always, dtype="float32")(x)
    x = gr.mlp.dense(math.prod(spec.shape), "sigmoid", gr.initial.uniform(irange), "output", dtype="float32")(x)
    return keras.Model([z, labels], keras.layers.Reshape(spec.shape, dtype="float32")(x), name="generator")


def discriminator(recipe, spec):
    """D: image and label, a maxout layer each -> a joint maxout layer -> logit."""
    irange = recipe.discriminator_irange
    images, labels = keras.Input(spec.shape, name="images"), keras.Input((), dtype="int32", name="labels")
    one_hot = gr.layers.OneHot(spec.classes, name="one_hot")(labels)
    flat = keras.layers.Flatten()(images)
    of_image = gr.layers.Maxout(recipe.image_units, recipe.image_pieces, gr.initial.uniform(irange), name="image")(flat)
    of_label = gr.layers.Maxout(recipe.class_units, recipe.class_pieces, gr.initial.uniform(irange), name="label")(one_hot)
    x = keras.layers.Concatenate()([of_image, of_label])
    x = gr.layers.Dropout(recipe.keep, recipe.scale)(x)
    x = gr.layers.Maxout(recipe.combined_units, recipe.combined_pieces, gr.initial.uniform(irange), name="joint")(x)
    x = gr.layers.Dropout(recipe.keep, recipe.scale, dtype="float32")(x)
    x = gr.mlp.dense(1, None, gr.initial.uniform(irange), "logit", dtype="float32")(x)
    return keras.Model([images, labels], x, name="discriminator")


def game(recipe, spec):
    """The game of Goodfellow et al. 2014, both players at once, with labels."""
    return recipe.rules(spec, gr.schedule.simultaneous())


def without_dropout(run):
    """(subject, run) of the same weights read without dropout, where it stays on in samples; else None."""
    if not run.config.recipe.dropout_in_samples:
        return None
    recipe = dataclasses.replace(run.config.recipe, dropout_in_samples=False)
    quiet = dataclasses.replace(run, config=dataclasses.replace(run.config, recipe=recipe))
    return gr.evaluation.measurement.Subject(run.kinds()[0], variant="without dropout"), quiet


def likelihood_without_dropout(run):
    """{subject: the samples}, for the log-likelihood."""
    found = without_dropout(run)
    return {found[0]: gr.evaluation.measure.draws(found[1], run.kinds()[0])} if found else {}


def samples_without_dropout(run):
    """{subject: (samples, labels)}, for the classifier."""
    found = without_dropout(run)
    if not found:
        return {}
    subject, quiet = found
    n = min(run.config.recipe.n_samples, run.source.spec.sizes["test"])
    labels = gr.latent.sampling.balanced_labels(n, run.source.spec.classes)
    return {subject: (quiet.samples(run.kinds()[0], n, labels=labels), labels)}


PUBLISHED = {  # nats of test images, and their standard error
    "mnist": {
        "DBN": (138, 2),
        "Stacked CAE": (121, 1.6),
        "Deep GSN": (214, 1.1),
        "Adversarial nets": (225, 2),
        "Conditional adversarial nets": (132, 1.8),
    }
}
EXPERIMENT = gr.Experiment(
    name="cgan",
    short_name="CGAN",
    title="Conditional Generative Adversarial Nets: both players see the label",
    reference="Mirza, Osindero; 2014; arXiv:1411.1784",
    models={
        "mlp": gr.Model(
            title="Conditional adversarial nets",
            datasets=("mnist", "glyphs", *gr.OWN),
            presets=PRESETS,
            conditional=lambda recipe: True,
            phases=(
                gr.Phase(
                    generator=generator,
                    discriminator=discriminator,
                    game=game,
                    initialise=gr.pylearn2.start_at_marginals,
                ),
            ),
            measures=(
                # sigma is chosen on 1,000 images, as in Goodfellow et al. 2014, whose procedure the paper follows
                gr.measures.ParzenLogLikelihood(validation_images=1000, beside=likelihood_without_dropout),
                gr.measures.ReadByClassifier(beside=samples_without_dropout),
            ),
            figures=(
                gr.figures.Curves(),
                gr.figures.ClassRows(),
                gr.figures.NearestNeighbours(),
                gr.figures.Interpolation(),
            ),
        )
    },
    published=gr.parzen_rows("cgan", PUBLISHED, "Mirza and Osindero 2014, Table 1", ours=lambda row: row.startswith("Cond")),
    key_figures=(
        gr.KeyFigure(
            "mlp", "mnist", "classes-best", "Figure 2: a row of samples for each label; the variety within a row is dropout's"
        ),
    ),
    **gr.prose(__file__),
)
