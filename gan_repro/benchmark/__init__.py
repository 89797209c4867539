"""What `python -m gan_repro.benchmark` measures: this program's step and evaluators beside their peers, in one run.

Nothing here is used by training or evaluation; results/benchmark.md is what it writes.
"""
