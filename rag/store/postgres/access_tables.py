"""Which groups may read which document, as rows. Documents that the same groups may read share one set of names.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from rag.records import Access, GivenBy
from rag.records.arrays import IntVector
from rag.store.base import DocumentGroups
from rag.store.fitting import stamp_of
from rag.store.given_groups import Settling, groups_in, stored_groups
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


def pg_said_of(connection: PgConnection, document_id: str) -> DocumentGroups | None:
    """What is said of a document, whoever may read it; None where there is none."""
    found = first(
        connection,
        "SELECT s.names, a.by_hand, o.names, d.location FROM documents d"
        " JOIN document_access a ON a.document = d.number JOIN access_sets s ON s.id = a.access_set"
        " LEFT JOIN access_sets o ON o.id = a.source_set WHERE d.id = %s",
        (holdable(document_id),),
    )
    return None if found is None else groups_in(document_id, *found)


def pg_write_access(connection: PgConnection, number: int, now: DocumentGroups) -> None:
    """Let these groups, and nobody else, read document `number`, all of whose rows have been written."""
    run(
        connection,
        "INSERT INTO document_access (document, access_set, by_hand, source_set, sentences, chunks, stamp)"
        " SELECT number, %s::bigint, %s::boolean, %s::bigint, (SELECT count(*) FROM sentences WHERE document = number),"
        " (SELECT count(*) FROM chunks WHERE document = number), 0 FROM documents WHERE number = %s",
        (*_as_written(connection, now), number),
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


def pg_change_groups(connection: PgConnection, given: Iterable[DocumentGroups], then: Settling) -> int:
    """Let `then` say what holds of each document; how many had other groups. One that is not there is passed over."""
    changed = 0
    for said in given:
        before = pg_said_of(connection, said.document_id)
        if before is None or (now := then(before, said)) == before:
            continue
        run(
            connection,
            "UPDATE document_access SET access_set = %s, by_hand = %s, source_set = %s"
            " WHERE document = (SELECT number FROM documents WHERE id = %s)",
            (*_as_written(connection, now), said.document_id),
        )
        changed += now.groups != before.groups
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
        "SELECT s.names, a.by_hand, o.names, d.location FROM readable_documents d"
        " JOIN readable_access a ON a.document = d.number JOIN access_sets s ON s.id = a.access_set"
        " LEFT JOIN access_sets o ON o.id = a.source_set WHERE d.id = %s",
        (holdable(document_id),),
    )
    return None if row is None else groups_in(document_id, *row)


def pg_all_groups(connection: PgConnection) -> list[DocumentGroups]:
    """The groups of each document that may be read, by id."""
    sets = {
        number: frozenset(json.loads(names)) for number, names in rows(connection, "SELECT id, names FROM access_sets")
    }
    found = rows(
        connection,
        "SELECT d.id, a.access_set, a.by_hand, a.source_set, d.location FROM readable_documents d"
        " JOIN readable_access a ON a.document = d.number ORDER BY d.id",
    )
    return [
        stored_groups(found_id, sets[number], None if source is None else sets[source], place, by_hand=by_hand)
        for found_id, number, by_hand, source, place in found
    ]


def _as_written(connection: PgConnection, now: DocumentGroups) -> tuple[int, bool, int | None]:
    """The set of groups that may read a document, whether that was set by hand, and the set that its source says."""
    source = now.source_groups
    return (
        pg_set_of(connection, now.groups),
        now.given_by is GivenBy.HAND,
        None if source is None else pg_set_of(connection, source),
    )


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
