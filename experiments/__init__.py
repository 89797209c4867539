"""One module per paper, each reading like that paper's experimental section; found by name through gan_repro.experiment.

No machinery is here, and no paper imports another.
"""
