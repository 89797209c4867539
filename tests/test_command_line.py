"""The wrapper that all programs share: exit codes, one line on stderr, --help, suggestions; many calls a process."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from absl import flags

from gan_repro.system import tensorflow_setup
from gan_repro.system.command_line import run_main
from gan_repro.system.errors import DataError, RunError, UsageError

ROOT = Path(__file__).resolve().parent.parent


def define(values):
    flags.DEFINE_string("experiment", None, "The paper.", flag_values=values)
    flags.DEFINE_integer("seed", 0, "Everything random follows from it.", flag_values=values)
    flags.DEFINE_float("rate", 0.5, "A rate.", flag_values=values)
    flags.DEFINE_multi_string("set", [], "key=value.", flag_values=values)
    flags.DEFINE_list("only", [], "Some of them.", flag_values=values)
    flags.DEFINE_bool("list", False, "Show what there is.", flag_values=values)


def call(*arguments, body=lambda values: None):
    return run_main(define, body, ["program", *arguments], "usage: program [flags]\n\nDoes things.")


def test_the_body_sees_the_values_of_this_call_alone():
    seen = []

    def body(values):
        seen.append((values["experiment"].value, values["seed"].value, list(values["set"].value), values["list"].value))

    assert call("--experiment=a", "--seed=3", "--set=x=1", "--set", "y=2", "--list", body=body) == 0
    assert call("--nolist", body=body) == 0
    assert seen == [("a", 3, ["x=1", "y=2"], True), (None, 0, [], False)]


@pytest.mark.parametrize("returned, code", [(None, 0), (0, 0), (130, 130)])
def test_the_code_is_the_bodys(returned, code):
    assert call(body=lambda values: returned) == code


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--experimnt=x"], ["--experimnt", "Did you mean --experiment?", "--seed", "--list"]),
        (["--zzz"], ["--zzz", "valid:"]),
        (["--seed=x"], ["--seed=x", "whole number"]),
        (["--seed=1.5"], ["--seed=1.5", "whole number"]),
        (["--rate=x"], ["--rate=x", "must be a number"]),
        (["--list=maybe"], ["--list=maybe", "true or false"]),
        (["--experiment"], ["--experiment", "Missing value"]),
        (["stray", "--list"], ["'stray'"]),
        (["--list", "stray"], ["'stray'"]),
        (["--", "stray"], ["'stray'"]),
        (["--flagfile=/no/such/file"], ["/no/such/file"]),
        (["--experiment="], ["--experiment= is empty"]),
        (["--experiment=a", "--experiment", ""], ["--experiment= is empty"]),
        (["--set=x=1", "--set="], ["--set= is empty"]),
        (["--only="], ["--only= is empty"]),
        (["--only=a,,b"], ["--only= is empty"]),
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments, words, capsys):
    ran = []
    assert call(*arguments, body=ran.append) == 2
    out, err = capsys.readouterr()
    assert not ran and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and err.endswith("\n")
    assert all(word in err for word in words), err


@pytest.mark.parametrize("error, code", [(UsageError("bad"), 2), (DataError("bad"), 1), (RunError("bad"), 1)])
def test_user_errors_become_their_code(error, code, capsys):
    def body(values):
        raise error

    assert call(body=body) == code
    assert capsys.readouterr().err == "error: bad\n"


def test_faults_of_the_program_keep_their_traceback():
    def body(values):
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        call(body=body)


def test_ctrl_c_is_130(capsys):
    def body(values):
        raise KeyboardInterrupt

    assert call(body=body) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_flag_and_default_and_is_0(flag, capsys):
    ran = []
    assert call(flag, body=ran.append) == 0
    out, err = capsys.readouterr()
    assert not ran and err == ""
    assert out.startswith("usage: program [flags]\n\nDoes things.\n")
    for text in ("--experiment=EXPERIMENT", "--seed=SEED", "(default: 0)", "(default: 0.5)", "--list\n", "--help\n"):
        assert text in out
    assert "None" not in out and "[]" not in out
    assert max(map(len, out.splitlines())) <= 120


@pytest.mark.e2e
@pytest.mark.parametrize("lines", [1, 10**6])  # one line stays in the buffer until the end
def test_a_reader_that_goes_away_is_no_traceback(lines):
    code = (
        "import sys; from gan_repro.system.command_line import run_main\n"
        "def body(values):\n"
        f"    for i in range({lines}): print(i)\n"
        "sys.exit(run_main(lambda values: None, body, ['p'], 'u'))"
    )
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )
    os.close(writing)
    os.close(reading)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 141 and err == b""


PROGRAM = """
import pathlib, sys
from gan_repro.system.command_line import run_main
def body(values):
    for i in range({lines}): print(i, flush={flush})
    print("warning: one", file=sys.stderr, flush=True)
    sys.stdout.isatty()
    pathlib.Path({done!r}).touch()
sys.exit(run_main(lambda values: None, body, ["p"], "u"))
"""


@pytest.mark.e2e
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("lines, flush", [(1, False), (3, True), (10**5, False)])
def test_a_full_disk_under_stdout_ends_no_work(lines, flush, unbuffered, tmp_path):
    code = PROGRAM.format(lines=lines, flush=flush, done=str(tmp_path / "done"))
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:
        words = {"stdout": full, "stderr": subprocess.PIPE, "cwd": ROOT, "env": environment, "timeout": 60}
        done = subprocess.run([sys.executable, "-c", code], **words)
    assert done.stderr == b"warning: one\nerror: cannot write to the standard output: No space left on device\n"
    assert done.returncode == 1 and (tmp_path / "done").exists()


@pytest.mark.e2e
@pytest.mark.parametrize("closed, said", [(">&-", b"warning: one\n"), ("2>&-", b""), (">&- 2>&-", b""), ("2>/dev/full", b"")])
def test_closed_streams_end_no_work(closed, said, tmp_path):
    code = PROGRAM.format(lines=3, flush=True, done=str(tmp_path / "done"))
    words = ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, code]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stderr) == (0, said) and (tmp_path / "done").exists()


def test_without_a_temporary_file_tensorflow_s_chatter_is_heard(monkeypatch, capfd):
    def full(*_):
        raise FileNotFoundError(2, "No usable temporary directory found")

    for replacement, said in ((None, "an error\n"), (full, "oneDNN custom operations are on\nan error\n")):
        if replacement:
            monkeypatch.setattr(tensorflow_setup.tempfile, "TemporaryFile", replacement)
        with tensorflow_setup.without_chatter():
            os.write(2, b"oneDNN custom operations are on\nan error\n")
        assert capfd.readouterr().err == said


def test_a_terminal_that_has_no_such_sign_shows_another_and_the_work_goes_on(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    out = sys.stdout
    assert run_main(lambda values: None, lambda values: print("210.7 ± 2.3"), ["p"], "u") == 0
    assert out.buffer.getvalue() == b"210.7 ? 2.3\n"


@pytest.mark.e2e
def test_no_tensorflow_is_needed():
    code = (
        "import sys\n"
        "import gan_repro.publish, gan_repro.system.command_line, gan_repro.figures.grids\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
