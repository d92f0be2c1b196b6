-- What the source of a document says of who may read it, as it is in schema.sql of SQLite.
ALTER TABLE document_access ADD COLUMN source_set bigint REFERENCES access_sets (id);

-- Until then it was not told apart whether somebody or a source had said what rules leave alone.
UPDATE document_access SET by_hand = false, source_set = access_set WHERE by_hand AND document IN (
    SELECT d.number FROM documents d JOIN files f ON f.document_id = d.id WHERE f.path >= 'source:'::bytea
    AND f.path < 'source;'::bytea);

-- A view has the columns that its table had when it was made.
CREATE OR REPLACE VIEW readable_access AS SELECT * FROM document_access t WHERE reads_everything()
    OR t.access_set IN (SELECT access_set FROM permitted_sets);
