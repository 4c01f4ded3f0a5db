"""Processes that are forked, from this one or from one that has imported PyTorch.

To import it takes most seconds of a short training.
"""

import multiprocessing
import os
import signal
import sys
import warnings

FORKS = multiprocessing.get_context("forkserver")
# What the training command imports in the end, PyTorch with its first optimizer, and files of tests.
COMMAND = ["torch._dynamo", "torch.utils.tensorboard", "charrnn.train", "charrnn.recipe"]
FORKS.set_forkserver_preload([*COMMAND, "pytest", "hypothesis", "tests.conftest"])
TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
"""Audit events of what reads or changes a file system."""


def killed_at(moment, function, *arguments):
    """Call a function in a fork of this process that is killed at the moment-th time it touches the file system.

    Args:
        moment: from 1.
        function: that needs no threads.
        arguments: of the function.

    Returns:
        Whether it was killed; else it had come to its end.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork has none of this process's threads
        process = os.fork()
    if not process:
        _kill_at(moment, function, arguments)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def _kill_at(moment, function, arguments):
    left = moment

    def hook(event, _):
        nonlocal left
        if event in TOUCHES:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    try:
        sys.addaudithook(hook)
        function(*arguments)
        status = 0
    finally:
        os._exit(status)  # without what pytest and Python do at the end
