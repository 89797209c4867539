"""A made-up paper, records of its runs and the tables of both, for tests of what is made of records."""

import dataclasses

from gan_repro.papers.configuration import plain
from gan_repro.papers.experiment import Experiment, Model
from gan_repro.papers.recipe import TrainingRecipe, bounded
from gan_repro.papers.shown import Published
from gan_repro.reporting import comparison
from support.records import grouped, make_record, measurement

RECIPE = TrainingRecipe(epochs=100, batch_size=100)
FIRST = "Fake nets, run 1: paper preset, 100 epochs, 500 steps"  # the row of `trained` alone


def published(row, dataset, value, error, ours=False, **rest):
    """A log-likelihood of table1."""
    what = "parzen_log_likelihood", "nats"
    return Published("table1", row, dataset, *what, value, error, "Some & Other 2014, Table 1", ours, **rest)


def model(title="Fake nets", recipe=RECIPE, datasets=("mnist", "tfd", "npz")):
    """A Model whose two presets are one recipe. Nothing is trained."""
    return Model(title=title, datasets=datasets, presets={"paper": recipe, "quick": recipe})


def experiment(name="fake", row="Fake nets", table="table1", numbers=None, **more):
    """An Experiment with one model, "nets", called `row`; `numbers`: its published ones; `more`: other fields."""
    default = (
        published("DBN", "mnist", 138, 2),
        published("Fake nets", "mnist", 225, 2, ours=True, note="a remark"),
        published("DBN", "tfd", 1909, 66),
        published("Fake nets", "tfd", 2057, 26, ours=True),
    )
    fields = {"models": {"nets": model(row)}, "published": default if numbers is None else numbers}
    return Experiment(name=name, title="A title", reference="A reference", table=table, **fields | more)


def trained(seed, value, generators=("best",), **changes):
    """A record whose recipe is the whole paper recipe; its measurements are value, value + 1, ..."""
    dataset = changes.get("dataset", "mnist")
    rows = [measurement(value + i, generator, dataset=dataset) for i, generator in enumerate(generators)]
    recipe = dataclasses.asdict(RECIPE) | {"averages": []} | changes.pop("recipe", {})
    record = make_record(seed, rows, recipe, **changes)
    record["config"]["recipe"]["epochs"] = record["epochs"]
    return record


def build(*members, experiments=None, name="table1"):
    """The Table of records' JSON."""
    return comparison.build(name, experiments or [experiment()], grouped(members))


def cells(text, label):
    """The cells of the one row of a Markdown table that begins with `label`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


# ---- a paper with a second model, which is trained in two phases ---------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class StagedRecipe(TrainingRecipe):
    """A recipe with two stages, and a field of each role."""

    pretrain_epochs: int = bounded(50, role="schedule")
    judged_images: int = bounded(1000, role="evaluation")
    units: tuple[int, ...] = (8000, 100)
    rate: float = 0.05

    @property
    def total_epochs(self):
        """Of both stages."""
        return self.pretrain_epochs + self.epochs


STAGED = StagedRecipe(epochs=22, batch_size=100)


def staged(numbers=None):
    """An experiment with the models "nets" and "staged"; on TFD there is the staged one alone."""
    models = {"nets": model(datasets=("mnist", "npz")), "staged": model(recipe=STAGED)}
    return experiment(numbers=numbers, models=models)


def of_staged(seed=0, value=230.0, recipe=None, steps=4368, **changes):
    """A record of the staged model whose recipe is the paper's but for `recipe`."""
    changes = {"model": "staged", "preset": "quick", "epochs": 39} | changes
    record = trained(seed, value, recipe=plain(dataclasses.asdict(STAGED)) | (recipe or {}), **changes)
    record["cost"]["steps"] = steps
    return record


def on_tfd(value, seed=0, **changes):
    """A record of TFD under the published protocol."""
    record = of_staged(seed, value, preset="paper", epochs=72, dataset="tfd")
    record["measurements"] = [measurement(value, dataset="tfd", n_test=4178, sigma=None, sigmas=[0.1] * 5, n_folds=5) | changes]
    return record
