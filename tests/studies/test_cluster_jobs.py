"""The examples of gan_repro/studies/README.md: what they generate starts workers that connect, on this machine."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

from gan_repro import reproduce

distributed = pytest.importorskip("distributed", reason="needs dask.distributed: pip install -e '.[cluster]'")
README = (ROOT / "gan_repro" / "studies" / "README.md").read_text(encoding="utf-8")
PATIENCE = 120


def block(heading, kind):
    """The code below a heading."""
    found = re.search(rf"^### {heading}$.*?^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def started(words, folder, **options):
    """A process that ends with the test."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": path}
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(words, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True, **options)


def end(process):
    """Ends a process and what it started."""
    os.killpg(process.pid, 9)
    process.wait(30)


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("SLURM", ["#SBATCH -n 1", "#SBATCH --cpus-per-task=1", "#SBATCH --mem=4G", "#SBATCH -t 24:00:00"]),
        ("PBS", ["#PBS -l select=1:ncpus=1:mem=4gb", "#PBS -l walltime=24:00:00"]),
    ],
)
def test_the_job_script_starts_a_worker_of_the_scheduler(name, lines, tmp_path, monkeypatch):
    jobqueue = pytest.importorskip("dask_jobqueue", reason="needs dask-jobqueue: pip install dask-jobqueue")
    asked, here = {}, {}
    kind = getattr(jobqueue, f"{name}Cluster")
    monkeypatch.setattr(kind, "scale", lambda cluster, jobs: asked.update(jobs=jobs))
    monkeypatch.setattr(kind, "wait_for_workers", lambda cluster, number: None)
    monkeypatch.setattr(reproduce, "main", lambda words: asked.update(words=words))
    exec(block(name, "python"), here)
    try:
        script = here["cluster"].job_script()
        address = here["cluster"].scheduler_address
        assert asked == {"jobs": 16, "words": ["reproduce", "--missing", f"--cluster={address}"]}
        assert [line for line in lines if line not in script.splitlines()] == []
        assert "--nthreads 1 " in script and ". .venv/bin/activate" in script
        (tmp_path / "job.sh").write_text(script.replace("cd /shared/gan_repro", "").replace(". .venv/bin/activate", ""))
        job = started(["bash", "-e", tmp_path / "job.sh"], tmp_path)
        try:
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(1, timeout=PATIENCE)
                assert list(client.nthreads().values()) == [1]
        finally:
            end(job)
    finally:
        here["cluster"].close()


@pytest.mark.slow
@pytest.mark.e2e
def test_the_containers_commands_start_a_scheduler_and_a_worker(tmp_path):
    yaml = pytest.importorskip("yaml")
    if shutil.which("dask", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("needs the program dask")
    service, *deployments = yaml.safe_load_all(block("Kubernetes", "yaml"))
    containers = [each["spec"]["template"]["spec"]["containers"][0] for each in deployments]
    for each in deployments:
        spec = each["spec"]
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == deployments[0]["spec"]["selector"]["matchLabels"]
    name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = free.getsockname()[1]
    processes = []
    try:
        for each in containers:
            assert all(isinstance(word, str) for word in each["command"])
            words = [word.replace(f"{name}:", "127.0.0.1:").replace(str(port), str(own)) for word in each["command"]]
            processes.append(started(words, tmp_path))
        with distributed.Client(f"tcp://127.0.0.1:{own}", set_as_default=False, timeout=PATIENCE) as client:
            client.wait_for_workers(1, timeout=PATIENCE)
            assert list(client.nthreads().values()) == [1]
    finally:
        for process in processes:
            end(process)
    assert f"service/{name} {port}" in block("Kubernetes", "sh") and f"--cluster=tcp://127.0.0.1:{port}" in README
