"""Documents whose files are gone: each may turn out to have been moved, and the rest are removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rag.store.base import KnownFile


class MissingFiles:
    """Documents without a file, by path."""

    def __init__(self, files: Iterable[KnownFile] = (), inside: Iterable[KnownFile] = ()) -> None:
        """`files` are gone for certain; `inside` lie in archives that have not been looked into yet."""
        self._gone: dict[bytes, KnownFile] = {}
        self._by_content: dict[str, dict[bytes, KnownFile]] = {}
        self._inside = {known.record.path: known for known in inside if known.source is not None}
        for known in files:
            self._add(known)

    def leaves(self, prefix: bytes, seen: Collection[bytes]) -> None:
        """The archive whose entries begin with `prefix` was looked into: gone are those that are not in `seen`."""
        for path in [path for path in self._inside if path.startswith(prefix)]:
            known = self._inside.pop(path)
            if path not in seen:
                self._add(known)

    def find(self, path: bytes, sha256: str) -> KnownFile | None:
        """The document that was read from these bytes; of several, one whose file had the same name, else the first."""
        found = self._by_content.get(sha256, {})
        name = _name(path)
        return min(
            found.values(), key=lambda known: (_name(known.record.path) != name, known.record.path), default=None
        )

    def at(self, path: bytes) -> KnownFile | None:
        """The document that came from a path, where it has no file yet."""
        return self._gone.get(path)

    def discard(self, known: KnownFile) -> None:
        """Take a document out that has a file again."""
        del self._gone[known.record.path]
        del self._by_content[known.content_sha256][known.record.path]

    def rest(self) -> list[KnownFile]:
        """Those that have no file, by path."""
        return [self._gone[path] for path in sorted(self._gone)]

    def _add(self, known: KnownFile) -> None:
        if known.source is not None:
            self._gone[known.record.path] = known
            self._by_content.setdefault(known.content_sha256, {})[known.record.path] = known


def _name(path: bytes) -> bytes:
    return path.replace(b"\0", b"/").rpartition(b"/")[2]
