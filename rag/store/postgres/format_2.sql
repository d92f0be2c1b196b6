-- Words that were read from a picture of a page, as they are in schema.sql of SQLite.
ALTER TABLE blocks ADD COLUMN recognised text NOT NULL DEFAULT '[]';
ALTER TABLE sentences ADD COLUMN recognised double precision;

-- A view has the columns that its table had when it was made.
CREATE OR REPLACE VIEW readable_blocks AS SELECT * FROM blocks t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM document_access a WHERE a.document = t.document
    AND a.access_set IN (SELECT access_set FROM permitted_sets));
CREATE OR REPLACE VIEW readable_sentences AS SELECT * FROM sentences t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM document_access a WHERE a.document = t.document
    AND a.access_set IN (SELECT access_set FROM permitted_sets));
