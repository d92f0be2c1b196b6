"""What the load generator says of a server is what the server did. The servers here answer without thinking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.bench.load import (
    Asked,
    Load,
    Questions,
    arrivals,
    calm_since,
    figures,
    measure,
    percentile,
    table,
)
from tests.bench.post import Poster

Answering = Callable[[int], Awaitable[bytes]]


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[Poster]:
    """A client of a server that gives to the n-th question, from 1, the bytes that `answer` makes of n."""
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            count += 1
            writer.write(await answer(count))

    async def serve_quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve_quietly, "127.0.0.1", 0)
    async with server:
        async with Poster(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ask") as poster:
            yield poster
        await asyncio.sleep(0.02)  # for the connections to be closed on both sides


def ok(body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


def many() -> Questions:
    return Questions([f"question {number}" for number in range(10_000)])


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([4, 1, 3, 2], 0.5, 2),
        ([4, 1, 3, 2], 0.95, 4),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 101)), 0.99, 99),
        ([7], 0.5, 7),
        ([], 0.5, 0),
    ],
)
def test_percentiles(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_arrivals_are_evenly_spaced_and_as_many_as_the_rate_says() -> None:
    assert arrivals(2.0, 2.0) == [0.0, 0.5, 1.0, 1.5]
    assert len(arrivals(12.5, 20)) == 250


def test_a_question_comes_again_only_after_all_others() -> None:
    questions = iter(Questions(["a", "b", "a", "c"]))
    first, again = ([next(questions) for _ in range(3)] for _ in range(2))
    assert sorted(first) == ["a", "b", "c"]
    assert again == first


def test_figures_of_a_phase() -> None:
    asked = [
        Asked(0.0, 0.1, 200),
        Asked(0.0, 2.0, 200),
        Asked(1.0, 1.2, 200, remembered=True),
        Asked(1.0, 1.0, 429),
        Asked(1.0, 4.0, 0),
        Asked(1.0, 1.1, 500),
    ]
    found = figures("x", asked)
    assert (found.asked, found.answered, found.refused, found.failed, found.remembered) == (6, 3, 1, 2, 1)
    assert (found.p50_ms, found.p95_ms, found.answers_per_second, found.good_per_second) == (200.0, 2000.0, 0.75, 0.5)


def test_calm_is_when_the_first_of_three_fast_answers_in_a_row_was_due() -> None:
    refused = Asked(9.0, 9.0, 429)

    def fast(due: float) -> Asked:
        return Asked(due, due + 0.1, 200)

    def slow(due: float) -> Asked:
        return Asked(due, due + 1, 200)

    assert calm_since([slow(0), fast(1), fast(2), fast(3)], 0.1) == 1
    assert calm_since([fast(0), fast(1), slow(2), fast(3), fast(4), fast(5)], 0.1) == 3
    assert calm_since([fast(0), fast(1), refused, fast(10)], 0.1) is None


def test_the_time_of_a_late_answer_counts_from_when_its_question_was_due() -> None:
    """A server that stands still for half a second holds up all that were due meanwhile, not one."""

    async def run() -> list[Asked]:
        turn = asyncio.Lock()

        async def answer(number: int) -> bytes:
            async with turn:
                if number == 1:
                    await asyncio.sleep(0.5)
                return ok()

        async with answering(answer) as poster:
            return await Load(poster, many()).open(rate=20, seconds=0.5)

    took = [one.seconds for one in asyncio.run(run())]
    assert len(took) == 10
    assert [seconds > 0.1 for seconds in took[:7]] == [True] * 7
    assert took[0] >= 0.5 > took[5]


def test_as_many_questions_are_in_work_as_there_are_users() -> None:
    async def run() -> tuple[int, list[Asked]]:
        now, most = 0, 0

        async def answer(_number: int) -> bytes:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            return ok()

        async with answering(answer) as poster:
            asked = await Load(poster, many()).closed(users=5, seconds=0.3)
            return most, asked

    most, asked = asyncio.run(run())
    assert (most, {one.status for one in asked}) == (5, {200})


def test_a_user_who_is_refused_waits_as_long_as_the_server_says() -> None:
    async def run() -> list[Asked]:
        async def answer(number: int) -> bytes:
            return REFUSED if number == 1 else ok()

        async with answering(answer) as poster:
            return await Load(poster, many()).closed(users=1, seconds=1.2)

    first, second, *_ = asyncio.run(run())
    assert (first.status, second.status) == (429, 200)
    assert second.due - first.ended >= 1.0


def test_a_server_that_breaks_off_is_a_failure_and_the_next_question_finds_it_again() -> None:
    async def run() -> list[Asked]:
        async def answer(number: int) -> bytes:
            if number == 2:
                raise ConnectionError
            return ok()

        async with answering(answer) as poster:
            return await Load(poster, many()).open(rate=20, seconds=0.2)

    assert [one.status for one in asyncio.run(run())] == [200, 0, 200, 200]


def test_all_phases_and_the_table() -> None:
    async def run() -> dict:
        async def answer(number: int) -> bytes:
            await asyncio.sleep(0.001)
            return ok(b'{"timings_ms":{"cache":0.1}}' if number % 2 else b"{}")

        async with answering(answer) as poster:
            return await measure(poster.url, many(), seconds=0.2, users=(1, 4), rates=(0.5, 2.0), capacity=50)

    result = asyncio.run(run())
    assert [phase["load"] for phase in result["phases"]] == ["1 users", "4 users", "0.5 x 50.0/s", "2 x 50.0/s"]
    assert [phase["asked"] for phase in result["phases"][2:]] == [5, 20]
    assert all(phase["failed"] == phase["refused"] == 0 < phase["remembered"] for phase in result["phases"])
    assert result["recovery_seconds"]["2 x 50.0/s"] < 1
    assert len(list(table(result))) == 6


def test_bodies_of_every_kind_are_read_to_their_end() -> None:
    kinds = (
        ok(b"by length"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nin \r\n6\r\nchunks\r\n0\r\n\r\n",
        ok(b"and again"),
    )

    async def run() -> list[bytes]:
        async def answer(number: int) -> bytes:
            return kinds[number - 1]

        async with answering(answer) as poster:
            return [(await poster.ask("?", timeout_seconds=5)).body for _ in kinds]

    assert asyncio.run(run()) == [b"by length", b"in chunks", b"and again"]
