from __future__ import annotations

from tests.bench.noninterference import try_for


def test_histories_are_tried_until_the_time_is_over() -> None:
    tried = try_for(0, 1, at_once=1)
    assert tried.histories == 1
    assert tried.cases == 4 * tried.histories
    assert tried.responses > tried.cases
