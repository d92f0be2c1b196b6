"""What happens to the documents of a source in the tests of every kind, and what the store has of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.ingest.results import IngestResult
from rag.sources import FILE_NAME, SourceReport
from tests.support.access import EVERYTHING

Holding = dict[str, bytes]


def first_holding(count: int = 200) -> Holding:
    """So many small documents, ten in a folder."""
    return {
        f"folder {number // 10}/rule-{number}.md": f"# Rule {number}\n\nGate {number} opens at eight.\n".encode()
        for number in range(count)
    }


def next_holding(before: Mapping[str, bytes], share: int = 20) -> Holding:
    """The same with so many documents changed, so many moved, so many deleted and so many new ones."""
    paths = sorted(before)
    after = dict(before)
    for path in paths[:share]:
        after[path] += b"\nIt closes at nine.\n"
    for path in paths[share : 2 * share]:
        after[f"moved/{path}"] = after.pop(path)
    for path in paths[2 * share : 3 * share]:
        del after[path]
    for number in range(share):
        after[f"new/rule-{number}.md"] = f"# New rule {number}\n\nDoor {number} opens at ten.\n".encode()
    return after


# Groups as the file says them for `first_holding`, and for `next_holding`: ten documents have others then.
GROUPS: dict[str, object] = {"groups": ["staff"], "folder_groups": {"moved": ["board"]}}
LATER_GROUPS: dict[str, object] = {
    "groups": ["staff"],
    "folder_groups": {"moved": ["board"], "folder 9": ["board", "audit"]},
}


def follow_a_change(
    citewell: Citewell, hold: Callable[[Holding], object], table: Mapping[str, object], before: Holding
) -> None:
    """The scene that every source with folders is played with; `hold` makes it hold exactly some documents.

    Two hundred come in; twenty each are changed, moved, deleted and new, and ten others may be read by others; a run
    over that is cut short, and the next one goes on. Then what is stored is what the source holds, to the byte and the
    right.
    """
    hold(before)
    write_source_file(citewell, home={**table, **GROUPS})
    assert counts(sync(citewell)) == (len(before), 0, 0, 0, 0, 0)
    assert stored(citewell) == before
    known = ids(citewell)
    after = next_holding(before)
    hold(after)
    write_source_file(citewell, home={**table, **LATER_GROUPS})
    cut_short(citewell, results=33)
    report = sync(citewell)
    assert (report.ok, report.problems, report.failed) == (True, (), 0)
    assert stored(citewell) == after
    moved = [path for path in after if path.startswith("moved/")]
    assert (len(moved), [ids(citewell)[path] for path in moved]) == (
        20,
        [known[path.removeprefix("moved/")] for path in moved],
    )
    allowed = {"moved": {"board"}, "folder 9": {"board", "audit"}}
    assert readers(citewell) == {path: frozenset(allowed.get(path.split("/")[0], {"staff"})) for path in after}
    assert sum(groups == {"board", "audit"} for groups in readers(citewell).values()) == 10
    assert [check for check in citewell.maintenance.check() if not check.ok] == []


def write_source_file(citewell: Citewell, **sources: Mapping[str, object]) -> None:
    """The file that names these sources, in the data directory."""
    lines = []
    for name, table in sources.items():
        lines.append(f"[source.{name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in table.items()]
    (citewell.settings.data_dir / FILE_NAME).write_text("\n".join([*lines, ""]), encoding="utf-8")


def sync(citewell: Citewell, name: str = "home", **options: bool) -> SourceReport:
    """What a sync of one source did."""
    ((_, report),) = citewell.sources.sync(name, **options)  # type: ignore[arg-type] # any option
    return report


def cut_short(citewell: Citewell, *, results: int, name: str = "home") -> None:
    """A sync of one source that is interrupted as soon as so many results are told."""
    with pytest.raises(KeyboardInterrupt):
        list(citewell.sources.sync(name, on_result=interrupt_after(results)))


def interrupt_after(results: int) -> Callable[..., None]:
    """What is told results, and interrupts whoever tells them as soon as it has so many."""
    left = results

    def interrupt(*_: IngestResult | int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    return interrupt


def counts(report: SourceReport) -> tuple[int, int, int, int, int, int]:
    """How many documents were created, updated, moved, removed, unchanged and failed."""
    return report.created, report.updated, report.moved, report.removed, report.unchanged, report.failed


def stored(citewell: Citewell, name: str = "home") -> Holding:
    """The bytes that are stored of each document of a source, by its path there."""
    found = {}
    for info in citewell.documents.all(access=EVERYTHING):
        if info.source.location.startswith(f"source:{name}/"):
            path = info.source.location.removeprefix(f"source:{name}/")
            found[path] = citewell.documents.original(info.source.id, access=EVERYTHING).data
    return found


def ids(citewell: Citewell, name: str = "home") -> dict[str, str]:
    """The id of each document of a source, by its path there."""
    top = f"source:{name}/"
    found = (info.source for info in citewell.documents.all(access=EVERYTHING))
    return {source.location.removeprefix(top): source.id for source in found if source.location.startswith(top)}


def readers(citewell: Citewell, name: str = "home") -> dict[str, frozenset[str]]:
    """The groups that may read each document of a source, by its path there."""
    top = f"source:{name}/"
    every = citewell.store.all_groups(EVERYTHING)
    return {found.location.removeprefix(top): found.groups for found in every if found.location.startswith(top)}


def write_all(folder: Path, holding: Mapping[str, bytes]) -> None:
    """Make a folder hold exactly these files, but for hidden ones."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in holding:
            path.unlink()
    for name, data in holding.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_toml(key)} = {_toml(item)}' for key, item in value.items())} }}"
    return f'"{value}"' if isinstance(value, str | Path) else str(value)
