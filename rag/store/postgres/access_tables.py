"""Which groups may read which document, as rows. Documents that the same groups may read share one set of names.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from rag.records import Access
from rag.records.arrays import IntVector
from rag.store.base import DocumentGroups
from rag.store.fitting import stamp_of
from rag.store.postgres.meta_tables import pg_change_fact, pg_fact
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import first, holdable, one, rows, run, run_each

_GROUPS_CHANGES = "groups_changes"
_RULES = "access_rules"
_DENIES = "denies_by_default"


def pg_set_of(connection: PgConnection, groups: Iterable[str]) -> int:
    """The number of this set of groups, written down if it is new. Documents must be kept from others meanwhile."""
    names = json.dumps(sorted(set(groups)))
    number = one(connection, "SELECT id FROM access_sets WHERE names = %s", (names,))
    if number is None:
        number = one(connection, "INSERT INTO access_sets (names) VALUES (%s) RETURNING id", (names,))
        run_each(
            connection,
            "INSERT INTO access_names (name, access_set) VALUES (%s, %s)",
            [(name, number) for name in set(groups)],
        )
    return int(number)


def pg_groups_by_hand(connection: PgConnection, document_id: str) -> frozenset[str] | None:
    """The groups that were set for this document alone; None where rules give them, or there is no such document."""
    names = one(
        connection,
        "SELECT s.names FROM documents d JOIN document_access a ON a.document = d.number"
        " JOIN access_sets s ON s.id = a.access_set WHERE d.id = %s AND a.by_hand",
        (document_id,),
    )
    return None if names is None else frozenset(json.loads(names))


def pg_write_access(connection: PgConnection, number: int, groups: Iterable[str], *, by_hand: bool) -> None:
    """Let these groups, and nobody else, read document `number`, all of whose rows have been written."""
    run(
        connection,
        "INSERT INTO document_access (document, access_set, by_hand, sentences, chunks, stamp)"
        " SELECT number, %s::bigint, %s::boolean, (SELECT count(*) FROM sentences WHERE document = number),"
        " (SELECT count(*) FROM chunks WHERE document = number), 0 FROM documents WHERE number = %s",
        (pg_set_of(connection, groups), by_hand, number),
    )
    pg_stamp_again(connection, number)


def pg_stamp_again(connection: PgConnection, number: int) -> None:
    """Note what document `number` is, for the number that stands for all that somebody may read."""
    row = first(
        connection,
        "SELECT id, title, location, media_type, content_sha256, text_sha256, modified_at FROM documents"
        " WHERE number = %s",
        (number,),
    )
    run(connection, "UPDATE document_access SET stamp = %s WHERE document = %s", (stamp_of(*row or ()), number))


def pg_change_groups(connection: PgConnection, changes: Iterable[DocumentGroups], *, is_for_all: bool) -> int:
    """Give documents these groups; how many had others. One that is not there is passed over.

    With `is_for_all` so is one whose groups were set by hand.
    """
    changed = 0
    for change in changes:
        row = first(
            connection,
            "SELECT a.document, a.by_hand, s.names FROM documents d JOIN document_access a ON a.document = d.number"
            " JOIN access_sets s ON s.id = a.access_set WHERE d.id = %s",
            (holdable(change.document_id),),
        )
        if row is None or (is_for_all and row[1]):
            continue
        number, by_hand, names = row
        is_same = frozenset(json.loads(names)) == change.groups
        if is_same and by_hand == change.by_hand:
            continue
        run(
            connection,
            "UPDATE document_access SET access_set = %s, by_hand = %s WHERE document = %s",
            (pg_set_of(connection, change.groups), change.by_hand, number),
        )
        changed += not is_same
    if changed:
        pg_change_fact(connection, _GROUPS_CHANGES, pg_groups_changes(connection) + 1)
    return changed


def pg_applied_rules(connection: PgConnection) -> str:
    """What names the rules that hold for every document; "" for none."""
    return str(pg_fact(connection, _RULES) or "")


def pg_denies_by_default(connection: PgConnection) -> bool:
    """Whether nobody may read a new document that no rule is for."""
    return bool(pg_fact(connection, _DENIES))


def pg_deny_by_default(connection: PgConnection, *, is_on: bool) -> None:
    """Write down whether that is so."""
    pg_change_fact(connection, _DENIES, int(is_on))


def pg_apply_rules(connection: PgConnection, rules: str) -> None:
    """Write down that these rules hold for every document now."""
    if pg_applied_rules(connection) != rules:
        pg_change_fact(connection, _RULES, rules)


def pg_came_by(connection: PgConnection, rules: str) -> None:
    """Write down that a document came by these rules: where others hold, they must be applied again."""
    if pg_applied_rules(connection) != rules:
        pg_change_fact(connection, _RULES, "?")


def pg_groups_changes(connection: PgConnection) -> int:
    """How often the groups of documents that were stored already have been changed."""
    found = pg_fact(connection, _GROUPS_CHANGES)
    return int(found) if isinstance(found, int) else 0


def pg_groups(connection: PgConnection, document_id: str) -> DocumentGroups | None:
    """The groups of one document that may be read; None of one that is not there, or may not be."""
    row = first(
        connection,
        "SELECT s.names, a.by_hand, d.location FROM readable_documents d"
        " JOIN readable_access a ON a.document = d.number JOIN access_sets s ON s.id = a.access_set WHERE d.id = %s",
        (holdable(document_id),),
    )
    return None if row is None else DocumentGroups(document_id, frozenset(json.loads(row[0])), row[1], row[2])


def pg_all_groups(connection: PgConnection) -> list[DocumentGroups]:
    """The groups of each document that may be read, by id."""
    sets = {
        number: frozenset(json.loads(names)) for number, names in rows(connection, "SELECT id, names FROM access_sets")
    }
    found = rows(
        connection,
        "SELECT d.id, a.access_set, a.by_hand, d.location FROM readable_documents d"
        " JOIN readable_access a ON a.document = d.number ORDER BY d.id",
    )
    return [DocumentGroups(found_id, sets[number], by_hand, place) for found_id, number, by_hand, place in found]


def pg_sets_of_chunks(connection: PgConnection, *, above: int = 0) -> tuple[IntVector, IntVector]:
    """The ids of the chunks with ids above a number, ascending, and the number of the set that may read each."""
    found = np.array(
        rows(
            connection,
            "SELECT c.id, a.access_set FROM chunks c JOIN document_access a ON a.document = c.document WHERE c.id > %s"
            " ORDER BY c.id",
            (above,),
        ),
        dtype=np.int64,
    ).reshape(-1, 2)
    return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])


def pg_permitted_sets(connection: PgConnection, access: Access) -> frozenset[int]:
    """The numbers of the sets that have a group of whoever asks; the rest of the right is not looked at."""
    found = rows(
        connection,
        "SELECT DISTINCT access_set FROM access_names WHERE name = ANY (%s::text[])",
        (sorted(access.names),),
    )
    return frozenset(int(row[0]) for row in found)
