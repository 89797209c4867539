"""Files of a run that were truncated, emptied or changed: noticed by checksum, passed over, written anew or refused.

Archives byte by byte are in test_damaged_archives.py; damage that a full disk or a killed process does is in test_disk.py
and in the tests of the loop.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import support
from support import tiny_runs
from support.damage import FILES, SEAL, damage

from gan_repro import evaluate, run, sample, tables
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files
from gan_repro.system.errors import RunError


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """(data, folder) of a run that nobody may change."""
    place = tmp_path_factory.mktemp("finished")
    tiny_runs.write_data(place / "tiny.npz", labels=False)
    assert tiny_runs.call(run.main, *tiny_runs.arguments(place / "tiny.npz"), f"--workdir={place / 'run'}") == 0
    return place / "tiny.npz", place / "run"


@pytest.fixture
def copies(finished, tmp_path):
    """Makes copies of that run's folder, to be damaged."""
    made = []

    def copy():
        made.append(tmp_path / f"copy{len(made)}")
        return Path(shutil.copytree(finished[1], made[-1]))

    return copy


# ---- (file, what a command does with it damaged) ---------------------------------------------------------------------

NEWEST, OLDER = "checkpoints/0000000004.npz", "checkpoints/0000000002.npz"
COMMANDS = ("run", "more", "evaluate", "sample", "tables")
# refused: exit 1 with one line that names the file, nothing touched. as it is: not read, done as without the damage.
# anew: the file is written again as it was; "says": with a warning that names it.
TABLE = {
    #                            run         more         evaluate     sample      tables
    "config.json": ("refused", "refused", "refused", "refused", "as it is"),
    "manifest.json": ("as it is", "refused", "refused", "refused", "as it is"),
    "record.json": ("refused", "refused", "anew", "as it is", "refused"),
    "metrics.csv": ("as it is", "anew", "as it is", "as it is", "as it is"),
    "generator_best.weights.h5": ("as it is", "says", "says", "refused", "as it is"),
    "generator.weights.h5": ("as it is", "says", "says", "as it is", "as it is"),
    "discriminator.weights.h5": ("as it is", "says", "says", "as it is", "as it is"),
    NEWEST: ("as it is", "says", "refused", "as it is", "as it is"),
    OLDER: ("as it is", "as it is", "as it is", "as it is", "as it is"),
    "samples/epoch-00002.png": ("as it is", "as it is", "as it is", "as it is", "as it is"),
    "figures/samples-best.png": ("as it is", "anew", "anew", "as it is", "refused"),
}
SLOW = ("more", "evaluate", "tables")
FIRST = ((NEWEST, "more"), ("generator_best.weights.h5", "evaluate"))  # of those that take seconds, the rest is marked slow


def issue(command, data, folder, tmp_path):
    """Runs a command on a run's folder in this process: its exit code."""
    if command == "run":
        return tiny_runs.call(run.main, *tiny_runs.arguments(data), f"--workdir={folder}")
    if command == "more":
        return tiny_runs.call(run.main, *tiny_runs.arguments(data, epochs=3), f"--workdir={folder}")
    if command == "evaluate":
        return tiny_runs.call(evaluate.main, f"--workdir={folder}")
    if command == "sample":
        return sample.main(["sample", f"--workdir={folder}", "--n=4", f"--out={tmp_path / 'out.npz'}"])
    (tmp_path / "results").mkdir()
    return tables.main(["tables", f"--add={folder}", f"--results={tmp_path / 'results'}"])


@pytest.fixture(scope="module")
def longer(finished, tmp_path_factory):
    """The folder of an undamaged run that was given a third epoch."""
    folder = Path(shutil.copytree(finished[1], tmp_path_factory.mktemp("longer") / "run"))
    assert issue("more", finished[0], folder, None) == 0
    return folder


def _cases():
    """(file, how, command, outcome): every way where a command refuses; where it works, one, for that takes its time."""
    for file, outcomes in TABLE.items():
        for command, outcome in zip(COMMANDS, outcomes, strict=True):
            trains = command in SLOW and outcome in ("says", "anew")  # or evaluates: seconds each
            marks = [pytest.mark.slow] if trains and (file, command) not in FIRST else []
            for how in ("truncated", "emptied", "flipped"):
                if outcome == "refused" or how == "truncated" and (command not in SLOW or outcome != "as it is"):
                    yield pytest.param(file, how, command, outcome, id=f"{file}-{how}-{command}", marks=marks)


@pytest.mark.e2e
@pytest.mark.fault(
    group=FILES,
    tried="a file of a finished run truncated, emptied or changed, then run, evaluate, sample or tables",
    outcome="one line that names it, or written anew, or not needed; nothing else touched",
)
@pytest.mark.parametrize("file, how, command, outcome", list(_cases()))
def test_a_damaged_file(file, how, command, outcome, finished, longer, copies, tmp_path, capsys):
    folder = copies()
    damage(folder / file, how)
    before = tiny_runs.contents(folder)
    code = issue(command, finished[0], folder, tmp_path)
    out, err = capsys.readouterr()
    err = tiny_runs.heard(err)
    if outcome == "refused":
        assert code == 1 and Path(file).name in tiny_runs.one_line(err) and str(folder) in err
        assert tiny_runs.contents(folder) == before
        assert not (tmp_path / "out.npz").exists()
        assert command != "tables" or not list((tmp_path / "results").rglob("*.md"))
        return
    assert code == 0, err
    assert "Traceback" not in out + err
    if outcome == "says":
        assert err.startswith("warning: ") and err.count("\n") == 1 and Path(file).name in err
    else:
        assert err == ""
    if command in ("run", "sample", "tables"):
        assert tiny_runs.contents(folder) == before
    else:
        wanted = tiny_runs.results(longer if command == "more" else finished[1])
        found = tiny_runs.results(folder) if file != OLDER else {}
        assert found.keys() == wanted.keys()
        assert [name for name in wanted if found[name] != wanted[name] and name != "samples/epoch-00002.png"] == []


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.fault(
    group=FILES,
    tried="metrics.csv truncated in the middle of a row, then --epochs=3",
    outcome="written whole from the checkpoint",
)
def test_metrics_that_end_inside_a_row(finished, longer, copies):
    folder = copies()
    content = (folder / "metrics.csv").read_bytes()
    (folder / "metrics.csv").write_bytes(content[:-7])
    assert issue("more", finished[0], folder, None) == 0
    assert (folder / "metrics.csv").read_bytes() == (longer / "metrics.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.fault(
    group=FILES,
    tried="the best generator's file deleted, then evaluate",
    outcome="it comes back from the checkpoint, byte for byte",
)
def test_the_best_generator_comes_back_from_the_checkpoint(finished, copies):
    folder = copies()
    (folder / "generator_best.weights.h5").unlink()
    (folder / "record.json").unlink()
    assert tiny_runs.call(evaluate.main, f"--workdir={folder}") == 0
    assert tiny_runs.results(folder) == tiny_runs.results(finished[1])


@pytest.mark.e2e
@pytest.mark.fault(group=FILES, tried="every checkpoint damaged, then run and evaluate", outcome="one line that says so")
def test_no_checkpoint_is_whole(finished, copies, capsys, record_property):
    folder = copies()
    for path in (folder / "checkpoints").iterdir():
        damage(path, "flipped")
    before = tiny_runs.contents(folder, ["config.json", "manifest.json"])
    for command in ("more", "evaluate"):
        assert issue(command, finished[0], folder, None) == 1
        assert "all checkpoints in" in tiny_runs.one_line(capsys.readouterr().err)
    assert tiny_runs.contents(folder, ["config.json", "manifest.json"]) == before
    record_property("trials", 2)


# ---- another configuration -------------------------------------------------------------------------------------------


@pytest.mark.e2e
@pytest.mark.fault(
    group=FILES,
    tried="going on with another configuration, and with a checkpoint of another one",
    outcome="refused; the difference is shown; nothing touched",
)
def test_another_configuration(finished, copies, capsys, record_property):
    folder = copies()
    before = tiny_runs.contents(folder)
    words = ["run", *tiny_runs.arguments(finished[0], epochs=3), f"--workdir={folder}"]
    words[words.index("--set=generator_units=16")] = "--set=generator_units=17"
    assert run.main(words) == 1
    assert "recipe.generator_units: [16] there, [17] now" in tiny_runs.one_line(capsys.readouterr().err)
    assert tiny_runs.contents(folder) == before
    # A checkpoint among the files of another run's configuration.
    (folder / "record.json").unlink()
    config = files.read_json(folder / "config.json")
    config["recipe"]["generator_units"] = [17]
    files.write_json(folder / "config.json", config)
    before = tiny_runs.contents(folder, ["config.json", "manifest.json", "metrics.csv"])
    assert run.main(words) == 1
    err = tiny_runs.one_line(capsys.readouterr().err)
    assert "does not fit this configuration's networks: " in err and "16) there, " in err and "17) now" in err
    assert tiny_runs.contents(folder, ["config.json", "manifest.json", "metrics.csv"]) == before
    record_property("trials", 2)


# ---- bytes of a run's weights and JSON -------------------------------------------------------------------------------


@pytest.mark.fault(
    group=FILES,
    tried="a byte of a weights file changed, at random places",
    outcome="noticed before HDF5 reads it, or only the line of the checksum was hit",
)
def test_bytes_of_weights(finished, tmp_path, record_property):
    whole = (finished[1] / "generator.weights.h5").read_bytes()
    line = whole.rindex(SEAL)
    assert whole[-65:-1].decode() == files.hashlib.sha256(whole[:line]).hexdigest()
    path = tmp_path / "a.weights.h5"
    rng = np.random.default_rng(2)
    for at in rng.integers(0, line, 500):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ int(rng.integers(1, 256))]) + whole[at + 1 :])
        with pytest.raises(RunError, match="a.weights.h5 is damaged: its sha256 is another"):
            files.check_seal(path)
    record_property("trials", 500)


def test_weights_of_older_versions_have_no_checksum_and_are_read(finished, copies, capsys, tmp_path):
    folder = copies()
    for path in folder.glob("*.weights.h5"):
        path.write_bytes(path.read_bytes()[: path.read_bytes().rindex(SEAL)])
    assert issue("sample", None, folder, tmp_path) == 0
    assert issue("sample", None, finished[1], tmp_path) == 0  # the same file again
    (folder / "generator_best.weights.h5").write_bytes((folder / "generator_best.weights.h5").read_bytes()[:9000])
    capsys.readouterr()
    assert issue("sample", None, folder, tmp_path) == 1
    assert "gan_repro.evaluate" in tiny_runs.one_line(capsys.readouterr().err)


@pytest.mark.fault(
    group=FILES,
    tried="a byte of config.json, manifest.json or record.json changed, at 700 places of each",
    outcome="noticed, or the same values (white space)",
)
@pytest.mark.parametrize("name", ["config.json", "manifest.json", "record.json"])
def test_bytes_of_json(name, finished, tmp_path, record_property):
    path = tmp_path / name
    whole, wanted = (finished[1] / name).read_bytes(), files.read_json(finished[1] / name)
    rng = np.random.default_rng(3)
    places = rng.choice(len(whole), 700, replace=False)
    for at in places:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ int(1 << rng.integers(7))]) + whole[at + 1 :])
        try:
            found = files.read_json(path)
        except RunError:
            continue
        # A hit key "sha256": nothing is checked, and a key too many is left, which no reader takes for another.
        assert found == wanted or len(found) == len(wanted) + 1 and found.items() >= wanted.items()
    record_property("trials", len(places))


def test_json_that_is_edited_on_purpose(finished, copies, tmp_path):
    folder = copies()
    content = json.loads((folder / "manifest.json").read_text())
    del content["sha256"]
    (folder / "manifest.json").write_text(json.dumps(content | {"note": "mine"}))
    assert issue("sample", None, folder, tmp_path) == 0


# ---- the lock --------------------------------------------------------------------------------------------------------

HOLD = """
import sys
from gan_repro.system.errors import RunError
from gan_repro.runs.workdir import Workdir
try:
    with Workdir(sys.argv[1]).locked():
        print("held", flush=True)
        sys.stdin.read()
except RunError as error:
    print(error, flush=True)
"""


def holder(folder):
    """A process that says whether it has the folder, and keeps it until its stdin is closed."""
    words = [sys.executable, "-c", HOLD, str(folder)]
    return subprocess.Popen(words, cwd=support.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.e2e
@pytest.mark.fault(
    group=FILES,
    tried="run and evaluate in a folder that another process holds; that one killed; run again",
    outcome="refused with nothing touched; then the lock is free",
)
def test_the_lock_dies_with_its_owner(finished, copies, capsys, record_property):
    folder = copies()
    before = tiny_runs.contents(folder)
    process = holder(folder)
    try:
        assert process.stdout.readline() == "held\n"
        for command in ("more", "evaluate"):
            assert issue(command, finished[0], folder, None) == 1
            assert "another process is using" in tiny_runs.one_line(capsys.readouterr().err)
        assert tiny_runs.contents(folder) == before
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    finally:
        process.kill()
        process.communicate()
    with Workdir(folder).locked():
        pass
    record_property("trials", 3)


@pytest.mark.e2e
@pytest.mark.fault(group=FILES, tried="six processes started in one folder at once", outcome="one has it, five are refused")
def test_one_of_many_gets_the_folder(tmp_path):
    processes = [holder(tmp_path / "run") for _ in range(6)]
    lines = sorted(process.stdout.readline() for process in processes)
    for process in processes:
        process.communicate(timeout=60)
    assert lines.count("held\n") == 1 and sum("another process is using" in line for line in lines) == 5


# ---- results ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.fault(
    group=FILES,
    tried="two gan_repro.tables at once in one folder, read all the while",
    outcome="every file is whole at every moment; the same bytes as of one",
)
def test_two_tables_at_once(finished, tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    assert tables.main(["tables", f"--add={finished[1]}", f"--results={folder}"]) == 0
    wanted = {name: content for name, (content, _) in tiny_runs.contents(folder).items()}
    words = [sys.executable, "-m", "gan_repro.tables", f"--results={folder}"]
    processes = [subprocess.Popen(words, cwd=support.ROOT, stdout=subprocess.DEVNULL) for _ in range(2)]
    deadline, reads = time.monotonic() + 120, 0
    while any(process.poll() is None for process in processes):
        assert time.monotonic() < deadline
        for name, content in wanted.items():
            assert (folder / name).read_bytes() == content, name
        reads += 1
        time.sleep(0.01)
    assert [process.returncode for process in processes] == [0, 0] and reads > 3
    assert {name: content for name, (content, _) in tiny_runs.contents(folder).items()} == wanted


@pytest.mark.fault(group=FILES, tried="a record in results/ damaged, then tables", outcome="refused, the old tables stand")
@pytest.mark.parametrize("how", ["truncated", "emptied", "flipped"])
def test_a_damaged_record_among_results(how, finished, tmp_path, capsys):
    folder = tmp_path / "results"
    (folder / "records").mkdir(parents=True)
    shutil.copy(finished[1] / "record.json", folder / "records" / "a.json")
    (folder / "table1.md").write_text("old")
    damage(folder / "records" / "a.json", how)
    before = tiny_runs.contents(folder)
    assert tables.main(["tables", f"--results={folder}"]) == 1
    assert "a.json is damaged" in tiny_runs.one_line(capsys.readouterr().err) and tiny_runs.contents(folder) == before
