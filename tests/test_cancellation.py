import itertools

import pytest

from charrnn.cancellation import check_stop, stoppable
from charrnn.errors import StoppedError
from charrnn.generation import Constraints, Request
from charrnn.inference import load


def after(asked):
    """True from the given time of asking on."""
    times = itertools.count(1)
    return lambda: next(times) > asked


def test_without_a_block_nothing_stops():
    check_stop()
    with stoppable(lambda: False):
        check_stop()


def test_a_block_stops_and_ends():
    with pytest.raises(StoppedError), stoppable(lambda: True):
        check_stop()
    check_stop()


@pytest.mark.parametrize(
    "work",
    [
        lambda: list(load("names/generator").stream(Request("Irish"), 10_000)),
        lambda: list(load("names/generator").stream(Request("Irish", constraints=Constraints(prefix="Mac")), 10, True)),
        lambda: load("names/generator").guide(Request("Irish", constraints=Constraints(pattern=".{3000}"))),
        lambda: load("names/generator").guide(Request("Irish", constraints=Constraints(pattern="(.*a.{12})*"))),
        lambda: load("names/classifier").explain("Papadopoulos" * 8),
    ],
    ids=["names", "novel names", "long automaton", "wide automaton", "explanation"],
)
def test_what_may_take_long_stops(work):
    with pytest.raises(StoppedError), stoppable(after(1)):
        work()
