"""The training command, which can be told by its environment to signal itself at an exact moment.

It is started by torchrun as a script, and else as a fork.
"""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys

from charrnn import train
from charrnn.training.trainer import Trainer
from tests.forks import FORKS


def command(arguments):
    """Train, with a state every third step.

    A signal comes in place of the step after ``KILL_AFTER`` of them, in the first step (``TERMINATE_IN_FIRST_STEP``),
    or when the trainer is made, which is after the folder was claimed (``TERMINATE_BEFORE_FIRST_STEP``).
    """
    from_flags, step, init = train.from_flags, Trainer.step, Trainer.__init__
    train.from_flags = lambda *a: dataclasses.replace(from_flags(*a), save_every=3)
    left = int(os.environ.get("KILL_AFTER", 10**9))

    def kill_or_step(self, *arguments):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if "TERMINATE_IN_FIRST_STEP" in os.environ and self.progress.step == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, *arguments)

    def terminate_or_init(self, *arguments):
        if "TERMINATE_BEFORE_FIRST_STEP" in os.environ:
            os.kill(os.getpid(), signal.SIGTERM)
        init(self, *arguments)

    Trainer.step, Trainer.__init__ = kill_or_step, terminate_or_init
    sys.exit(train.main(arguments))


def in_fork(arguments, files, environment):
    """What the fork does: the command, its output in files."""
    os.environ.update(environment)
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.stdout.reconfigure(line_buffering=True)
    command(arguments)


class Fork:
    """A command that was started, as far as it is like a ``subprocess.Popen``.

    Args:
        arguments: of the command.
        folder: that is made for its output.
        environment: variables that are added.
    """

    def __init__(self, arguments, folder, environment):
        folder.mkdir(exist_ok=True)
        self.files = [folder / "stdout", folder / "stderr"]
        for file in self.files:
            file.unlink(missing_ok=True)
        self.process = FORKS.Process(target=in_fork, args=(arguments, self.files, environment))
        self.process.start()

    def poll(self):
        return self.process.exitcode

    def send_signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def communicate(self, timeout=None):
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired("the command", timeout)
        return tuple(file.read_text("utf-8") if file.exists() else "" for file in self.files)

    @property
    def returncode(self):
        return self.process.exitcode


if __name__ == "__main__":
    command(sys.argv[1:])
