"""Ports and signals, before anything slow begins."""

import asyncio
import os
import signal
import socket

import pytest

from services.compose import PortTakenError, listen, stopped_by_signals


def test_zero_takes_a_free_port() -> None:
    with listen("127.0.0.1", 0) as first, listen("127.0.0.1", 0) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
        with socket.create_connection(first.getsockname(), timeout=5):
            pass


def test_a_taken_port_is_told_at_once() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"Port {port} .*--port"), listen("127.0.0.1", port):
            pass


def test_a_port_is_free_again_afterwards() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
    with listen("127.0.0.1", port) as second:
        assert second.getsockname()[1] == port


def test_an_address_of_another_machine_is_told() -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    with pytest.raises(PortTakenError, match=r"192\.0\.2\.1"), listen("192.0.2.1", 0):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_to_stop_and_the_next_one_is_not_ours(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 5)
        assert signal.getsignal(number) in {signal.default_int_handler, signal.SIG_DFL}
    signal.signal(number, before)
