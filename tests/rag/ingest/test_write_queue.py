"""One thread writes at a time, and short tasks come between the steps of long ones."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from rag.ingest.write_queue import WriteQueue

SOON = 10  # seconds that nothing here should take


def waiting(turns: WriteQueue, count: int) -> None:
    """Return when so many short tasks wait."""
    with turns._changed:
        while len(turns._errands) < count:
            turns._changed.wait(0.01)


def test_a_short_task_runs_at_once_and_gives_what_it_gave() -> None:
    turns = WriteQueue()
    assert turns.run(lambda: threading.get_ident()) == threading.get_ident()
    assert turns.run(lambda: turns.run(lambda: "inside")) == "inside"


def test_an_error_reaches_whoever_wanted_the_task() -> None:
    turns = WriteQueue()

    def fail() -> None:
        raise KeyError("missing")

    with ThreadPoolExecutor() as pool, turns.long() as let_others_in:
        wanted = pool.submit(turns.run, fail)
        waiting(turns, 1)
        let_others_in()
        with pytest.raises(KeyError, match="missing"):
            wanted.result(SOON)
    with pytest.raises(KeyError, match="missing"):
        turns.run(fail)
    assert turns.run(lambda: 1) == 1


def test_short_tasks_run_between_the_steps_of_a_long_one_in_order() -> None:
    turns, done = WriteQueue(), list[str]()
    with ThreadPoolExecutor() as pool:
        wanted: list[Future[None]] = []
        with turns.long() as let_others_in:
            for number in range(3):
                wanted.append(pool.submit(turns.run, lambda number=number: done.append(f"short {number}")))
                waiting(turns, number + 1)
            done.append("step 1")
            let_others_in()
            done.append("step 2")
            let_others_in()
            assert [task.result(SOON) for task in wanted] == [None] * 3
    assert done == ["step 1", "short 0", "short 1", "short 2", "step 2"]


def test_what_still_waits_when_a_long_task_ends_gets_its_turn_also_after_an_error() -> None:
    turns = WriteQueue()
    with ThreadPoolExecutor() as pool:
        with pytest.raises(ValueError, match="broken off"), turns.long():
            wanted = [pool.submit(turns.run, lambda: "done") for _ in range(4)]
            waiting(turns, 4)
            raise ValueError("broken off")
        assert [task.result(SOON) for task in wanted] == ["done"] * 4


def test_never_two_at_a_time() -> None:
    turns, inside, most = WriteQueue(), [0], [0]
    count = [0]

    def task() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        count[0] += 1
        threading.Event().wait(0.0005)
        inside[0] -= 1

    def long(steps: int) -> None:
        with turns.long() as let_others_in:
            for _ in range(steps):
                task()
                let_others_in()

    with ThreadPoolExecutor(8) as pool:
        jobs: list[Future[None]] = []
        for _ in range(20):
            jobs += [pool.submit(long, 5), *(pool.submit(turns.run, task) for _ in range(5))]
        assert [job.result(60) for job in jobs] == [None] * len(jobs)
    assert (most, count) == ([1], [20 * 10])


def test_a_long_task_inside_another_is_a_mistake() -> None:
    turns = WriteQueue()
    with turns.long(), pytest.raises(RuntimeError, match="inside another"), turns.long():
        pass
    assert turns.run(lambda: 2) == 2
