-- +goose Up
-- Files of feedback: what was found out about each, and how far it has been
-- read. The file itself lies in the data folder as imports/<id>.
CREATE TABLE import (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    file_name    TEXT NOT NULL,
    size         BIGINT NOT NULL,
    sha256       TEXT NOT NULL,
    state        TEXT NOT NULL, -- uploaded, queued, running, triaging, done, failed, cancelled, undoing, undone
    plan         JSONB NOT NULL,
    mapping      JSONB NOT NULL,
    reasons      JSONB NOT NULL,           -- field -> why this column was guessed
    position     TEXT NOT NULL DEFAULT '', -- where the next row begins
    share        DOUBLE PRECISION NOT NULL DEFAULT 0, -- of the file read so far
    rows_read    BIGINT NOT NULL DEFAULT 0,
    accepted     BIGINT NOT NULL DEFAULT 0,
    duplicates   BIGINT NOT NULL DEFAULT 0,
    bad          BIGINT NOT NULL DEFAULT 0,
    removed      BIGINT NOT NULL DEFAULT 0, -- by undoing
    error        TEXT NOT NULL DEFAULT '',
    by_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    started_at   BIGINT NOT NULL DEFAULT 0,
    finished_at  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX import_by_launch ON import (workspace_id, launch_id, id DESC);

-- The rows that could not be kept; at most 10,000 of an import.
CREATE TABLE import_error (
    workspace_id TEXT NOT NULL,
    import_id    TEXT NOT NULL,
    row_number   BIGINT NOT NULL,
    reason       TEXT NOT NULL,
    raw          TEXT NOT NULL,
    PRIMARY KEY (workspace_id, import_id, row_number)
);
