import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.service.limits import BODY, Admission, BodyLimit, FairLine, Limits
from charrnn.service.problems import Problem

ADDRESSES = st.lists(st.sampled_from("abcd"), max_size=40)


@given(ADDRESSES)
def test_addresses_take_turns_and_each_keeps_its_order(addresses):
    line = FairLine(100)
    for i, address in enumerate(addresses):
        assert line.push(address, (address, i)) is None
    popped = [line.pop() for _ in range(len(line))]
    assert sorted(popped) == sorted(zip(addresses, range(len(addresses)), strict=True))
    for address in set(addresses):
        own = [i for a, i in popped if a == address]
        assert own == sorted(own)
    # Nobody gets a second turn while somebody who waits has had fewer, by more than one.
    remaining = Counter(addresses)
    served = Counter()
    for address, _ in popped:
        assert all(served[address] <= served[other] for other in remaining if remaining[other] and other != address)
        served[address] += 1
        remaining[address] -= 1


@given(ADDRESSES, st.integers(1, 10))
def test_a_full_line_drops_the_last_of_the_address_that_has_most(addresses, room):
    line, inside = FairLine(room), Counter()
    for i, address in enumerate(addresses):
        refused = line.push(address, (address, i))
        inside[address] += 1
        if refused is not None:
            assert inside[refused[0]] == max(inside.values())
            inside[refused[0]] -= 1
        assert len(line) == sum(inside.values()) <= room


@given(ADDRESSES, st.data())
def test_who_leaves_is_not_popped(addresses, data):
    line = FairLine(100)
    for i, address in enumerate(addresses):
        line.push(address, (address, i))
    leaving = data.draw(st.sets(st.sampled_from(range(len(addresses))))) if addresses else set()
    for i in leaving:
        line.remove(addresses[i], (addresses[i], i))
        line.remove(addresses[i], (addresses[i], i))  # who is not there cannot leave
    popped = {i for _, i in (line.pop() for _ in range(len(line)))}
    assert popped == set(range(len(addresses))) - leaving
    with pytest.raises(KeyError):
        line.pop()


class Load:
    """Requests that hold their turn for a while, and the largest number of them at the same time."""

    def __init__(self, limits):
        self.admission, self.now, self.most, self.done, self.refused = Admission(limits), 0, 0, [], []

    async def request(self, name, address="a", seconds=0.01):
        try:
            async with self.admission.turn(address):
                self.now += 1
                self.most = max(self.most, self.now)
                try:
                    await asyncio.sleep(seconds)
                finally:
                    self.now -= 1
            self.done.append(name)
        except Problem as problem:
            assert problem.status == 429 and problem.headers["Retry-After"]
            self.refused.append(name)


def test_no_more_compute_at_a_time_and_no_more_wait_than_allowed():
    async def run():
        load = Load(Limits(computing=3, waiting=5))
        await asyncio.gather(*(load.request(i) for i in range(20)))
        return load

    load = asyncio.run(run())
    assert load.most == 3 and load.done == list(range(8)) and load.refused == list(range(8, 20))
    assert load.admission.free == 3 and len(load.admission.line) == 0


def test_one_address_cannot_keep_the_others_out():
    async def run():
        load = Load(Limits(computing=1, waiting=10))
        greedy = [asyncio.create_task(load.request(f"greedy {i}")) for i in range(50)]
        await asyncio.sleep(0)
        polite = [asyncio.create_task(load.request(f"polite {i}", address="b")) for i in range(3)]
        await asyncio.gather(*greedy, *polite)
        return load

    load = asyncio.run(run())
    assert {"polite 0", "polite 1", "polite 2"} <= set(load.done)
    assert load.done.index("polite 2") <= 6  # every second turn is theirs


def test_who_waits_too_long_is_refused():
    async def run():
        load = Load(Limits(computing=1, waiting=5, waiting_seconds=0.05))
        await asyncio.gather(load.request("slow", seconds=0.2), load.request("waiting"))
        await load.request("later")
        return load

    load = asyncio.run(run())
    assert load.refused == ["waiting"] and load.done == ["slow", "later"]


@pytest.mark.parametrize("moment", range(12))
def test_no_turn_is_lost_when_requests_are_cancelled(moment):
    """At any moment: while waiting, while computing, and in the very step in which the turn is given."""

    async def run():
        load = Load(Limits(computing=1, waiting=10))
        tasks = [asyncio.create_task(load.request(i, seconds=0)) for i in range(6)]
        for _ in range(moment):
            await asyncio.sleep(0)
        for task in tasks[1::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert load.admission.free == 1 and len(load.admission.line) == 0
        await asyncio.wait_for(load.request("after"), 1)
        return load

    assert "after" in asyncio.run(run()).done


def test_the_load_is_told():
    async def run():
        load, told = Load(Limits(computing=1, waiting=5)), []
        load.admission.changed = lambda computing, waiting: told.append((computing, waiting))
        await asyncio.gather(*(load.request(i) for i in range(3)))
        return told

    told = asyncio.run(run())
    assert told[:3] == [(1, 0), (1, 1), (1, 2)] and told[-1] == (0, 0)


def ask(messages, headers=(), limits=None, seconds=5):
    """What a limited application saw, and the status that the client got."""

    async def run():
        seen, sent = [], []

        async def app(scope, receive, send):
            seen.append(scope[BODY])
            assert (await receive())["body"] == scope[BODY]
            await send({"type": "http.response.start", "status": 200, "headers": []})

        waiting = list(messages)

        async def receive():
            if not waiting:
                await asyncio.sleep(seconds)
            return waiting.pop(0)

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
        await BodyLimit(app, limits or Limits(body_bytes=10, body_seconds=0.1))(scope, receive, send)
        return seen, sent[0]["status"] if sent else None

    return asyncio.run(run())


def part(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


def test_bodies_are_counted_as_they_arrive():
    assert ask([part(b"12345"), part(b"67890", False)]) == ([b"1234567890"], 200)
    assert ask([part(b"12345"), part(b"678901", False)]) == ([], 413)
    assert ask([part(b"x" * 6)] * 1000 + [part(b"", False)]) == ([], 413)


def test_what_is_thrown_away_is_bounded():
    endless = [part(b"x" * 60)] * 100
    assert ask(endless, limits=Limits(body_bytes=10, discarded_bytes=600)) == ([], 413)


def test_a_large_body_that_is_only_announced_is_not_waited_for():
    headers = [(b"content-length", b"1000"), (b"expect", b"100-continue")]
    assert ask([], headers) == ([], 413)


def test_a_body_that_does_not_come_is_not_waited_for():
    assert ask([part(b"123")]) == ([], 408)


def test_a_client_that_leaves_gets_no_answer():
    assert ask([part(b"123"), {"type": "http.disconnect"}]) == ([], None)
