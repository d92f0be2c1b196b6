"""The picture of growth: its lines are those of the figures, and names do not lie on each other."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from tests.bench.growth import growth_panels, growth_plot, spread

SVG = "{http://www.w3.org/2000/svg}"


def of_size(milliseconds: float) -> dict[str, object]:
    """Figures as `tests.bench.scale` writes them."""
    times = {"p50": milliseconds, "p95": 2 * milliseconds, "p99": 3 * milliseconds}
    steps = {"vectors": times, "words": {**times, "p50": 0.0}}
    memory = {"all": 300, "own": 200, "files": 100}
    return {"search_ms": times, "steps_ms": steps, "memory_mb": memory, "disk_mb": {"citewell.sqlite": 90, "index": 9}}


ALONE = {
    "size": 10_000_000,
    "vectors_ms": {"320": {"p50": 9.0, "p95": 10.0, "p99": 11.0, "recall_at_10": 0.97}},
    "words_ms": {"p50": 20.0, "p95": 30.0, "p99": 40.0},
    "memory_mb": {"all": 7000, "own": 600, "files": 6400},
    "disk_mb": {"vectors.faiss": 4000, "words.bin": 2500},
}


def test_each_size_is_a_point_of_each_line_and_the_index_alone_goes_on_from_there() -> None:
    milliseconds, megabytes = growth_panels({"10000": of_size(2.0), "1000000": of_size(16.0)}, ALONE)
    lines = {line.name: list(line.points) for line in (*milliseconds.lines, *megabytes.lines)}
    assert lines["all, median"] == [(10_000, 2.0), (1_000_000, 16.0)]
    assert lines["nearest, median"] == [(10_000, 2.0), (1_000_000, 16.0), (10_000_000, 9.0)]
    assert lines["words, median"][-1] == (10_000_000, 20.0)
    assert lines["index on disk"] == [(10_000, 9.0), (1_000_000, 9.0), (10_000_000, 6500.0)]
    assert lines["of it not mapped"][-1] == (10_000_000, 600.0)


@pytest.mark.parametrize("alone", [ALONE, None], ids=["with the index alone", "without"])
def test_the_picture_is_well_formed_and_nothing_is_drawn_outside(alone: dict[str, object] | None) -> None:
    panels = growth_panels({"10000": of_size(2.0), "1000000": of_size(16.0)}, alone)
    drawn = ET.fromstring(growth_plot(panels))  # noqa: S314 - made here
    circles = list(drawn.iter(f"{SVG}circle"))
    assert len(circles) == sum(len(line.points) for panel in panels for line in panel.lines)
    assert all(0 < float(dot.attrib["cx"]) < 860 and 0 < float(dot.attrib["cy"]) < 330 for dot in circles)
    first = [float(place.split(",")[0]) for place in next(drawn.iter(f"{SVG}polyline")).attrib["points"].split()]
    assert first == sorted(first)


def test_names_that_would_lie_on_each_other_are_moved_apart_in_their_order() -> None:
    places = spread([100.0, 40.0, 41.0, 42.0], 15)
    assert places == [100.0, 40.0, 55.0, 70.0]
    assert all(after - before >= 15 for before, after in pairwise(sorted(places)))
