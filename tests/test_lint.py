"""The tools that read code without running it find nothing: ruff (style, imports, likely mistakes), mypy (types)."""

import subprocess
import sys

import pytest
import support


@pytest.mark.e2e
@pytest.mark.parametrize("tool", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)], ids=" ".join)
def test_nothing_is_found(tool, tmp_path):
    pytest.importorskip(tool[0])
    command = [sys.executable, "-m", *tool, *(["--cache-dir", str(tmp_path)] if tool[0] == "mypy" else ["--no-cache"])]
    done = subprocess.run(command, cwd=support.ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
