"""Which runs stand in a figure of log-likelihoods along the training, and what they are held against."""

import dataclasses
from collections.abc import Sequence

from gan_repro.evaluation.measurement import PARZEN
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Published
from gan_repro.reporting import records
from gan_repro.reporting.conditions import answering, is_variant, model
from gan_repro.reporting.groups import Group, longest
from gan_repro.reporting.record import Record


@dataclasses.dataclass(frozen=True)
class Validated:
    """The runs of a model on some data that have validation curves.

    Attributes:
      groups: of the paper's presets where there are any. Ablations are left out: a table says more of them (investigation.py).
      published: the numbers that they are to reach, log-likelihoods of test images.
      title: what they are of.
      real: the log-likelihood of test images with training images in place of samples, nats; None: not measured.
    """

    groups: Sequence[Group]
    published: Sequence[Published]
    title: str
    real: float | None

    def runs(self) -> list[Record]:
        """Preset by preset and seed by seed; of a run that was continued the longer record."""
        presets = dict.fromkeys(group.first.preset for group in self.groups)
        by_seed = (longest(group for group in self.groups if group.first.preset == preset) for preset in presets)
        return [record for found in by_seed for record in found.values()]


def validated(found: Sequence[Experiment], groups: Sequence[Group]) -> dict[str, Validated]:
    """{experiment, data set and model, as names of figures begin: its Validated}.

    Args:
      found: the Experiments that the groups are of.
      groups: what groups.group gives.
    """
    by_name, prefix_of = {experiment.name: experiment for experiment in found}, records.prefixes(groups)
    by_data: dict[str, list[Group]] = {}
    for each in groups:
        if each.first.curves.validation and not is_variant(by_name[each.first.experiment], each.first):
            by_data.setdefault(prefix_of(each.first), []).append(each)
    made = {}
    for prefix, chosen in by_data.items():
        chosen = [each for each in chosen if each.first.preset == "paper"] or chosen
        first = chosen[0].first
        owner = by_name[first.experiment]
        numbers = [
            each
            for each in owner.published
            if each.ours and (each.dataset, each.metric) == (first.dataset, PARZEN) and first.model in answering(owner, each)
        ]
        title = f"{model(owner, first)} on {first.data.title}: log-likelihood of validation images along the training"
        made[prefix] = Validated(chosen, numbers, title, _real_images(first, groups))
    return made


def _real_images(record: Record, groups: Sequence[Group]) -> float | None:
    """The log-likelihood with training images in place of samples, of a record's data in its space; None: not measured."""
    spaces = {entry.space for entry in record.measurements if entry.metric == PARZEN}
    for each in groups:  # the paper's presets come first
        if each.first.data.sha256 == record.data.sha256:
            for found in each.summaries():
                if found.metric == PARZEN and found.reference == "training images" and found.space in spaces:
                    return found.value
    return None
