"""Making the tables, and databases that cannot be used."""

from __future__ import annotations

import threading

import psycopg
import pytest

from rag.errors import IndexMissing, InvalidSetting, StorageError, StorageTooNew
from rag.records import Source
from rag.store.postgres.postgres_store import PostgresStore
from rag.store.postgres.table_formats import FORMATS
from tests.support.access import EVERYTHING
from tests.support.postgres import PostgresServer
from tests.support.stores import GIVEN, MODEL, put, put_given

# The views that name columns of tables which have more of them by now.
AS_IN_FORMAT_1 = [
    statement
    for statement in FORMATS[1].read_text(encoding="utf-8").split(";")
    if statement.strip().startswith(("CREATE VIEW readable_blocks", "CREATE VIEW readable_sentences AS"))
]
# What takes tables of today back to those of format 3.
TO_FORMAT_3 = (
    "SET search_path = citewell, public",
    "UPDATE document_access SET by_hand = true WHERE source_set IS NOT NULL",
    "DROP VIEW readable_access",
    "ALTER TABLE document_access DROP COLUMN source_set",
    *(each for each in FORMATS[1].read_text(encoding="utf-8").split(";") if "CREATE VIEW readable_access" in each),
    "UPDATE meta SET value = '3' WHERE name = 'format'",
)


def run_all(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_an_empty_database_is_only_filled_where_that_was_asked_for(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    with pytest.raises(IndexMissing, match="holds no documents yet: there are no tables of Citewell in it"):
        PostgresStore.open(url, create=False)
    with PostgresStore.open(url) as made, PostgresStore.open(url, create=False) as again:
        assert made.database_id == again.database_id


def test_nodes_that_start_at_once_make_the_tables_once(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    found: list[str] = []

    def start() -> None:
        with PostgresStore.open(url) as store:
            found.append(store.database_id)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (4, 1)


def test_tables_of_the_first_format_are_brought_up_to_date_with_what_is_in_them(url: str) -> None:
    with PostgresStore.open(url) as store:
        store.bind_model(MODEL)
        put(store, "a", "The harbour froze.")
        before = store.document(EVERYTHING, "a"), store.sentences(EVERYTHING, "a")
    run_all(
        url,
        *TO_FORMAT_3,
        "DROP TABLE jobs, helpers",
        "DROP VIEW readable_blocks, readable_sentences",
        "ALTER TABLE blocks DROP COLUMN recognised",
        "ALTER TABLE sentences DROP COLUMN recognised",
        *AS_IN_FORMAT_1,
        "UPDATE meta SET value = '1' WHERE name = 'format'",
    )
    with PostgresStore.open(url) as store:
        assert (store.document(EVERYTHING, "a"), store.sentences(EVERYTHING, "a")) == before
        assert {sentence.recognised for sentence in before[1]} == {None}
        put(store, "b", "Ships waited.")
        assert [check.name for check in store.check() if not check.ok] == []


def test_tables_of_the_second_format_get_those_for_jobs(url: str) -> None:
    with PostgresStore.open(url) as store:
        store.bind_model(MODEL)
        put(store, "a", "The harbour froze.")
    run_all(url, *TO_FORMAT_3, "DROP TABLE jobs, helpers", "UPDATE meta SET value = '2' WHERE name = 'format'")
    with PostgresStore.open(url) as store:
        store.jobs.offer("key", Source("b", "", "/b.txt"), b"Ships waited.", made_with="these readers")
        job = store.jobs.take("these readers")
        assert job is not None
        assert job.data == b"Ships waited."
        assert store.counts(EVERYTHING) == (1, 2, 1)


def test_what_a_source_said_is_told_from_what_was_set_by_hand_in_tables_of_the_third_format(url: str) -> None:
    with PostgresStore.open(url) as store:
        store.bind_model(MODEL)
        put_given(store)
    run_all(url, *TO_FORMAT_3)
    with PostgresStore.open(url) as store:
        assert store.all_groups(EVERYTHING) == GIVEN
        assert [check.name for check in store.check() if not check.ok] == []


def test_a_newer_format_is_left_alone(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE citewell.meta SET value = '99' WHERE name = 'format'")
    with pytest.raises(StorageTooNew, match="has format 99; this version of the program knows format 4"):
        PostgresStore.open(url)


def test_a_store_that_was_upgraded_behind_its_back_is_unusable(store: PostgresStore, url: str) -> None:
    store.confirm_usable()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE citewell.meta SET value = '99' WHERE name = 'format'")
    with pytest.raises(StorageTooNew):
        store.confirm_usable()


def test_text_that_is_no_utf8_is_refused(postgres: PostgresServer) -> None:
    url = postgres.empty_database("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(StorageError, match="holds text as LATIN1; expected UTF8"):
        PostgresStore.open(url)


def test_what_is_no_address_and_who_does_not_answer_are_told_apart_without_the_password() -> None:
    with pytest.raises(InvalidSetting, match="is no address of a PostgreSQL database"):
        PostgresStore.open("postgresql://[")
    with pytest.raises(StorageError, match=r"'wiki' at 127\.0\.0\.1 could not be reached") as caught:
        PostgresStore.open("postgresql://ann:secret@127.0.0.1:1/wiki")
    assert "secret" not in str(caught.value)


def test_a_role_with_the_rights_of_the_page_can_do_everything_but_make_tables(
    postgres: PostgresServer, url: str
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(url) as connection:
        for statement in (
            "DROP ROLE IF EXISTS node",
            "CREATE ROLE node LOGIN",
            "GRANT USAGE ON SCHEMA citewell TO node",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA citewell TO node",
        ):
            connection.execute(statement.encode())
    with PostgresStore.open(postgres.url(str(name), "node")) as store:
        store.bind_model(MODEL)
        put(store, "a", "The harbour froze.")
        put(store, "a", "Ships waited.")
        assert [check.name for check in store.check() if not check.ok] == []
        store.delete_document("a")
        assert store.counts(EVERYTHING) == (0, 0, 0)
    empty = postgres.empty_database()
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE EXTENSION vector")
    with pytest.raises(StorageError, match=r"refused: permission denied.*docs/postgresql\.md"):
        PostgresStore.open(empty.replace("citewell@", "node@"))
    with psycopg.connect(url) as connection:
        connection.execute("DROP OWNED BY node")
        connection.execute("DROP ROLE node")


def test_a_database_without_pgvector_says_how_to_get_it(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
    try:
        with pytest.raises(StorageError, match="no pgvector, and this role may not switch it on"):
            PostgresStore.open(url.replace("citewell@", "plain@"))
    finally:
        with psycopg.connect(url) as connection:
            connection.execute("DROP ROLE plain")


def test_a_pgvector_that_is_too_old_is_named(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("UPDATE pg_extension SET extversion = '0.4.4' WHERE extname = 'vector'")
    with pytest.raises(StorageError, match=r"has pgvector 0\.4\.4; expected 0\.5\.0 or later"):
        PostgresStore.open(url)
