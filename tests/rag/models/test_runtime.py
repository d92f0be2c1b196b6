"""The threads that models run in: in order, in turn, and no longer than they are wanted."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest

from rag.models.runtime import Workers, shared_workers
from tests.support.processes import run_python, wait_for


def test_results_are_in_the_order_of_the_items() -> None:
    workers = Workers(3)
    assert workers.run(lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert list(workers.stream(lambda n: n * n, range(50))) == [n * n for n in range(50)]
    assert workers.run(lambda n: n, []) == list(workers.stream(lambda n: n, [])) == []


def test_whoever_comes_first_is_served_first() -> None:
    """One thread: the second caller's work begins when all of the first one's has."""
    workers, begun, gate = Workers(1), list[str](), threading.Event()

    def work(name: str) -> None:
        gate.wait(200)
        begun.append(name)

    first = threading.Thread(target=workers.run, args=(work, ["a1", "a2", "a3"]))
    second = threading.Thread(target=workers.run, args=(work, ["b1", "b2"]))
    first.start()
    assert wait_for(lambda: workers._pool()._work_queue.qsize() == 2)
    second.start()
    assert wait_for(lambda: workers._pool()._work_queue.qsize() == 4)
    gate.set()
    first.join()
    second.join()
    assert begun == ["a1", "a2", "a3", "b1", "b2"]


def test_long_work_lets_a_question_in_after_a_few_steps() -> None:
    workers, begun = Workers(1), list[str]()
    steps = workers.stream(begun.append, (f"step {number}" for number in range(100)))
    next(steps)
    workers.run(begun.append, ["question"])
    assert begun.index("question") <= 3
    assert isinstance(steps, Generator)
    steps.close()


def test_long_work_that_is_given_up_stops_asking_for_items() -> None:
    asked = list[int]()

    def items() -> Iterator[int]:
        for number in range(1_000):
            asked.append(number)
            yield number

    steps = Workers(2).stream(lambda n: n, items())
    assert [next(steps), next(steps)] == [0, 1]
    assert isinstance(steps, Generator)
    steps.close()
    assert len(asked) < 10


@pytest.mark.parametrize("many", [True, False], ids=["run", "stream"])
def test_an_error_reaches_whoever_asked_and_the_threads_go_on(many: bool) -> None:
    workers = Workers(2)
    with pytest.raises(ZeroDivisionError):
        workers.run(lambda n: 1 // n, [1, 0, 1]) if many else list(workers.stream(lambda n: 1 // n, [1, 0, 1]))
    assert workers.run(lambda n: 1 // n, [1]) == [1]


def test_all_models_of_a_process_have_the_same_threads() -> None:
    assert shared_workers() is shared_workers()


def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    code = """
import os
from rag.models.runtime import Workers
workers = Workers(2)
assert workers.run(lambda n: n + 1, [1, 2]) == [2, 3]
process = os.fork()
if process == 0:
    os._exit(0 if workers.run(lambda n: n + 1, [1, 2]) == [2, 3] else 1)
print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
"""
    assert run_python(code) == "0\n"
