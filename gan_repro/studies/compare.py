"""A run that was played again beside its committed record: the same bytes, or numbers within the errors that are known."""

import dataclasses
import math
import statistics
from collections.abc import Iterator, Sequence

from gan_repro.evaluation.measurement import Measurement
from gan_repro.reporting.record import Record
from gan_repro.system.numbers import with_error

LEVEL = 0.99  # of the interval over seeds within which a run under other conditions must lie
ERRORS = 3.0  # standard errors over images, where a number has no other error
ROUNDING = 1e-5  # relative, of numbers that other processors compute of the same images
_CONDITIONS = (  # of a manifest: those of machine.conditions, and what a training adds
    *("processor", "device", "versions", "threads", "tensor_float_32", "environment", "deterministic_ops", "platform"),
    *("workers", "precision", "jit_compile"),
)


@dataclasses.dataclass(frozen=True)
class Line:
    """One thing compared: what, what came of it ("same", "within errors", "undecided", "DIFFERS"), and why, in words."""

    what: str
    verdict: str
    why: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.what}{self.why and f' ({self.why})'}"


def conditions(again: Record, committed: Record) -> list[str]:
    """The names of the conditions that decide the bits of a training and differ; where there are none, the bits must be equal.

    Those that one of the two manifests did not note are not compared.
    """
    before, now = committed.manifest, again.manifest
    noted = [(name, getattr(before, name), getattr(now, name)) for name in _CONDITIONS]
    changed = [name for name, then, today in noted if None not in (then, today) and then != today]
    return changed + (["continued under other conditions"] if before.continued_under or now.continued_under else [])


def lines(again: Record, committed: Record, seeds: Sequence[Record]) -> list[Line]:
    """Compares a run that was played again with its record.

    Args:
      again: the new record. committed: of the same run, in results.
      seeds: the records in results of the same run from all seeds, `committed` among them: how far seeds lie apart.

    Returns:
      A Line for the weights, and one for each measurement that either has.
    """
    if again.epochs != committed.epochs:
        return [Line("epochs", "undecided", f"{committed.epochs:g} and {again.epochs:g}: they cannot be compared")]
    if again.data.sha256 != committed.data.sha256:
        return [Line("data", "DIFFERS", "the record is of other images")]
    changed = conditions(again, committed)
    found = list(_weights(again, committed, changed))
    before, now = ({entry.quantity: entry for entry in each.measurements} for each in (committed, again))
    for quantity in dict.fromkeys([*before, *now]):
        entry = before.get(quantity) or now[quantity]
        what = f"{entry.metric} of {entry.subject}{f', {entry.space}' if entry.space else ''}"
        if quantity not in before or quantity not in now:
            found.append(Line(what, "DIFFERS", f"only {'the record' if quantity in before else 'the new run'} has it"))
        else:
            others = [each.value for record in seeds for each in record.measurements if each.quantity == quantity]
            found.append(_number(what, now[quantity], before[quantity], others, changed))
    return found


def _weights(again: Record, committed: Record, changed: Sequence[str]) -> Iterator[Line]:
    for kind, old in committed.manifest.weights_sha256.items():
        what = f"weights {kind}"
        if again.manifest.weights_sha256.get(kind) == old:
            yield Line(what, "same", "every byte")
        elif changed:
            yield Line(what, "within errors", f"other bytes, as other conditions may give: {', '.join(changed)}")
        else:
            yield Line(what, "DIFFERS", "other bytes under the same conditions")


def _number(what: str, now: Measurement, before: Measurement, seeds: Sequence[float], changed: Sequence[str]) -> Line:
    if now.value == before.value:
        return Line(what, "same", f"{before.value:.6g}")
    shown = " and ".join(with_error(each.value, each.standard_error)[0] for each in (before, now))
    if not changed:
        return Line(what, "DIFFERS", f"{shown} under the same conditions")
    gap = abs(now.value - before.value)
    if gap <= ROUNDING * abs(before.value):
        return Line(what, "within errors", f"{shown}, but for roundings")
    told = before.reference is None and len(set(seeds)) > 1  # of real images, the same for each seed, seeds say nothing
    if told:  # a training under other roundings is another seed's
        from scipy.special import stdtrit

        spread = statistics.stdev(seeds) * math.sqrt(1 + 1 / len(seeds)) * float(stdtrit(len(seeds) - 1, (1 + LEVEL) / 2))
        mean = statistics.fmean(seeds)
        return Line(
            what,
            "within errors" if abs(now.value - mean) <= spread else "DIFFERS",
            f"{shown}; {len(seeds)} seeds allow {mean:.4g} +- {spread:.3g}",
        )
    known = (each for entry in (now, before) for each in (entry.standard_error, entry.std_over_draws, entry.std_over_subsets))
    errors = [error for error in known if error]
    if errors and gap <= ERRORS * math.hypot(*errors):
        return Line(what, "within errors", shown)
    why = "one seed does not say how far seeds lie apart" if len(seeds) < 2 else "the seeds do not differ in it"
    return Line(what, "undecided", f"{shown}; {why}")
