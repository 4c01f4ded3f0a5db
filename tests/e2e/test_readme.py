"""The README's commands run as they stand."""

import re
import shlex
import subprocess
import sys

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(text):
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = (line.removeprefix("$ ") for block in blocks for line in block.splitlines())
    return [line for line in lines if line.strip() and not line.startswith("#")]


COMMANDS = commands(README)
TRAINING = [c for c in COMMANDS + commands((ROOT / "docs" / "training.md").read_text("utf-8")) if "charrnn.train" in c]
# Run elsewhere: the page in the browser test, make by continuous integration, a whole training run by the benchmarks.
ELSEWHERE = ("make ", "git clone", "cd ", "pip install", "python app.py", "python -m charrnn.train")


def words(command):
    command = shlex.split(command, comments=True)
    starts = {"charrnn": [sys.executable, "-m", "charrnn"], "python": [sys.executable]}
    return starts[command[0]] + command[1:]


def test_there_are_commands_to_test():
    assert sum(c.startswith("charrnn ") for c in COMMANDS) >= 4


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(ELSEWHERE)])
def test_command_runs(command):
    done = subprocess.run(words(command), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", TRAINING)
def test_training_command_is_understood(command):
    from charrnn.train import parse
    from charrnn.training.settings import SETTINGS, from_flags

    given = shlex.split(command, comments=True)
    flags = parse(given[given.index("charrnn.train") + 1 :])
    assert flags.out and from_flags(SETTINGS[flags.task], flags)


def test_python_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, timeout=60)
