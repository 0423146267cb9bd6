"""A process is stepped until nothing is left to do, or run until it is told to stop; a failure is told, never lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.contracts.errors import RetryableError
from services.kit import runtime as runtime_module
from services.kit import supervision
from services.kit.runtime import EndlessWorkError, Runtime, Service, Ticker, WorkerEndedError


class Queue:
    """A worker that has so many things to do, and fails where told."""

    def __init__(self, name, todo=0, failures=()):
        self.name = name
        self.todo = todo
        self.failures = list(failures)
        self.steps = 0
        self.closed = False
        self.next = None

    async def run_once(self, *, wait):
        self.steps += 1
        if self.failures:
            raise self.failures.pop(0)
        if not self.todo:
            if wait:
                await asyncio.sleep(0)
            return False
        self.todo -= 1
        if self.next:
            self.next.todo += 1
        return True

    async def close(self):
        self.closed = True


def _ticker(name, tick, next_due=None):
    async def never(_now):
        return None

    return Ticker(name, timedelta(seconds=0.01), tick, next_due or never)


@pytest.fixture
def make(kit):
    def build(*workers, tickers=()):
        return Runtime([Service("x", workers=workers, tickers=tickers)], bus=kit.bus, clock=kit.clock)

    return build


async def test_settling_ends_when_all_in_a_row_are_idle(make):
    last = Queue("last")
    first = Queue("first", todo=5)
    # What the last one does gives work to the first, which was idle before.
    first.next, back = last, Queue("back", todo=3)
    back.next = first
    runtime = make(last, first, back)
    await runtime.settle()
    assert (first.todo, last.todo, back.todo) == (0, 0, 0)
    steps = last.steps + first.steps + back.steps
    await runtime.settle()
    assert last.steps + first.steps + back.steps == steps + 3, "an idle process is asked once each"


async def test_a_tick_gives_work_and_work_gives_ticks(make, clock):
    worker, ticks = Queue("worker"), []

    async def tick(now):
        ticks.append(now)
        if len(ticks) == 1:
            worker.todo += 2
            return True
        return False

    await make(worker, tickers=[_ticker("tick", tick)]).settle()
    assert worker.todo == 0
    assert set(ticks) == {clock.now()}


async def test_endless_work_is_an_error_that_names_who(make, monkeypatch):
    monkeypatch.setattr(runtime_module, "MOST_STEPS", 50)
    ping, pong = Queue("ping", todo=1), Queue("pong")
    ping.next, pong.next = pong, ping
    with pytest.raises(EndlessWorkError, match=r"p[io]ng"):
        await make(ping, pong).settle()


async def test_settling_tries_a_passing_failure_again(make):
    worker = Queue("worker", todo=2, failures=[RetryableError("away"), RetryableError("still away")])
    await make(worker).settle()
    assert worker.todo == 0


async def test_settling_gives_up_on_an_outage_that_lasts(make, monkeypatch):
    monkeypatch.setattr(runtime_module, "LONGEST_OUTAGE", 0.1)
    with pytest.raises(RetryableError, match="away"):
        await make(Queue("worker", failures=[RetryableError("away")] * 100)).settle()


async def test_settling_does_not_hide_a_bug(make):
    with pytest.raises(ZeroDivisionError):
        await make(Queue("worker", failures=[ZeroDivisionError("bug")])).settle()


async def test_the_next_due_instant_is_the_first_after_now(make, clock):
    def due(*minutes):
        async def next_due(now):
            return now + timedelta(minutes=minutes[0]) if minutes else None

        return next_due

    async def idle(_now):
        return False

    tickers = [
        _ticker("a", idle, due(30)),
        _ticker("b", idle, due()),
        _ticker("c", idle, due(10)),
        _ticker("d", idle, due(0)),
    ]
    assert await make(tickers=tickers).next_due() == clock.now() + timedelta(minutes=10)
    assert await make(tickers=[_ticker("b", idle, due())]).next_due() is None


def test_names_are_unique_in_a_process(make):
    with pytest.raises(ValueError, match="same"):
        make(Queue("same"), Queue("same"))


async def test_a_running_worker_survives_any_error_and_shows_it(make, monkeypatch):
    failing = Queue(
        "failing", todo=3, failures=[RetryableError("away"), ZeroDivisionError("bug"), RetryableError("x")]
    )
    steady = Queue("steady", todo=5)
    tried = asyncio.Event()
    errors = []
    failed = supervision.Supervised.failed

    def note(self, error):
        errors.append((self.state.name, type(error)))
        return failed(self, error)

    monkeypatch.setattr(supervision.Supervised, "failed", note)

    async def tick(_now):
        if ("tick", ValueError) not in errors:
            raise ValueError("bug")
        if not failing.todo and not steady.todo:
            tried.set()
        return False

    runtime = make(failing, steady, tickers=[_ticker("tick", tick)])
    stop = asyncio.Event()
    running = asyncio.create_task(runtime.run(stop))
    await asyncio.wait_for(tried.wait(), 20)
    states = runtime.states
    stop.set()
    await asyncio.wait_for(running, 20)
    await runtime.close()
    assert [e for name, e in errors if name == "failing"] == [
        RetryableError,
        ZeroDivisionError,
        RetryableError,
    ]
    assert states["failing"].healthy
    assert states["failing"].error == "RetryableError: x"
    assert states["failing"].last_failed is not None
    assert failing.closed
    assert steady.closed


async def test_a_stop_waits_for_the_tick_in_hand(make):
    started, go_on, finished = asyncio.Event(), asyncio.Event(), []

    async def tick(_now):
        started.set()
        await go_on.wait()
        finished.append(True)
        return True

    runtime = make(tickers=[_ticker("tick", tick)])
    stop = asyncio.Event()
    running = asyncio.create_task(runtime.run(stop))
    await asyncio.wait_for(started.wait(), 20)
    stop.set()
    assert not finished
    go_on.set()
    await asyncio.wait_for(running, 20)
    assert finished == [True]


async def test_one_worker_that_cannot_close_does_not_keep_the_others_open(make):
    class Stuck(Queue):
        async def close(self):
            raise ZeroDivisionError

    first, stuck, last = Queue("first"), Stuck("stuck"), Queue("last")
    await make(first, stuck, last).close()
    assert first.closed
    assert last.closed


async def test_a_worker_whose_task_is_gone_ends_the_process_rather_than_leaving_it_look_alive(make):
    # A library that cancels the task it runs in: nothing an ordinary handler catches.
    with pytest.raises(WorkerEndedError, match="broken"):
        await asyncio.wait_for(
            make(Queue("broken", failures=[asyncio.CancelledError()]), Queue("sound")).run(asyncio.Event()),
            10,
        )
