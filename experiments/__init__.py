"""One module per paper, each reading like that paper's experimental section; no paper imports another.

gan_repro.papers.configuration finds them by name.
"""
