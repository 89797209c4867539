"""The footnotes of tables: error bars, the rule of verdicts, caveats of metrics, what runs noticed."""

from gan_repro.evaluation.measurement import PARZEN
from gan_repro.reporting import metrics, verdicts
from gan_repro.reporting.comparison import Line, Table
from gan_repro.reporting.groups import Group
from gan_repro.reporting.record import Record

ERROR_BARS = (
    "± in a published number: as its paper gives it. Measured numbers have two error bars, never merged: SE, the "
    "standard error over test images (the paper's own kind; over several seeds the mean of their SEs), and SD, the "
    "standard deviation over training seeds (n - 1 in the denominator). Without SD there is one seed."
)
OTHERS = (
    "In brackets, where they were measured: draws, the standard deviation over five draws of z, none of which chose the "
    "epoch or σ; subsets, that over three subsets of real images; second classifier, by how much a classifier of another "
    "seed differs. Paired: the mean difference to that generator of the same run, test image by test image, ± its standard "
    "error (over seeds where there are several)."
)
OLD_RULE = "Epoch chosen before the present protocol"  # record.Choice.draw is "reported"
OLD_NUMBERS = (
    f"{OLD_RULE}, by the very z that is reported, in {{}}: their log-likelihoods, whose σ that z chose as well, are a little "
    "too high."
)
ANEW = f"{OLD_RULE}, but the log-likelihood of the best generator measured anew, of draws of z that chose nothing, in {{}}."
FOLDS = (
    "TFD, published and measured: the mean over the five folds of the labelled images, and its SE across the folds. One "
    "generator, trained on the unlabeled images, serves them all; sigma is chosen fold by fold."
)
SIGMAS = (
    "σ: the width of the Parzen window, chosen on validation images from the paper's ten from .1 to 1; several where seeds "
    "or folds chose several; at the grid's edge: a better one may lie beyond. n: the number of samples that carry it."
)
SWEEP = "What a number owes to both: figures/*-sweep.png; fewer samples there are the first ones of the same set."
COMPARED = (
    "Compared is the generator that validation chose (best), or the last one of a run that lets validation choose none. "
    "Numbers on other data sets are not compared."
)
UNVERIFIED = "Unverified: quoted from memory, not checked against the paper."
LESS = "Less is better: {}."
CLASSIFIERS = (
    "Runs were read by different classifiers of one recipe, since each run trained its own before one came with the program. "
    "By how many test images they read right: {}. By how much a second classifier would have moved a number is in brackets "
    "where it was measured, and the more the larger a Fréchet distance is: what differs by less is not told apart."
)
NOTICES = {
    "collapsed": "the generator had collapsed, samples differed less than a tenth as much as real images",
    "saturated": "the discriminator was saturated, mean D(x) above .99 and mean D(G(z)) below .01",
}


def notes(table: Table) -> list[str]:
    """The footnotes, as a list of texts: error bars, verdict rule, caveats, sources of the published numbers."""
    measured = [entry for group in table.groups for entry in group.measurements()]
    folds = [FOLDS] if any(column.dataset == "tfd" for column in table.columns) else []
    swept = any(entry.sweep for entry in measured)
    sigmas = [f"{SIGMAS} {SWEEP}" if swept else SIGMAS] if any(line.summary.sigmas for line in table.lines) else []
    columns = dict.fromkeys(column.metric for column in table.columns)
    known = [metrics.of(metric, table.experiments) for metric in columns]
    less = ", ".join(metric.heading for metric in known if metric.better == "less")
    shown = columns | dict.fromkeys(entry.metric for entry in measured)
    caveats = [text for metric in shown if (text := metrics.of(metric, table.experiments).caveat)]
    compared = [f"Verdicts. {' '.join(verdicts.RULE)} {COMPARED}"] if table.published else []
    compared += [LESS.format(less)] if less else []
    sources = list(dict.fromkeys(f"Published numbers: {number.source}." for _, number in table.published))
    noticed = [text for run, group in enumerate(table.groups, start=1) if (text := _noticed(run, group))]
    sources += [UNVERIFIED] if any(number.unverified for _, number in table.published) else []
    remarks = list(dict.fromkeys(f"{number.row}: {number.note}" for _, number in table.published if number.note))
    chosen = _chosen(table)
    chosen += [text] if (text := _classifiers(table)) else []
    others = [OTHERS] if any(map(_says_more, [*table.lines, *table.others])) else []
    return [ERROR_BARS, *others, *folds, *sigmas, *compared, *chosen, *caveats, *noticed, *sources, *remarks]


def _chosen(table: Table) -> list[str]:
    """Which runs chose their epoch otherwise than it is done today, a text for each of the two ways."""
    found: dict[str, list[str]] = {OLD_NUMBERS: [], ANEW: []}
    for run, group in enumerate(table.groups, start=1):
        old = [record for record in group if record.choice and record.choice.draw == "reported"]
        anew = [record for record in old if _drawn_anew(record)]
        for text, records in ((OLD_NUMBERS, [record for record in old if record not in anew]), (ANEW, anew)):
            seeds = f" (seed {', '.join(str(record.seed) for record in records)})" if len(records) < len(group) else ""
            found[text] += [f"run {run}{seeds}"] if records else []
    return [text.format(", ".join(runs)) for text, runs in found.items() if runs]


def _classifiers(table: Table) -> str:
    """Which runs, and models of other papers beside them, were read by which classifier where there are several; or ""."""
    found: dict[tuple[str, str | None], dict[str, list[str]]] = {}
    named = [(f"run {run}", group) for run, group in enumerate(table.groups, start=1)]
    beside = [(label, group) for each in table.beside for label, groups in each.groups.items() for group in groups]
    for name, group in [*named, *((label, group) for label, group in beside if group not in table.groups)]:
        for entry in group.measurements():
            if (entry.metric, entry.reference) == ("label_accuracy", "test images"):
                same = found.setdefault((entry.dataset, entry.space), {})  # of other data there is another classifier anyway
                same.setdefault(f"{entry.value:.2f} %", []).append(name)
    several = [(accuracy, names) for same in found.values() if len(same) > 1 for accuracy, names in same.items()]
    each = "; ".join(f"{accuracy}: {', '.join(dict.fromkeys(names))}" for accuracy, names in several)
    return CLASSIFIERS.format(each) if several else ""


def _drawn_anew(record: Record) -> bool:
    """Whether the log-likelihood of a record's best generator is of draws of z that chose nothing."""
    best = [entry for entry in record.measurements if str(entry.subject) == "best" and entry.metric == PARZEN]
    return bool(best) and all(entry.n_draws for entry in best)


def _says_more(line: Line) -> bool:
    summary = line.summary
    known = (summary.std_over_draws, summary.std_over_subsets, summary.classifier_difference, summary.paired)
    return any(each is not None for each in known)


def _noticed(run: int, group: Group) -> str:
    """What the runs of a group noticed while they trained, such as "Run 4: G collapsed (epochs 3 to 25).", or ""."""
    found = []
    for record in group:
        epochs: dict[str, list[str]] = {}
        for entry in record.notices:
            span = f"{entry.first}" if entry.first == entry.last else f"{entry.first} to {entry.last}"
            epochs.setdefault(entry.what, []).append(span)
        for what, spans in epochs.items():
            one = len(spans) == 1 and "to" not in spans[0]
            seed = f"seed {record.seed}: " if len(group) > 1 else ""
            found.append(f"{seed}{NOTICES.get(what, what)} (epoch{'' if one else 's'} {', '.join(spans)})")
    return f"Run {run}, while it trained: {'; '.join(found)}." if found else ""
