"""Reporting: records of finished runs, the tables and the figures made from them.

How the numbers are measured (evaluation/) and how runs are trained is not here.

Modules (help(gan_repro.reporting.NAME)):
    records         records: reading, checking, grouping and summarising them over seeds
    tables          published numbers beside measured ones, and the verdicts, as rows
    verdicts        when a published number counts as reproduced: intervals and margins
    claims          what papers show without a number, against our runs
    metrics         titles of the metrics, which way is better, margins, published protocols
    notes           footnotes of tables, the key to their numbers
    formats         tables as Markdown, CSV and LaTeX
    overview        results/README.md: all papers on one page
    investigation   results/log-likelihood.md: what a log-likelihood owes to what
    race            in how many trainings G is lost in the first epochs
    figures         grids of images
    draw            figures of a finished run
    points          figures of points on a line or in the plane
    curves          figures of numbers: training curves, log-likelihoods, sweeps
    learning        a training's own estimate beside the quality of its samples
    figure1         the game on a line (Goodfellow et al. 2014, Figure 1)
    snapshots       moments of a training as files
    wasserstein     distances of parallel lines, a critic beside D (Arjovsky et al. 2017, Figures 1 and 2)
    show            what a user asks to see of a generator: grids, walks, arrays
"""
