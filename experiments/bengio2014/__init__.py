"""Bengio et al. 2014, "Deep Generative Stochastic Networks Trainable by Backprop": a chain whose transition is learned."""

import dataclasses

import gan_repro as gr

keras = gr.lazy("keras")
network = gr.lazy("experiments.bengio2014.network")

TABLE_1 = {"mnist": {"Deep GSN": (214.0, 1.1)}, "tfd": {"Deep GSN": (1890.0, 29.0)}}  # nats, and their standard error


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.TrainingRecipe):
    """yaoli/GSN: run_dsn.py and model.py. The paper's supplement differs: see README.md.

    Attributes:
      epochs: the supplement: 100 to 600, "good results after around 100"; the code plays 1,000.
      hidden_units: of the tanh layers, from the pixels up.
      walkback: steps of the chain that are trained from every image.
      salt_and_pepper: how many of the pixels that the network sees are made 0 or 1; their share.
      hidden_noise: standard deviation of the Gaussian noise before and after the tanh of every hidden layer but the first.
      learning_rate, learning_rate_decay: the rate, and what it is multiplied by after every epoch.
      momentum: mu of buf <- mu buf + (1 - mu) gradient, which the rate is part of (README.md, 6).
      train_on_validation: the code's 60,000 training images of MNIST: sigma and epoch are then chosen on 10,000 of them.
      chains: how many chains samples come from.
      burn_in: steps before the first sample. 0 keeps the test image at which a chain starts as its first sample, as the code
        does; 1 drops it.
      thinning: steps from a sample to the next one.
      other_chains: whether samples of chains with other constants are measured beside them.
      classifier_metrics: whether a classifier of labelled data reads samples as well, which is not in the paper.
    """

    epochs: int = gr.bounded(100, low=1, high=10**6, role="schedule", smoke=2)
    batch_size: int = gr.bounded(100, low=1, high=10**6)
    hidden_units: tuple[int, ...] = gr.bounded((1500, 1500), low=1, high=10**5, smoke=32)
    walkback: int = gr.bounded(4, low=1, high=100)
    salt_and_pepper: float = gr.bounded(0.4, low=0, below=1)
    hidden_noise: float = gr.bounded(2.0, low=0, high=1000.0)
    learning_rate: float = gr.bounded(0.25, above=0, high=1000.0)
    learning_rate_decay: float = gr.bounded(0.995, above=0, high=1)
    momentum: float = gr.bounded(0.5, low=0, below=1)
    train_on_validation: bool = False
    chains: int = gr.bounded(1, low=1, high=10**5)
    burn_in: int = gr.bounded(1, low=0, high=10**6)
    thinning: int = gr.bounded(1, low=1, high=10**5)
    other_chains: bool = gr.bounded(True, role="evaluation", smoke=False)
    classifier_metrics: bool = gr.bounded(True, role="evaluation", smoke=False)

    def __post_init__(self):
        super().__post_init__()
        if not self.hidden_units:
            raise gr.UsageError("hidden_units: there must be one layer or more, such as hidden_units=1500,1500")


def rule(recipe, spec):
    """SGD with the code's momentum and a rate that falls after every epoch."""
    rate = keras.optimizers.schedules.ExponentialDecay(
        recipe.learning_rate * (1 - recipe.momentum), recipe.minibatches(spec), recipe.learning_rate_decay, staircase=True
    )
    optimizer = gr.optimizers.MomentumSGD(rate, recipe.momentum)
    return gr.LearningRule(optimizer=optimizer, gradients=network.walkback(recipe), metrics=("loss", "reconstruction"))


# Chains that all start at one image forget it first.
MANY = {"chains": 100, "burn_in": 100}
OTHER_CHAINS = {
    "100 chains": lambda recipe: MANY,
    "100 chains, every tenth state": lambda recipe: MANY | {"thinning": 10},
}
FACES = {"hidden_units": (1500, 1500, 1500), "walkback": 6}  # three layers; 2 D steps, as the supplement

EXPERIMENT = gr.Experiment(
    name="bengio2014",
    short_name="Bengio et al. 2014",
    title="Deep generative stochastic networks: a Markov chain whose transition is learned by backprop",
    reference="Bengio, Thibodeau-Laufer, Alain, Yosinski; ICML 2014; arXiv:1306.1091",
    table="table1",
    models={
        "gsn": gr.Model(
            title="Deep GSN",
            datasets=("mnist", "glyphs", "tfd", *gr.OWN),
            presets={
                "paper": Recipe(samples_every=10),
                "quick": Recipe(epochs=10, hidden_units=(500, 500), learning_rate=1.0, samples_every=5, other_chains=False),
            },
            on=dict.fromkeys(("tfd", *gr.OWN), FACES),
            phases=(
                gr.Learning(
                    network=lambda recipe, spec: network.make(recipe, spec),
                    rule=rule,
                    initialise=lambda learned, source: network.start_at_test_image(learned, source),
                ),
            ),
            prior=lambda recipe: network.chain(recipe),
            prepare=lambda recipe: gr.TrainOnValidation() if recipe.train_on_validation else None,
            measures=(
                gr.measures.ParzenLogLikelihood(validation_images=1000, beside=gr.measures.other_chains(OTHER_CHAINS)),
                gr.measures.ReadByClassifier(field="classifier_metrics", otherwise=gr.measures.Variety()),
                gr.measures.ChainMixing(field="classifier_metrics", chains="chains", thinning="thinning"),
            ),
            figures=(
                gr.figures.Curves(),
                gr.figures.ConsecutiveSamples(),
                gr.figures.ClassesVisited(),
            ),
        )
    },
    published=gr.parzen_rows(
        "table1", TABLE_1, "Bengio et al. 2014, Table 1; Goodfellow et al. 2014, Table 1, quotes it", open_schedule=False
    ),
    key_figures=(
        gr.KeyFigure(
            "gsn",
            "mnist",
            "chain-best",
            "Consecutive samples of the deep GSN's chain, in reading order; it stays near one shape for rows",
        ),
        gr.KeyFigure("gsn", "mnist", "classes-visited", "Not in the paper: classes visited along the chain"),
    ),
    **gr.prose(__file__),
)
