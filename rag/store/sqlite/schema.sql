-- The whole database. Everything else on disk (the word index below, the vector index) can be made again from it.
-- Offsets are Unicode code points of documents.text, end exclusive. Vectors are little-endian float32.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT;

-- AUTOINCREMENT: an id is never used again, so a stale vector index can miss a row but never name another one.
CREATE TABLE documents (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    title          TEXT NOT NULL,
    location       TEXT NOT NULL,
    media_type     TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    text_sha256    TEXT NOT NULL,
    characters     INTEGER NOT NULL,
    warnings       TEXT NOT NULL,  -- a JSON array of strings
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL,
    modified_at    TEXT NOT NULL DEFAULT '',  -- of its file; '' where it has none
    text           TEXT NOT NULL   -- last, so that the columns before it are read without it
) STRICT;

-- Sets of groups, one for all documents that the same groups may read; never changed, and none is taken away. A set
-- without names is that of documents which nobody may read but whoever reads everything.
CREATE TABLE access_sets (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    names TEXT NOT NULL UNIQUE  -- a JSON array in order
) STRICT;

CREATE TABLE access_names (
    name       TEXT NOT NULL,
    access_set INTEGER NOT NULL REFERENCES access_sets (id),
    PRIMARY KEY (name, access_set)
) STRICT, WITHOUT ROWID;

-- Who may read each document, in a narrow table: it is looked at for every row that is read for a person.
CREATE TABLE document_access (
    document   INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE,
    access_set INTEGER NOT NULL REFERENCES access_sets (id),
    by_hand    INTEGER NOT NULL,  -- 1: somebody set it for this document alone
    sentences  INTEGER NOT NULL,  -- how many it has: of what somebody may read they are added up
    chunks     INTEGER NOT NULL,
    stamp      INTEGER NOT NULL,  -- 32 bits of a hash of what it is
    source_set INTEGER REFERENCES access_sets (id)  -- what its source says, also where it is set by hand
) STRICT;

CREATE INDEX document_access_by_set ON document_access (access_set, sentences, chunks, stamp);

-- The bytes that documents were read from, whose hash is documents.content_sha256. A row belongs to one reading of one
-- document: it goes when that document is deleted or replaced, and nobody need count who else uses it. A table of its
-- own, as the vectors: every other reading of a document leaves it alone.
CREATE TABLE originals (
    document INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE,
    data     BLOB NOT NULL
) STRICT;

CREATE TABLE blocks (
    document   INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    span_start INTEGER NOT NULL,
    span_end   INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    level      INTEGER NOT NULL,
    section    TEXT NOT NULL,
    page       INTEGER,
    turns      TEXT NOT NULL DEFAULT '[]',  -- a JSON array of [offset, page]: where it goes on on another page
    recognised TEXT NOT NULL DEFAULT '[]',  -- a JSON array: of each word that was read from a picture seven numbers
    PRIMARY KEY (document, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE sentences (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    document   INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    span_start INTEGER NOT NULL,
    span_end   INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    section    TEXT NOT NULL,
    page       INTEGER,
    text       TEXT NOT NULL,  -- a copy, so that a sentence is read without its document
    recognised REAL,           -- how surely it was read from a picture, 0 to 1; NULL where the file has its words
    UNIQUE (document, position)
) STRICT;

CREATE TABLE chunks (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    document       INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL,  -- a position in the document
    last_sentence  INTEGER NOT NULL,  -- likewise, exclusive
    span_start     INTEGER NOT NULL,
    span_end       INTEGER NOT NULL,
    section        TEXT NOT NULL,
    page           INTEGER,
    text           TEXT NOT NULL,     -- a copy, as above
    search_text    TEXT NOT NULL,
    UNIQUE (document, position)
) STRICT;

-- Vectors have tables of their own: at 1.5 kB a row they would slow down every reading of the texts.
CREATE TABLE sentence_vectors (
    sentence INTEGER PRIMARY KEY REFERENCES sentences (id) ON DELETE CASCADE,
    vector   BLOB NOT NULL
) STRICT;

CREATE TABLE chunk_vectors (
    chunk  INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
    vector BLOB NOT NULL
) STRICT;

-- The word index keeps no text of its own: it reads chunks, and the triggers keep the two in step.
CREATE VIRTUAL TABLE words USING fts5 (
    search_text,
    content = 'chunks',
    content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

-- Deleted words leave the file too, not only the results.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER chunk_words_added AFTER INSERT ON chunks BEGIN
    INSERT INTO words (rowid, search_text) VALUES (new.id, new.search_text);
END;

CREATE TRIGGER chunk_words_removed AFTER DELETE ON chunks BEGIN
    INSERT INTO words (words, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;

CREATE TRIGGER chunks_are_replaced_not_changed BEFORE UPDATE ON chunks BEGIN
    SELECT RAISE(ABORT, 'a chunk is deleted and written anew, never updated');
END;

-- One row for each change of the documents that the index on disk may not know of, with a number made at random: an
-- index that was made after a change of another course of things, as before a backup was put back, shows.
CREATE TABLE changes (
    number INTEGER PRIMARY KEY,
    token  INTEGER NOT NULL
) STRICT;

INSERT INTO changes VALUES (0, abs(random() / 2));

-- The chunks that those changes removed, by which an index in memory or on disk catches up.
CREATE TABLE removed_chunks (
    chunk  INTEGER PRIMARY KEY,
    change INTEGER NOT NULL
) STRICT;

CREATE INDEX removed_chunks_by_change ON removed_chunks (change);

CREATE TRIGGER chunk_removal_noted AFTER DELETE ON chunks BEGIN
    INSERT OR REPLACE INTO removed_chunks VALUES (old.id, (SELECT value + 1 FROM meta WHERE name = 'change_number'));
END;

-- How many there are: counting a million rows takes longer than a question may.
CREATE TABLE totals (
    name  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO totals VALUES ('documents', 0), ('sentences', 0), ('chunks', 0);

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

-- Earlier texts of documents, so that citations of them can be checked. No sentence is found in them.
CREATE TABLE versions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id    TEXT NOT NULL,
    text_sha256    TEXT NOT NULL,
    title          TEXT NOT NULL,
    location       TEXT NOT NULL,
    media_type     TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    stored_at      TEXT NOT NULL,
    superseded_at  TEXT NOT NULL,
    modified_at    TEXT NOT NULL,
    blocks         TEXT NOT NULL,  -- a JSON array: start, end, kind, level, section, page, turns of each
    text           TEXT NOT NULL,
    UNIQUE (document_id, text_sha256)
) STRICT;

-- What each file was when it was last read, so that an unchanged one need not be opened, and what came of it. Paths are
-- bytes, as the system has them; an entry of an archive is the archive's path, a zero byte and its name.
CREATE TABLE files (
    path           BLOB PRIMARY KEY,
    location       TEXT NOT NULL,     -- the path for people; of a document's file, that document's location
    size           INTEGER NOT NULL,  -- bytes; -1: look into the file again, whatever its times say
    mtime_ns       INTEGER NOT NULL,
    inode          INTEGER NOT NULL,
    content_sha256 TEXT NOT NULL,     -- '' of an archive, and where the bytes could not be had
    document_id    TEXT NOT NULL,     -- the document that it became or would become; '' of an archive
    error          TEXT NOT NULL,     -- why it did not become one; '' when it did
    read_at        TEXT NOT NULL,
    read_with      TEXT NOT NULL      -- the readers and settings of that time: under others the file is read again
) STRICT, WITHOUT ROWID;

CREATE INDEX files_by_document ON files (document_id);

CREATE TABLE feedback (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    answer_id       TEXT NOT NULL,
    question        TEXT,
    relevance       TEXT NOT NULL CHECK (relevance IN ('relevant', 'not_relevant')),
    citation_number INTEGER,
    comment         TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    person          TEXT NOT NULL DEFAULT ''  -- whose it is; '' where nobody had to sign in
) STRICT;

-- Conversations, as they were shown. One of nobody may be opened by whoever knows its id, so an id is 128 bits of chance.
CREATE TABLE conversations (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    title       TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    owner       TEXT NOT NULL DEFAULT '',  -- the person it belongs to; '' where nobody had to sign in
    shared_with TEXT NOT NULL DEFAULT ''   -- a group that may open it too; '' for none
) STRICT;

CREATE INDEX conversations_by_owner ON conversations (owner, updated_at);

CREATE INDEX conversations_by_age ON conversations (updated_at);

CREATE TABLE turns (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations (number) ON DELETE CASCADE,
    number       INTEGER NOT NULL,  -- in the conversation, from 1
    request_id   TEXT NOT NULL,     -- of the client, so that asking again after a lost connection adds nothing; or ''
    answer       TEXT NOT NULL,     -- as rag/store/kept_answer.py writes it, without words of documents deleted since
    asked_at     TEXT NOT NULL,
    relevance    TEXT CHECK (relevance IN ('relevant', 'not_relevant')),  -- what somebody thought of it
    UNIQUE (conversation, number)
) STRICT;

CREATE UNIQUE INDEX turns_by_request ON turns (conversation, request_id) WHERE request_id <> '';

-- The documents whose words a turn shows: when one is deleted, its words leave the conversations too.
CREATE TABLE turn_documents (
    document_id TEXT NOT NULL,
    turn        INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    PRIMARY KEY (document_id, turn)
) STRICT, WITHOUT ROWID;

CREATE INDEX turn_documents_by_turn ON turn_documents (turn);

-- What was asked, for whoever keeps the documents: only where the settings say that questions are kept.
CREATE TABLE questions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    answer_id     TEXT NOT NULL,
    question      TEXT NOT NULL,  -- as it was searched for
    outcome       TEXT NOT NULL,  -- "answered", or the reason why not
    confidence    REAL NOT NULL,
    index_version INTEGER NOT NULL,
    vector        BLOB NOT NULL,  -- of the question, for grouping: little-endian float32
    asked_at      TEXT NOT NULL
) STRICT;

CREATE INDEX questions_by_age ON questions (asked_at);
CREATE INDEX questions_by_answer ON questions (answer_id);

-- How many questions a day ended how. Counted always: it holds nobody's words.
CREATE TABLE outcomes (
    day     TEXT NOT NULL,  -- ISO 8601, UTC
    outcome TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (day, outcome)
) STRICT, WITHOUT ROWID;

-- Who may sign in, and services, which have keys and no password.
CREATE TABLE people (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE,  -- what they sign in with
    shown_as     TEXT NOT NULL,
    mail         TEXT NOT NULL,
    is_service   INTEGER NOT NULL,
    password     TEXT NOT NULL DEFAULT '',  -- its argon2 hash; '' for none
    suspended    INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,  -- seconds since 1970, as all times of people, sessions and keys
    signed_in_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Roles and groups of people, and the groups whose documents they edit; one row for each who says so.
CREATE TABLE belongings (
    person  INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
    kind    TEXT NOT NULL CHECK (kind IN ('role', 'group', 'edits')),
    value   TEXT NOT NULL,
    said_by TEXT NOT NULL,  -- 'local': an owner; else a way of signing in
    PRIMARY KEY (person, kind, value, said_by)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
    person  INTEGER PRIMARY KEY REFERENCES people (number) ON DELETE CASCADE,
    digest  BLOB NOT NULL UNIQUE,
    ends_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    digest     BLOB PRIMARY KEY,  -- SHA-256 of what the cookie holds
    person     INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
    method     TEXT NOT NULL,
    details    TEXT NOT NULL,     -- what the way of signing in needs to sign out with
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_person ON sessions (person);

CREATE TABLE keys (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    digest     BLOB NOT NULL UNIQUE,  -- SHA-256 of the key
    person     INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
    name       TEXT NOT NULL,         -- what it is for
    scopes     TEXT NOT NULL,         -- a JSON array
    created_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    used_at    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX keys_by_person ON keys (person);
