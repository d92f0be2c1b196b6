"""What the parts of the benchmark found, as tables for docs/performance.md."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.generate.markdown import replace_block
from tests.bench.growth import growth_panels, growth_plot

BEGIN = "<!-- made by make bench -->"
# Beside the page.
PICTURE = Path("images/beside.svg")
GROWTH = Path("images/growth.svg")


def write_page(page: Path, found: Path) -> None:
    """Put the tables between the marks of the page, and the pictures into `images/` beside it.

    Raises ValueError without marks; then nothing is written.
    """
    page.write_text(replace_block(page.read_text(encoding="utf-8"), BEGIN, tables(found)), encoding="utf-8")
    (page.parent / PICTURE).parent.mkdir(exist_ok=True)
    if (found / PICTURE.name).exists():
        shutil.copyfile(found / PICTURE.name, page.parent / PICTURE)
    whole, alone = _read(found / "scale.json"), _read(found / "scale_index.json")
    if whole:
        (page.parent / GROWTH).write_text(growth_plot(growth_panels(whole, alone)), encoding="utf-8")


def tables(found: Path) -> str:
    """All tables, in Markdown, of the files that are in the folder."""
    lines: list[str] = []
    for name, make in _TABLES.items():
        path = found / name
        if path.exists():
            text = path.read_text(encoding="utf-8")
            lines += [*make(text if path.suffix == ".md" else json.loads(text)), ""]
    return "\n".join(lines)


def _read(path: Path) -> Any:
    """What is in a file of JSON; None where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def beside_lines(markdown: str) -> Iterator[str]:
    """The tables beside the rivals, as they were made, under the plot."""
    yield f"![Milliseconds of an answer, Citewell and three others]({PICTURE.as_posix()})"
    yield ""
    yield from markdown.rstrip().splitlines()


def throughput_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Answers a second and the 95th percentile for each number of users."""
    programs = list(dict.fromkeys(phase["program"] for phase in found["phases"]))
    yield f"Answers a second over HTTP, and milliseconds that 95 in 100 take; {found['seconds']:.0f} s a phase:"
    yield ""
    yield from _head(["users", *programs])
    for users in dict.fromkeys(phase["users"] for phase in found["phases"]):
        row = {phase["program"]: phase for phase in found["phases"] if phase["users"] == users}
        yield _row([str(users), *(_load_cell(row[name]) for name in programs)])


def _load_cell(phase: Mapping[str, Any]) -> str:
    troubles = [f"{phase[kind]} {kind}" for kind in ("refused", "failed") if phase[kind]]
    return ", ".join([f"{phase['answers_per_second']:.1f}/s", f"{phase['p95_ms']:.0f}", *troubles])


def load_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Our server in closed and open loops."""
    yield "`rag serve` under load; in an open loop questions come at a constant rate, whatever becomes of them:"
    yield ""
    yield from _head(["load", "asked", "answered", "refused (429)", "failed", "p50 ms", "p95", "p99", "answers/s"])
    for phase in found["phases"]:
        numbers = [f"{phase[name]:.0f}" for name in ("p50_ms", "p95_ms", "p99_ms")]
        counts = [str(phase[name]) for name in ("asked", "answered", "refused", "failed")]
        yield _row([phase["load"], *counts, *numbers, f"{phase['answers_per_second']:.1f}"])
    for name, seconds in found["recovery_seconds"].items():
        yield ""
        yield f"After {name}: as fast as before " + (
            "not within a minute." if seconds is None else f"{seconds:.1f} s on."
        )


def models_lines(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The models beside torch with the same weights."""
    yield "The models, beside sentence-transformers and torch with the same weights; how many a second:"
    yield ""
    yield from _head(["what", "ours", "other", "times", "share of the matrix-multiply peak"])
    for row in found:
        peak = "" if row["share_of_peak"] is None else f"{row['share_of_peak']:.2f}"
        yield _row(
            [row["name"], f"{row['ours']:.1f}", f"{row['other']:.1f}", f"{row['ours'] / row['other']:.2f}", peak]
        )


def startup_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Start and memory."""
    later = found["memory_mb_after_more"]
    first, slowest, asked = (
        f"{found[name]:.2f}" for name in ("first_answer_seconds", "first_answer_seconds_slowest", "rag_ask_seconds")
    )
    yield (
        f"Over 10,000 passages, {found['restarts']} starts: `rag serve` answers its first question {first} s after the"
        f" start of the process at the median, {slowest} at most; `rag ask` ends after {asked} s. After thirty more"
        f" questions the server holds {later['rss']:.0f} MB (PSS {later['pss']:.0f})."
    )


def scale_lines(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How it grows."""
    rows: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "search, p50 / p95 / p99 ms": lambda one: _quantiles(one["search_ms"]),
        "of these, embedding the question": lambda one: _quantiles(one["steps_ms"]["embed"]),
        "the nearest by vector": lambda one: _quantiles(one["steps_ms"]["vectors"]),
        "the best by words": lambda one: _quantiles(one["steps_ms"]["words"]),
        "search for the commonest words": lambda one: _quantiles(one["common_words_ms"]),
        "recall of the ten nearest": lambda one: f"{one['recall_at_10']:.3f}",
        "memory, MB (own / mapped files)": lambda one: (
            f"{one['memory_mb']['all']} ({one['memory_mb']['own']} / {one['memory_mb']['files']})"
        ),
        "a document added until it is found, s": lambda one: " / ".join(map(str, one["add_seconds"])),
        "`rag ask`, start to end, s": lambda one: " / ".join(map(str, one["first_answer_seconds"])),
        "index made from the store, s": lambda one: str(one["index_seconds"]),
        "on disk, MB: database, index": lambda one: ", ".join(map(str, one["disk_mb"].values())),
    }
    yield f"![Milliseconds and megabytes of a search over passages]({GROWTH.as_posix()})"
    yield ""
    yield from _head(["passages", *(f"{int(size):,}" for size in found)])
    for name, cell in rows.items():
        yield _row([name, *(cell(one) for one in found.values())])


def scale_index_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The index alone, where a database would be too large."""
    memory, disk = found["memory_mb"], found["disk_mb"]
    yield (
        f"The index alone, of {found['size']:,} passages: made in {found['build_seconds']:,} s with at most"
        f" {found['build_peak_mb']:,} MB, {sum(disk.values()):,} MB on disk, {memory['all']:,} MB resident of which"
        f" {memory['own']:,} are not mapped files; words {_quantiles(found['words_ms'])} ms; a passage added in"
        f" {found['add_seconds']:.3f} s. Clusters looked into, and what that finds:"
    )
    yield ""
    yield from _head(["clusters", "nearest by vector, p50 / p95 / p99 ms", "recall of the ten nearest"])
    for probed, one in found["vectors_ms"].items():
        yield _row([probed, _quantiles(one), f"{one['recall_at_10']:.3f}"])


def _quantiles(found: Mapping[str, float]) -> str:
    return " / ".join(f"{found[name]:.1f}" for name in ("p50", "p95", "p99"))


def _head(cells: Sequence[str]) -> Iterator[str]:
    yield _row(cells)
    yield "|---" * len(cells) + "|"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


_TABLES: dict[str, Callable[[Any], Iterator[str]]] = {
    "beside.md": beside_lines,
    "throughput.json": throughput_lines,
    "load.json": load_lines,
    "models.json": models_lines,
    "startup.json": startup_lines,
    "scale.json": scale_lines,
    "scale_index.json": scale_index_lines,
}
