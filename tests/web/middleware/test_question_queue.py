"""Questions wait in line for a place, first come first served; the line is bounded, and who hung up leaves it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import HTTPException

from web.middleware import question_queue
from web.middleware.question_queue import QuestionQueue


async def here() -> bool:
    return False


async def gone() -> bool:
    return True


class Asker:
    """Questions that hold their place until they are told to end."""

    def __init__(self, line: QuestionQueue) -> None:
        self.line = line
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}

    def ask(self, name: str, is_gone: Callable[[], Awaitable[bool]] = here) -> asyncio.Task[None]:
        self.ends[name] = asyncio.Event()
        return asyncio.create_task(self._hold(name, is_gone))

    async def _hold(self, name: str, is_gone: Callable[[], Awaitable[bool]]) -> None:
        async with self.line.place(is_gone):
            self.begun.append(name)
            await self.ends[name].wait()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_places_are_given_in_the_order_of_coming() -> None:
    async def story() -> list[list[str]]:
        asker = Asker(QuestionQueue(2, 8))
        tasks = [asker.ask(name) for name in "abcd"]
        seen = []
        for name in "abcd":
            await settled()
            seen.append(list(asker.begun))
            asker.ends[name].set()
        await asyncio.gather(*tasks)
        return seen

    assert asyncio.run(story()) == [["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"], ["a", "b", "c", "d"]]


def test_one_more_than_may_wait_is_429_and_the_others_are_answered() -> None:
    async def story() -> tuple[list[str], HTTPException]:
        asker = Asker(QuestionQueue(1, 2))
        tasks = [asker.ask(name) for name in "abc"]
        await settled()
        refused = asker.ask("d")
        await settled()
        for end in asker.ends.values():
            end.set()
        await asyncio.gather(*tasks)
        error = refused.exception()
        assert isinstance(error, HTTPException)
        return asker.begun, error

    begun, error = asyncio.run(story())
    assert begun == ["a", "b", "c"]
    assert (error.status_code, error.headers) == (429, {"Retry-After": "1"})


def test_retry_after_follows_from_how_long_answers_take_and_the_length_of_the_line() -> None:
    async def story() -> HTTPException:
        line = QuestionQueue(2, 3)
        line._lasted.extend([1.5, 0.01, 90.0, 1.5, 1.5])  # the median: not the one request that took much longer
        asker = Asker(line)
        tasks = [asker.ask(name) for name in "abcde"]
        await settled()
        refused = asker.ask("f")
        await settled()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        error = refused.exception()
        assert isinstance(error, HTTPException)
        return error

    # Three wait, this would be the fourth: four times 1.5 s, two at once.
    assert asyncio.run(story()).headers == {"Retry-After": "3"}


def test_who_would_wait_too_long_is_refused_at_once() -> None:
    async def story() -> HTTPException:
        line = QuestionQueue(1, 100)
        line._lasted.append(question_queue.MAX_WAIT_SECONDS + 1)
        asker = Asker(line)
        first = asker.ask("a")
        await settled()
        refused = asker.ask("b")
        await settled()
        first.cancel()
        error = refused.exception()
        assert isinstance(error, HTTPException)
        return error

    assert asyncio.run(story()).status_code == 429


def test_who_has_waited_too_long_is_refused_and_leaves_the_line() -> None:
    async def story() -> tuple[int, int]:
        asker = Asker(QuestionQueue(1, 2, max_wait_seconds=0.3))
        first = asker.ask("a")
        await settled()
        second = asker.ask("b")
        with pytest.raises(HTTPException) as raised:
            await second
        asker.ends["a"].set()
        await first
        return raised.value.status_code, len(asker.line._line)

    assert asyncio.run(story()) == (429, 0)


def test_who_hangs_up_while_waiting_leaves_the_line_and_nobody_works_for_them() -> None:
    async def story() -> tuple[list[str], int]:
        asker = Asker(QuestionQueue(1, 1))
        first = asker.ask("a")
        await settled()
        second = asker.ask("b", gone)
        with pytest.raises(HTTPException):
            await second
        third = asker.ask("c")  # the line has room again
        await settled()
        for end in asker.ends.values():
            end.set()
        await asyncio.gather(first, third)
        return asker.begun, asker.line._free

    assert asyncio.run(story()) == (["a", "c"], 1)


def test_a_place_that_comes_to_somebody_who_has_gone_is_passed_on() -> None:
    async def story() -> tuple[list[str], int]:
        asker = Asker(QuestionQueue(1, 2))
        tasks = [asker.ask("a"), asker.ask("b"), asker.ask("c")]
        await settled()
        asker.ends["a"].set()
        tasks[1].cancel()
        asker.ends["c"].set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return asker.begun, asker.line._free

    assert asyncio.run(story()) == (["a", "c"], 1)
