-- +goose Up
CREATE TABLE search_key (
    row          INTEGER PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    kind         TEXT NOT NULL,
    num          BIGINT NOT NULL,
    UNIQUE (workspace_id, kind, num)
);
CREATE VIRTUAL TABLE search_doc USING fts5 (title, body, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
