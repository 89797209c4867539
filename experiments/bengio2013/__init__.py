"""Bengio et al. 2013, "Better Mixing via Deep Representations": DBNs and contractive autoencoders of one and two layers."""

import dataclasses
from typing import Any

import gan_repro as gr
from experiments.bengio2013 import cae, evidence, greedy, rbm

PIXELS = ("mnist", "glyphs", "tfd", "tfd96", *gr.OWN)
FACES = ("tfd", "tfd96", *gr.OWN)  # what a user's own images are taken for; --set says otherwise

# Table 1 of the paper: nats, and their standard error.
TABLE_1 = {
    "mnist": {"CAE-1": (67.69, 2.87), "CAE-2": (121.17, 1.59), "DBN-1": (-243.91, 54.11), "DBN-2": (137.89, 2.11)},
    "tfd": {"CAE-1": (591.90, 12.27), "CAE-2": (2110.09, 49.15), "DBN-1": (604.0, 14.67), "DBN-2": (1908.80, 65.94)},
}
NO_BURN_IN = {"without burn-in": lambda recipe: {"burn_in": 0}}
OTHER_GIBBS = NO_BURN_IN | {"every state kept": lambda recipe: {"thinning": 1}}
OTHER_STEPS = NO_BURN_IN | {
    "half the chain's noise": lambda recipe: {"chain_std": recipe.chain_std / 2},
    "twice the chain's noise": lambda recipe: {"chain_std": recipe.chain_std * 2},
}


def model(module, title, paper, quick, faces, other_chains, measures=()):
    """A gr.Model of rbm or cae; the recipe's class says how many layers it has, `faces` what differs on photographs."""
    beside = gr.measures.other_chains(other_chains)
    return gr.Model(
        title=title,
        datasets=PIXELS,
        presets={"paper": paper, "quick": dataclasses.replace(paper, **quick)},
        on=dict.fromkeys(FACES, faces),
        prior=module.chain,
        phases=greedy.phases(module, paper.LAYERS),
        measures=(
            gr.measures.ParzenLogLikelihood(validation_images=1000, beside=beside),
            gr.measures.ReadByClassifier(otherwise=gr.measures.Variety()),
            gr.measures.ChainMixing(chains="chains", thinning="thinning"),
            *measures,
        ),
        figures=(
            gr.figures.Curves(),
            gr.figures.NearestNeighbours(),
            gr.figures.ConsecutiveSamples(),
            gr.figures.ClassesVisited(),
        ),
    )


def rbms(title, paper, quick, units):
    """A model of RBMs; `units`: of the layers on faces, whose pixels are Gaussian."""
    return model(rbm, title, paper, quick, {"visible": "gaussian", "units": units}, OTHER_GIBBS, (evidence.annealed,))


PAPER: dict[str, Any] = {"samples_every": 10, "validate_every": 10}
PAPER_CAE: dict[str, Any] = {"samples_every": 5, "validate_every": 5}
# Ten minutes on two cores, most of which the chains would take otherwise.
QUICK = {"epochs": 10, "samples_every": 2, "validate_every": 5, "burn_in": 200, "thinning": 10, "other_chains": False}
QUICK_RBM = QUICK | {"annealing": 1000}

EXPERIMENT = gr.Experiment(
    name="bengio2013",
    short_name="Bengio et al. 2013",
    title="Better mixing via deep representations: DBNs and contractive autoencoders, sampled by chains",
    reference="Bengio, Mesnil, Dauphin, Rifai; ICML 2013; arXiv:1207.4404",
    table="table1",
    models={
        "dbn": rbms("DBN-2", rbm.Stacked(**PAPER), QUICK_RBM | {"lower_epochs": 5}, (512, 1024)),
        "dbn1": rbms("DBN-1", rbm.Recipe(**PAPER), QUICK_RBM, (512,)),
        "cae": model(cae, "CAE-2", cae.Stacked(**PAPER_CAE), QUICK | {"lower_epochs": 10}, {}, OTHER_STEPS),
        "cae1": model(cae, "CAE-1", cae.Recipe(**PAPER_CAE), QUICK, {}, OTHER_STEPS),
    },
    metrics=evidence.METRICS,
    published=gr.parzen_rows("table1", TABLE_1, "Bengio et al. 2013, Table 1"),
    **gr.prose(__file__),
)
