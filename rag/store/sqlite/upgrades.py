"""Databases of older formats brought up to date: what leads from each format to the next one.

`schema.sql` is what a new database is made of. It and these must come to the same, which a test compares for each of
the formats. An upgrade that was released is never changed, because databases have gone through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Statements by the format that they begin with. Besides what SQLite has they may call `kept_of_rest` and `stamp_of`.
UPGRADES: Mapping[int, str] = MappingProxyType(
    {
        1: "ALTER TABLE documents ADD COLUMN modified_at TEXT NOT NULL DEFAULT ''",
        2: """
CREATE TABLE files (
    path BLOB PRIMARY KEY, location TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL, content_sha256 TEXT NOT NULL, document_id TEXT NOT NULL, error TEXT NOT NULL,
    read_at TEXT NOT NULL, read_with TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_document ON files (document_id);
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL, text_sha256 TEXT NOT NULL, title TEXT NOT NULL,
    location TEXT NOT NULL, media_type TEXT NOT NULL, content_sha256 TEXT NOT NULL, stored_at TEXT NOT NULL,
    superseded_at TEXT NOT NULL, modified_at TEXT NOT NULL, blocks TEXT NOT NULL, text TEXT NOT NULL,
    UNIQUE (document_id, text_sha256)
) STRICT;
""",
        3: """
CREATE TABLE originals (
    document INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE, data BLOB NOT NULL
) STRICT;
""",
        4: """
CREATE TABLE conversations (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
CREATE INDEX conversations_by_age ON conversations (updated_at);
CREATE TABLE turns (id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL REFERENCES conversations
    (number) ON DELETE CASCADE, number INTEGER NOT NULL, request_id TEXT NOT NULL, shown TEXT NOT NULL, asked_at
    TEXT NOT NULL, relevance TEXT CHECK (relevance IN ('relevant', 'not_relevant')), UNIQUE (conversation, number))
    STRICT;
CREATE UNIQUE INDEX turns_by_request ON turns (conversation, request_id) WHERE request_id <> '';
CREATE TABLE turn_documents (document_id TEXT NOT NULL, turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE
    CASCADE, PRIMARY KEY (document_id, turn)) STRICT, WITHOUT ROWID;
CREATE INDEX turn_documents_by_turn ON turn_documents (turn);
CREATE TABLE questions (id INTEGER PRIMARY KEY AUTOINCREMENT, answer_id TEXT NOT NULL, question TEXT NOT NULL,
    outcome TEXT NOT NULL, confidence REAL NOT NULL, index_version INTEGER NOT NULL, vector BLOB NOT NULL, asked_at
    TEXT NOT NULL) STRICT;
CREATE INDEX questions_by_age ON questions (asked_at);
CREATE INDEX questions_by_answer ON questions (answer_id);
CREATE TABLE outcomes (day TEXT NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, outcome))
    STRICT, WITHOUT ROWID;
""",
        5: """
CREATE TABLE changes (number INTEGER PRIMARY KEY, token INTEGER NOT NULL) STRICT;
INSERT INTO changes SELECT value, abs(random() / 2) FROM meta WHERE name = 'change_number';
CREATE TABLE removed_chunks (chunk INTEGER PRIMARY KEY, change INTEGER NOT NULL) STRICT;
CREATE INDEX removed_chunks_by_change ON removed_chunks (change);
CREATE TRIGGER chunk_removal_noted AFTER DELETE ON chunks BEGIN
    INSERT OR REPLACE INTO removed_chunks VALUES (old.id, (SELECT value + 1 FROM meta WHERE name = 'change_number'));
END;
CREATE TABLE totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO totals SELECT 'documents', count(*) FROM documents;
INSERT INTO totals SELECT 'sentences', count(*) FROM sentences;
INSERT INTO totals SELECT 'chunks', count(*) FROM chunks;
CREATE TRIGGER document_counted AFTER INSERT ON documents BEGIN
    UPDATE totals SET count = count + 1 WHERE name = 'documents';
END;
CREATE TRIGGER document_discounted AFTER DELETE ON documents BEGIN
    UPDATE totals SET count = count - 1 WHERE name = 'documents';
END;
CREATE TRIGGER sentence_counted AFTER INSERT ON sentences BEGIN
    UPDATE totals SET count = count + 1 WHERE name = 'sentences';
END;
CREATE TRIGGER sentence_discounted AFTER DELETE ON sentences BEGIN
    UPDATE totals SET count = count - 1 WHERE name = 'sentences';
END;
CREATE TRIGGER chunk_counted AFTER INSERT ON chunks BEGIN
    UPDATE totals SET count = count + 1 WHERE name = 'chunks';
END;
CREATE TRIGGER chunk_discounted AFTER DELETE ON chunks BEGIN
    UPDATE totals SET count = count - 1 WHERE name = 'chunks';
END;
""",
        6: "ALTER TABLE blocks ADD COLUMN turns TEXT NOT NULL DEFAULT '[]'",
        7: """
ALTER TABLE turns RENAME COLUMN shown TO answer;
UPDATE turns SET answer = kept_of_rest(answer);
UPDATE questions SET outcome = 'not_found' WHERE outcome IN ('not_in_documents', 'low_confidence');
INSERT INTO outcomes SELECT day, 'not_found', sum(count) FROM outcomes
    WHERE outcome IN ('not_in_documents', 'low_confidence') GROUP BY day;
DELETE FROM outcomes WHERE outcome IN ('not_in_documents', 'low_confidence');
""",
        # Whatever is stored by then belongs to everybody, which is how it was.
        8: """
CREATE TABLE access_sets (id INTEGER PRIMARY KEY AUTOINCREMENT, names TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE access_names (name TEXT NOT NULL, access_set INTEGER NOT NULL REFERENCES access_sets (id), PRIMARY KEY
    (name, access_set)) STRICT, WITHOUT ROWID;
CREATE TABLE document_access (document INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE, access_set
    INTEGER NOT NULL REFERENCES access_sets (id), by_hand INTEGER NOT NULL, sentences INTEGER NOT NULL, chunks INTEGER
    NOT NULL, stamp INTEGER NOT NULL) STRICT;
CREATE INDEX document_access_by_set ON document_access (access_set, sentences, chunks, stamp);
INSERT INTO access_sets (id, names) VALUES (1, '["everybody"]');
INSERT INTO access_names VALUES ('everybody', 1);
INSERT INTO document_access SELECT number, 1, 0,
    (SELECT count(*) FROM sentences WHERE document = number), (SELECT count(*) FROM chunks WHERE document = number),
    stamp_of(id, title, location, media_type, content_sha256, text_sha256, modified_at) FROM documents;
""",
        9: """
ALTER TABLE conversations ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN shared_with TEXT NOT NULL DEFAULT '';
CREATE INDEX conversations_by_owner ON conversations (owner, updated_at);
CREATE TABLE people (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, shown_as TEXT NOT NULL,
    mail TEXT NOT NULL, is_service INTEGER NOT NULL, password TEXT NOT NULL DEFAULT '', suspended INTEGER NOT NULL
    DEFAULT 0, created_at INTEGER NOT NULL, signed_in_at INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE belongings (person INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE, kind TEXT NOT NULL
    CHECK (kind IN ('role', 'group', 'edits')), value TEXT NOT NULL, said_by TEXT NOT NULL, PRIMARY KEY (person,
    kind, value, said_by)) STRICT, WITHOUT ROWID;
CREATE TABLE invitations (person INTEGER PRIMARY KEY REFERENCES people (number) ON DELETE CASCADE, digest BLOB NOT
    NULL UNIQUE, ends_at INTEGER NOT NULL) STRICT;
CREATE TABLE sessions (digest BLOB PRIMARY KEY, person INTEGER NOT NULL REFERENCES people (number) ON DELETE
    CASCADE, method TEXT NOT NULL, details TEXT NOT NULL, started_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_person ON sessions (person);
CREATE TABLE keys (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, digest BLOB NOT NULL UNIQUE,
    person INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE, name TEXT NOT NULL, scopes TEXT NOT
    NULL, created_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, used_at INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX keys_by_person ON keys (person);
""",
        10: "ALTER TABLE feedback ADD COLUMN person TEXT NOT NULL DEFAULT ''",
        11: """
ALTER TABLE blocks ADD COLUMN recognised TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sentences ADD COLUMN recognised REAL;
""",
        # Until then it was not told apart whether somebody or a source had said what rules leave alone.
        12: """
ALTER TABLE document_access ADD COLUMN source_set INTEGER REFERENCES access_sets (id);
UPDATE document_access SET by_hand = 0, source_set = access_set WHERE by_hand AND document IN (
    SELECT d.number FROM documents d JOIN files f ON f.document_id = d.id
    WHERE f.path >= CAST('source:' AS BLOB) AND f.path < CAST('source;' AS BLOB));
""",
    }
)
# The format that this version of the program reads and writes.
SCHEMA_VERSION = max(UPGRADES) + 1
