"""Ctrl-C and requests to end in a loop of the app: once is after the frame in hand, twice at once."""

import signal

import pytest

from fer_live.stopping import Stop, stoppable

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", NUMBERS)
def test_once_is_noted_and_twice_is_at_once(number):
    with stoppable() as stop:
        assert not stop.asked
        signal.raise_signal(number)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_signals_are_whose_they_were():
    before = [signal.getsignal(number) for number in NUMBERS]
    with stoppable():
        assert all(signal.getsignal(number) not in before for number in NUMBERS)
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_a_closed_terminal_ends_nothing_under_nohup():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.asked
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_came_before_the_loop_is_heeded():
    Stop().heed()
    with pytest.raises(KeyboardInterrupt):
        Stop(asked=True).heed()
