"""results/index.html: tables, figures, curves and generators of all papers on one page for a browser, one file.

Modules (help(gan_repro.reporting.page.NAME)):
    document  the page: page.html with what goes into it, page.css and page.js
    table     the table of verdicts
    plots     curves of log-likelihoods
    explorer  a map of z for each generator that comes with the program
    words     text and Markdown as HTML
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
