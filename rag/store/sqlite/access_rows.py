"""Which groups may read which document, as rows. Documents that the same groups may read share one set of names.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import apsw
import numpy as np

from rag.records import Access, GivenBy
from rag.records.arrays import IntVector
from rag.store.base import DocumentGroups
from rag.store.fitting import stamp_of
from rag.store.given_groups import Settling, groups_in, stored_groups
from rag.store.sqlite.meta_rows import change_fact, fact
from rag.store.sqlite.storable import storable

_GROUPS_CHANGES = "groups_changes"
_RULES = "access_rules"
_DENIES = "denies_by_default"


def set_of(connection: apsw.Connection, groups: Iterable[str]) -> int:
    """The number of this set of groups, written down if it is new."""
    names = json.dumps(sorted(set(groups)))
    number = connection.execute("SELECT id FROM access_sets WHERE names = ?", (names,)).get
    if number is None:
        number = connection.execute("INSERT INTO access_sets (names) VALUES (?) RETURNING id", (names,)).get
        connection.executemany(
            "INSERT INTO access_names (name, access_set) VALUES (?, ?)", [(name, number) for name in set(groups)]
        )
    return int(number)


def said_of(connection: apsw.Connection, document_id: str) -> DocumentGroups | None:
    """What is said of a document, whoever may read it; None where there is none."""
    found = connection.execute(
        "SELECT s.names, a.by_hand, o.names, d.location FROM documents d"
        " JOIN document_access a ON a.document = d.number JOIN access_sets s ON s.id = a.access_set"
        " LEFT JOIN access_sets o ON o.id = a.source_set WHERE d.id = ?",
        (document_id,),
    ).fetchone()
    return None if found is None else groups_in(document_id, *found)


def write_access(connection: apsw.Connection, number: int, now: DocumentGroups) -> None:
    """Let these groups, and nobody else, read document `number`, all of whose rows have been written."""
    connection.execute(
        "INSERT OR REPLACE INTO document_access (document, access_set, by_hand, source_set, sentences, chunks, stamp)"
        " SELECT number, ?, ?, ?, (SELECT count(*) FROM sentences WHERE document = number),"
        " (SELECT count(*) FROM chunks WHERE document = number), 0 FROM documents WHERE number = ?",
        (*_as_written(connection, now), number),
    )
    stamp_again(connection, number)


def stamp_again(connection: apsw.Connection, number: int) -> None:
    """Note what document `number` is, for the number that stands for all that somebody may read."""
    row = connection.execute(
        "SELECT id, title, location, media_type, content_sha256, text_sha256, modified_at FROM documents"
        " WHERE number = ?",
        (number,),
    ).fetchone()
    connection.execute("UPDATE document_access SET stamp = ? WHERE document = ?", (stamp_of(*row or ()), number))


def change_groups(connection: apsw.Connection, given: Iterable[DocumentGroups], then: Settling) -> int:
    """Let `then` say what holds of each document; how many had other groups. One that is not there is passed over."""
    changed = 0
    for said in given:
        before = said_of(connection, said.document_id)
        if before is None or (now := then(before, said)) == before:
            continue
        connection.execute(
            "UPDATE document_access SET access_set = ?, by_hand = ?, source_set = ?"
            " WHERE document = (SELECT number FROM documents WHERE id = ?)",
            (*_as_written(connection, now), said.document_id),
        )
        changed += now.groups != before.groups
    if changed:
        change_fact(connection, _GROUPS_CHANGES, groups_changes(connection) + 1)
    return changed


def applied_rules(connection: apsw.Connection) -> str:
    """What names the rules that hold for every document; "" for none."""
    return str(fact(connection, _RULES) or "")


def denies_by_default(connection: apsw.Connection) -> bool:
    """Whether nobody may read a new document that no rule is for."""
    return bool(fact(connection, _DENIES))


def deny_by_default(connection: apsw.Connection, *, is_on: bool) -> None:
    """Write down whether that is so."""
    change_fact(connection, _DENIES, int(is_on))


def apply_rules(connection: apsw.Connection, rules: str) -> None:
    """Write down that these rules hold for every document now."""
    if applied_rules(connection) != rules:
        change_fact(connection, _RULES, rules)


def came_by(connection: apsw.Connection, rules: str) -> None:
    """Write down that a document came by these rules: where others hold, they must be applied again."""
    if applied_rules(connection) != rules:
        change_fact(connection, _RULES, "?")


def groups_changes(connection: apsw.Connection) -> int:
    """How often the groups of documents that were stored already have been changed."""
    found = fact(connection, _GROUPS_CHANGES)
    return int(found) if isinstance(found, int) else 0


def read_groups(connection: apsw.Connection, document_id: str) -> DocumentGroups | None:
    """The groups of one document that may be read; None of one that is not there, or may not be."""
    row = connection.execute(
        "SELECT s.names, a.by_hand, o.names, d.location FROM readable_documents d"
        " JOIN readable_access a ON a.document = d.number JOIN access_sets s ON s.id = a.access_set"
        " LEFT JOIN access_sets o ON o.id = a.source_set WHERE d.id = ?",
        (storable(document_id),),
    ).fetchone()
    return None if row is None else groups_in(document_id, *row)


def read_all_groups(connection: apsw.Connection) -> list[DocumentGroups]:
    """The groups of each document that may be read, by id."""
    sets = {number: frozenset(json.loads(names)) for number, names in connection.execute("SELECT * FROM access_sets")}
    rows = connection.execute(
        "SELECT d.id, a.access_set, a.by_hand, a.source_set, d.location FROM readable_documents d"
        " JOIN readable_access a ON a.document = d.number ORDER BY d.id"
    )
    return [
        stored_groups(found_id, sets[number], None if source is None else sets[source], place, by_hand=bool(by_hand))
        for found_id, number, by_hand, source, place in rows
    ]


def _as_written(connection: apsw.Connection, now: DocumentGroups) -> tuple[int, bool, int | None]:
    """The set of groups that may read a document, whether that was set by hand, and the set that its source says."""
    source = now.source_groups
    return (
        set_of(connection, now.groups),
        now.given_by is GivenBy.HAND,
        None if source is None else set_of(connection, source),
    )


def count_again(connection: apsw.Connection) -> None:
    """Count anew what is added up of what somebody may read."""
    connection.execute(
        "UPDATE document_access AS a SET sentences = (SELECT count(*) FROM sentences s WHERE s.document = a.document),"
        " chunks = (SELECT count(*) FROM chunks c WHERE c.document = a.document)"
    )


def sets_of_chunks(connection: apsw.Connection, *, above: int = 0) -> tuple[IntVector, IntVector]:
    """The ids of the chunks with ids above a number, ascending, and the number of the set that may read each."""
    rows = connection.execute(
        "SELECT c.id, a.access_set FROM chunks c JOIN document_access a ON a.document = c.document WHERE c.id > ?",
        (above,),
    ).fetchall()
    found = np.array(rows, dtype=np.int64).reshape(-1, 2)
    found = found[np.argsort(found[:, 0], kind="stable")]
    return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])


def permitted_sets(connection: apsw.Connection, access: Access) -> frozenset[int]:
    """The numbers of the sets that have a group of whoever asks; the rest of the right is not looked at."""
    rows = connection.execute(
        "SELECT DISTINCT access_set FROM access_names WHERE name IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(access.names)),),
    )
    return frozenset(int(row[0]) for row in rows)


def documents_without(connection: apsw.Connection) -> list[str]:
    """The ids of documents of which nothing is written down: only damage makes one, and nobody may read it."""
    rows = connection.execute("SELECT id FROM documents WHERE number NOT IN (SELECT document FROM document_access)")
    return [str(row[0]) for row in rows]
