"""Reporting: records of finished runs, the tables and the figures made from them.

Modules (help(gan_repro.reporting.NAME)):
    record         the record of a run: its types, and the only door for its JSON
    groups         records that are equal but for the seed, summarised over the seeds
    records        records as files: reading a folder of them, their names, adding one
    conditions     how a run's recipe differs from the paper's, and what a run is called
    metrics        titles of the metrics, which way is better, margins, published protocols
    verdicts       when a published number counts as reproduced: intervals and margins
    cells          measured and published numbers as text
    comparison     a table of a paper: published numbers beside measured ones
    beside         tables of models of several papers beside each other
    effects        what single changes of a recipe do, paired over seeds
    claims         what papers show without a number, against our runs
    resampling     intervals of a mean over few runs by the bootstrap
    notes          footnotes of tables, the key to their numbers
    costs          what runs cost by their records, and hints before a run
    formats        tables as Markdown, CSV and LaTeX
    overview       results/README.md: all papers on one page
    investigation  results/log-likelihood.md: what a log-likelihood owes to what
    validation     which runs stand in a figure of log-likelihoods along the training
    race           in how many trainings G is lost in the first epochs
    likelihood     figures of log-likelihoods over many runs
    densities      figures of points over many runs
    panels         samples of several models of a paper in one picture
    strips         samples of models beside each other, of chains consecutive ones, in one picture
    kinds          what the figures of runs show, in words
    finished       one run: a small table for the console, and all of its numbers in lines
    findings       prose in results/findings, with numbers filled in from records
    page           results/index.html, for a browser
    summary        the results of all papers in one table
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
