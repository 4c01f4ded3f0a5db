import asyncio
import threading
import time
from contextlib import aclosing

import pytest

from charrnn.cancellation import check_stop
from charrnn.service.computing import BATCH, ClientGoneError, Computing, SmallRequests, Stream
from charrnn.service.limits import Limits
from charrnn.service.problems import Problem


class Request:
    """A request whose client leaves after a while."""

    def __init__(self, seconds):
        self.seconds = seconds

    async def receive(self):
        await asyncio.sleep(self.seconds)
        return {"type": "http.disconnect"}


def endless(ended):
    try:
        while True:
            check_stop()
            time.sleep(0.001)
            yield 1
    finally:
        ended.set()


def computing(**limits):
    return Computing(Limits(**{"computing": 2, "waiting": 4} | limits))


def test_a_result_comes_from_a_thread_and_errors_come_through():
    async def run():
        own = computing()
        assert await own.run("a", threading.current_thread) is not threading.current_thread()
        with pytest.raises(ZeroDivisionError):
            await own.run("a", lambda: 1 / 0)
        assert own.admission.free == 2

    asyncio.run(run())


def test_a_stream_gives_everything_in_order():
    async def run():
        async with aclosing(Stream(computing(), "a", lambda: iter(range(1000))).results()) as results:
            return [item async for batch in results for item in batch]

    assert asyncio.run(run()) == list(range(1000))


def test_work_that_takes_too_long_is_stopped():
    async def run():
        own, ended = computing(seconds=0.1), threading.Event()
        with pytest.raises(Problem) as caught:
            await own.run("a", lambda: list(endless(ended)))
        assert caught.value.status == 504 and ended.is_set() and own.admission.free == 2

    asyncio.run(run())


def test_work_is_stopped_when_the_client_leaves():
    async def run():
        own, ended = computing(), threading.Event()
        with pytest.raises(ClientGoneError):
            await own.run("a", lambda: list(endless(ended)), Request(0.1))
        assert ended.is_set() and own.admission.free == 2

    asyncio.run(run())


def test_a_client_that_leaves_while_waiting_leaves_the_line():
    async def run():
        own, ended = computing(computing=1), threading.Event()
        busy = asyncio.create_task(own.run("a", lambda: list(endless(ended)), Request(0.3)))
        await asyncio.sleep(0.05)
        with pytest.raises(ClientGoneError):
            await own.run("b", lambda: pytest.fail("it has left"), Request(0.05))
        assert len(own.admission.line) == 0 and not ended.is_set()
        with pytest.raises(ClientGoneError):
            await busy

    asyncio.run(run())


def test_closing_a_stream_stops_the_work():
    async def run():
        own, ended = computing(), threading.Event()
        async with aclosing(Stream(own, "a", lambda: endless(ended)).results()) as results:
            assert await anext(results)
        assert ended.is_set() and own.admission.free == 2

    asyncio.run(run())


def test_the_turn_ends_with_the_work_however_slowly_results_are_fetched():
    async def run():
        own = computing(computing=1)
        async with aclosing(Stream(own, "a", lambda: iter(range(500))).results()) as results:
            first = await anext(results)
            assert await asyncio.wait_for(own.run("b", lambda: "served meanwhile"), 2)
            return first + [item async for batch in results for item in batch]

    assert asyncio.run(run()) == list(range(500))


def test_draining_stops_what_computes_when_its_time_is_over():
    async def run():
        own, ended = computing(drain_seconds=0.1), threading.Event()
        task = asyncio.create_task(own.run("a", lambda: list(endless(ended))))
        await asyncio.sleep(0.05)
        own.end_soon()
        with pytest.raises(Problem):
            await asyncio.wait_for(task, 2)
        assert ended.is_set()

    asyncio.run(run())


def test_small_requests_are_answered_together_and_each_gets_its_own():
    async def run():
        calls = []

        def classify(names, key):
            calls.append((len(names), key))
            return [(name, key) for name in names]

        small = SmallRequests(classify)
        answers = [small.submit(f"a{i % 3}", [f"{i}", f"{i}b"], i % 2) for i in range(60)]
        for i, answer in enumerate(answers):
            assert await answer == [(f"{i}", i % 2), (f"{i}b", i % 2)]
        return calls

    calls = asyncio.run(run())
    assert sum(count for count, _ in calls) == 120 and len(calls) < 10
    assert all(count <= BATCH + 2 for count, _ in calls)


def test_an_error_reaches_all_of_its_group_and_nobody_else():
    async def run():
        def classify(names, key):
            if key == "bad":
                raise ValueError("bad")
            return names

        small = SmallRequests(classify)
        good, bad, other = (small.submit("a", [key], key) for key in ("good", "bad", "other"))
        assert await good == ["good"] and await other == ["other"]
        with pytest.raises(ValueError, match="bad"):
            await bad

    asyncio.run(run())


def test_too_many_small_requests_are_refused(monkeypatch):
    from charrnn.service import computing as module

    monkeypatch.setattr(module, "WAITING_SMALL", 5)

    async def run():
        small = SmallRequests(lambda names, key: names)
        answers = [small.submit("a", [i], None) for i in range(8)]
        results = await asyncio.gather(*answers, return_exceptions=True)
        assert results[:5] == [[0], [1], [2], [3], [4]] and all(isinstance(r, Problem) for r in results[5:])

    asyncio.run(run())
