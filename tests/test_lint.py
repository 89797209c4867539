"""The tools that read code without running it find nothing: ruff (style, imports, likely mistakes), mypy (types)."""

import subprocess
import sys

import pytest
import support
from support import marks

TOOLS = [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)]


@pytest.mark.e2e
@pytest.mark.parametrize("tool", marks.slow_after(2, [(tool,) for tool in TOOLS]), ids=map(" ".join, TOOLS))
def test_nothing_is_found(tool, tmp_path):
    pytest.importorskip(tool[0])
    command = [sys.executable, "-m", *tool, *(["--cache-dir", str(tmp_path)] if tool[0] == "mypy" else ["--no-cache"])]
    done = subprocess.run(command, cwd=support.ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
