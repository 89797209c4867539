"""Under which conditions a run was made: how its recipe differs from the paper's, in words, and what a run is called."""

from collections.abc import Iterator

from gan_repro.data.names import dataset_kind
from gan_repro.evaluation.measurement import Quantity
from gan_repro.papers.configuration import defaults, departures, value_in_words
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.recipe import Recipe
from gan_repro.papers.shown import Published
from gan_repro.reporting import metrics
from gan_repro.reporting.groups import Group
from gan_repro.reporting.record import Config, Record

# What 0 says in a recipe, where it is no number.
ZEROS = {"steps_per_epoch": "the whole epoch"}


def condition_differences(experiment: Experiment, group: Group, summary: Quantity, number: Published) -> tuple[str, ...]:
    """Where a measurement's conditions differ from those of a Published number, as phrases; () under these.

    Compared are the preset, whether the training was finished, the epochs played, every field of the recipe that touches the
    training (--set), and the protocol of the evaluation. More epochs than the paper preset's are no difference, nor are fewer
    of a finished training where nobody published how many there were: the row shows them.
    """
    found = training_differences(experiment, group.first, number.open_schedule)
    if paper_recipe(experiment, group.first) is None:
        return tuple(found)
    protocol = metrics.of(summary.metric, [experiment]).protocols.get(summary.dataset, {})
    for key, value in protocol.items():
        if getattr(summary, key) != value:
            found.append(f"evaluation: {change(key, getattr(summary, key), value, 'paper')}")
    return (*found, number.departure) if number.departure else tuple(found)


def training_differences(experiment: Experiment, record: Record, open_schedule: bool = False) -> list[str]:
    """Where a training's conditions differ from those of the paper preset, as phrases.

    `open_schedule`: whether nobody published how long the model was trained.
    """
    found = [] if record.preset == "paper" else [f"{record.preset} preset"]
    found += [] if record.complete else [f"{record.played} epochs"]
    paper = paper_recipe(experiment, record)
    if paper is None:
        return [*found, "the experiment has no paper preset for these data"]
    epochs = getattr(paper, "total_epochs", getattr(paper, "epochs", 0))
    told = not record.complete and record.planned == epochs
    if record.epochs < epochs and not told and not open_schedule:
        found.append(f"{record.epochs:,g} of the preset's {epochs:,g} epochs")
    return found + [change(*each) for each in differences(paper, record)]


def paper_recipe(experiment: Experiment, record: Record) -> Recipe | None:
    """The paper recipe of a record's model on its data, or None where there is no such model."""
    return experiment.models[record.model].recipe("paper", record.dataset) if record.model in experiment.models else None


def is_variant(experiment: Experiment, record: Record) -> bool:
    """Whether --set changed what the run's preset trains, apart from how long, and from the precision it is computed in."""
    if record.model not in experiment.models:
        return False
    preset = experiment.models[record.model].recipe(record.preset, record.dataset)
    return any(key != "precision" for key, *_ in differences(preset, record, schedule=False))


def differences(recipe: Recipe, record: Record | Config, schedule: bool = True) -> Iterator[tuple[str, object, object]]:
    """(key, value used, the recipe's) of each field that touches the training and differs; None where it is in one only.

    Of its schedule (recipe.bounded) `epochs` is never among them: the record says how many were played. `schedule`:
    whether the rest is; a row's label does without it, where the epochs and steps played stand.
    """
    return departures(recipe, played(recipe, record), schedule)


def played(recipe: Recipe, record: Record | Config) -> dict[str, object]:
    """{field: value} of a record; a field that the recipe has and an older record has not, by its default."""
    return {**defaults(type(recipe)), **record.recipe}


def change(key: str, used: object, wanted: object, whose: str = "paper preset") -> str:
    """Such as "generator_units 2,000, 2,000 (paper preset: 8,000, 8,000)"."""
    shown = (ZEROS[key] if key in ZEROS and value == 0 else value_in_words(value) for value in (used, wanted))
    return "{0} {1} ({3}: {2})".format(key, *shown, whose)


def answering(experiment: Experiment, number: Published) -> tuple[str, ...]:
    """The names of the models that answer to a published number: those of its data whose title is its row; else all of them."""
    known = {name: each for name, each in experiment.models.items() if dataset_kind(number.dataset) in each.datasets}
    return tuple(name for name, each in known.items() if each.title == number.row) or tuple(known)


def run_title(experiment: Experiment, record: Record, counted: bool = False) -> str:
    """Such as "quick preset, generator_units 2,000, 2,000 (paper preset: 8,000, 8,000), 39 epochs, 4,368 steps".

    What touches the training and is not as in the paper recipe of the same model is named, the schedule by what was played.
    `counted`: where that is more than two settings, those that the preset itself has are counted, as short as a row wants it;
    what --set changed is named, since it tells one row of a study from another.
    """
    paper = paper_recipe(experiment, record)
    changed = list(differences(paper, record, schedule=False)) if paper else []
    if counted and len(changed) > 2:
        preset = experiment.models[record.model].recipe(record.preset, record.dataset)
        own = list(differences(preset, record, schedule=False))
        n = len({key for key, *_ in changed} - {key for key, *_ in own})
        unlike = f" ({n} setting{'s' if n > 1 else ''} unlike the paper preset's)" if n else ""
        settings = [change(*each, whose=f"{record.preset} preset") for each in own]
        return ", ".join([f"{record.preset} preset{unlike}", *settings, *_played(record)])
    return ", ".join([f"{record.preset} preset", *(change(*each) for each in changed), *_played(record)])


def model(experiment: Experiment, record: Record) -> str:
    """The name in tables of the model that a record is of."""
    return experiment.models[record.model].title if record.model in experiment.models else record.model


def _played(record: Record) -> list[str]:
    epochs = [f"{record.played} epochs"] if record.epochs else []  # nothing is trained
    return [*epochs, *([f"{record.cost.steps:,} steps"] if record.cost.steps else [])]
