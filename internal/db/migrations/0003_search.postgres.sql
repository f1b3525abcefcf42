-- +goose Up
CREATE TABLE search_doc (
    workspace_id TEXT NOT NULL,
    kind         TEXT NOT NULL,
    num          BIGINT NOT NULL,
    words        TSVECTOR NOT NULL,
    PRIMARY KEY (workspace_id, kind, num)
);
CREATE INDEX search_doc_words ON search_doc USING GIN (words);
