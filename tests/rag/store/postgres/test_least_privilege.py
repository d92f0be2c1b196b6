"""The roles of deploy/postgres/roles.sql, over TLS: a node asks, stores and deletes, and leaves the tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from rag.app import Citewell
from rag.errors import StorageError
from rag.records import GivenBy
from rag.settings import Settings
from rag.store.base import DocumentGroups
from rag.store.postgres.postgres_store import PostgresStore
from tests.support.access import EVERYTHING
from tests.support.certificates import Certificates, make_certificates
from tests.support.fakes import HashEmbedder
from tests.support.places import ROOT
from tests.support.postgres import PostgresServer
from tests.support.tls_relay import tls_before

NAME = "db.example"
ROLES = ("citewell_owner", "citewell_node", "stranger")


@dataclass(frozen=True)
class GuardedDatabase:
    """A database that was set up as the file says, behind TLS."""

    name: str
    superuser: str  # an address
    port: int
    certificates: Certificates

    def url(self, role: str, host: str = NAME, **others: str) -> str:
        """The address for a role, as the page writes it."""
        said = {"sslmode": "verify-full", "sslrootcert": str(self.certificates.authority), **others}
        return conninfo.make_conninfo(
            dbname=self.name, user=role, host=host, hostaddr="127.0.0.1", port=str(self.port), **said
        )


@pytest.fixture(scope="module")
def site(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedDatabase]:
    superuser = postgres.empty_database()
    found = conninfo.conninfo_to_dict(superuser)
    name, socket = str(found["dbname"]), Path(str(found["host"])) / ".s.PGSQL.5432"
    with psycopg.connect(superuser) as connection:
        connection.execute((ROOT / "deploy" / "postgres" / "roles.sql").read_bytes())
        connection.execute("CREATE ROLE stranger LOGIN")
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"), NAME)
    try:
        with tls_before(socket, certificates) as port:
            made = GuardedDatabase(name, superuser, port, certificates)
            PostgresStore.open(made.url("citewell_owner")).close()
            yield made
    finally:
        postgres.run(f"DROP DATABASE {name} WITH (FORCE)")
        for role in ROLES:
            postgres.run(f"DROP ROLE {role}")


def test_a_node_asks_stores_and_deletes_over_tls(site: GuardedDatabase, tmp_path: Path) -> None:
    (tmp_path / "harbour.md").write_text("The harbour froze in January. Ships waited outside.")
    settings = Settings(data_dir=tmp_path / "node", database=site.url("citewell_node"), reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.documents.ingest([tmp_path / "harbour.md"])
        reply = citewell.conversations.ask("When did the harbour freeze?", access=EVERYTHING)
        assert [citation.quote for citation in reply.answer.citations] == ["The harbour froze in January."]
        (info,) = citewell.store.documents(EVERYTHING)
        citewell.store.set_groups([DocumentGroups(info.source.id, frozenset({"staff"}), GivenBy.HAND)])
        citewell.store.add_feedback(reply.answer.id, None, "relevant", None, "")
        (tmp_path / "harbour.md").write_text("The harbour froze in February.")
        citewell.documents.ingest([tmp_path / "harbour.md"])
        assert [check.name for check in citewell.maintenance.check() if not check.ok] == []
        citewell.documents.remove(info.source.id)
        assert citewell.store.counts(EVERYTHING) == (0, 0, 0)
    with PostgresStore.open(site.url("citewell_node")) as store, store.connections.reading() as connection:
        assert connection.pgconn.ssl_in_use


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE citewell.documents",
        "ALTER TABLE citewell.documents ADD COLUMN more text",
        "ALTER TABLE citewell.documents DISABLE TRIGGER ALL",
        "TRUNCATE citewell.documents CASCADE",
        "CREATE INDEX more ON citewell.documents (title)",
        "DROP VIEW citewell.readable_documents",
        "CREATE OR REPLACE VIEW citewell.readable_documents AS SELECT * FROM citewell.documents",
        "CREATE OR REPLACE FUNCTION citewell.reads_everything() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE TABLE citewell.more (number bigint)",
        "CREATE TABLE public.more (number bigint)",
        "CREATE TEMPORARY TABLE more (number bigint)",
        "CREATE SCHEMA more",
        "DROP SCHEMA citewell CASCADE",
        "DROP EXTENSION vector CASCADE",
        "SET ROLE citewell_owner",
    ],
)
def test_a_node_does_nothing_to_the_tables(site: GuardedDatabase, statement: str) -> None:
    with (
        psycopg.connect(site.url("citewell_node")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_the_owner_makes_nothing_outside_of_its_schema(site: GuardedDatabase) -> None:
    with (
        psycopg.connect(site.url("citewell_owner")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for schema public"),
    ):
        connection.execute("CREATE TABLE public.more (number bigint)")


def test_a_right_that_is_missing_is_named(site: GuardedDatabase) -> None:
    with psycopg.connect(site.superuser) as connection:
        connection.execute("REVOKE SELECT ON citewell.meta FROM citewell_node")
    try:
        with pytest.raises(StorageError, match=r"refused: permission denied for table meta.*docs/postgresql\.md"):
            PostgresStore.open(site.url("citewell_node"))
    finally:
        with psycopg.connect(site.superuser) as connection:
            connection.execute("GRANT SELECT ON citewell.meta TO citewell_node")


def test_what_keeps_a_connection_from_being_made_is_said_with_what_to_do(site: GuardedDatabase, tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other", NAME)
    for url, words in (
        (site.url("stranger"), "permission denied for database .*Give the role of CITEWELL_DATABASE the rights"),
        (site.url("nobody"), 'role "nobody" does not exist.*Make it, or name another one'),
        (site.url("citewell_node", sslrootcert=str(other.authority)), "certificate verify failed.*needs a certificate"),
        (site.url("citewell_node", "other.example"), "does not match host name.*for the host that CITEWELL_DATABASE"),
    ):
        with pytest.raises(StorageError, match=f"could not be reached: .*{words}"):
            PostgresStore.open(url)


def test_a_server_without_tls_is_not_spoken_to_where_tls_was_asked_for(site: GuardedDatabase, tmp_path: Path) -> None:
    with tls_before(tmp_path / "never connected to", None) as port:
        url = conninfo.make_conninfo(site.url("citewell_node"), port=str(port))
        with pytest.raises(StorageError, match=r"SSL was required.*Switch TLS on at the server"):
            PostgresStore.open(url)
