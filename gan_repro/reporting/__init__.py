"""Reporting: records of finished runs, the tables and the figures made from them.

How the numbers are measured (evaluation/) and how runs are trained is not here.

Modules (help(gan_repro.reporting.NAME)):
    comparison      a table of a paper: published numbers beside measured ones
    likelihood      figures of log-likelihoods over many runs
    records         records: reading, checking, grouping and summarising them over seeds
    verdicts        when a published number counts as reproduced: intervals and margins
    claims          what papers show without a number, against our runs
    metrics         titles of the metrics, which way is better, margins, published protocols
    notes           footnotes of tables, the key to their numbers
    formats         tables as Markdown, CSV and LaTeX
    overview        results/README.md: all papers on one page
    investigation   results/log-likelihood.md: what a log-likelihood owes to what
    race            in how many trainings G is lost in the first epochs
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
