"""What a manifest keeps of the conditions of a training, and what is noted where a run goes on under others."""

import dataclasses

import pytest
from support import noise

from gan_repro.runs import manifests
from gan_repro.runs.workdir import Workdir
from gan_repro.system import machine


@pytest.fixture
def begun(tmp_path):
    """(Workdir, Config, Source) of a run that has begun."""
    config = noise.config("goodfellow2014", "mnist", "smoke", n_samples=50, batch_size=20)
    workdir, source = Workdir(tmp_path), noise.source((4, 4, 1))
    manifests.of_training(workdir, config, source, 1, print)
    workdir.settle(config)
    workdir.save_checkpoint(1, {}, {})
    return workdir, config, source


def test_a_run_may_go_on_compiled_or_not_and_says_so(begun):
    workdir, config, source = begun
    compiled = dataclasses.replace(config, recipe=dataclasses.replace(config.recipe, jit_compile=True))
    workdir.check(compiled)
    said = []
    manifest = manifests.of_training(workdir, compiled, source, 1, said.append)
    assert (manifest["jit_compile"], manifest["continued_under"]) == (False, [{"jit_compile": True}])
    assert len(said) == 1
    assert "jit_compile" not in manifests.changed(manifest)  # of an evaluation, which plays no step


def test_where_cuda_lies_is_no_condition(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_cuda_data_dir=/a/b --xla_gpu_autotune_level=0")
    assert machine.conditions()["environment"]["XLA_FLAGS"] == "--xla_gpu_autotune_level=0"
