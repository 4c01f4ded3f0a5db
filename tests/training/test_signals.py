import signal

import pytest

from charrnn.training import signals
from charrnn.training.signals import StopRequest


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(signals.time, "monotonic", lambda: now[0])
    return now


def test_a_signal_is_noted_and_its_handler_restored(clock):
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest() as stop:
        assert stop.signal is None
        signal.raise_signal(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_signals_within_a_second_are_one_request(clock):
    with StopRequest() as stop:
        signal.raise_signal(signal.SIGINT)
        clock[0] += 0.9
        signal.raise_signal(signal.SIGINT)
        assert stop.signal == signal.SIGINT


def test_a_second_ctrl_c_over_a_second_later_interrupts(clock):
    with StopRequest():
        signal.raise_signal(signal.SIGINT)
        clock[0] += 1.1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_second_sigterm_does_not_interrupt(clock):
    with StopRequest() as stop:
        signal.raise_signal(signal.SIGTERM)
        clock[0] += 5
        signal.raise_signal(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM
