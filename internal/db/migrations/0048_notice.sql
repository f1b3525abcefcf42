-- +goose Up
-- What reporters and the team write to each other about a report.
CREATE TABLE message (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL, -- also what its attachments belong to
    launch_id    TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    direction    TEXT NOT NULL, -- in, out
    author_kind  TEXT NOT NULL, -- reporter, member, token, system
    author_id    TEXT NOT NULL,
    author_name  TEXT NOT NULL,
    text         TEXT NOT NULL,
    quoted       TEXT NOT NULL DEFAULT '', -- what was cut off as said before: kept, not shown at first
    via          TEXT NOT NULL,            -- email, page
    recipient    TEXT NOT NULL DEFAULT '', -- address, where via has one
    channel_id   TEXT NOT NULL DEFAULT '',
    external_id  TEXT,                     -- Message-ID and its like
    state        TEXT NOT NULL,            -- received, queued, sent, failed, cancelled
    reason       TEXT NOT NULL DEFAULT '',
    attempts     INTEGER NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    due_at       BIGINT NOT NULL DEFAULT 0,
    sent_at      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX message_by_feedback ON message (workspace_id, feedback_id, created_at, id);
CREATE UNIQUE INDEX message_by_external ON message (workspace_id, launch_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX message_due ON message (due_at) WHERE state = 'queued';
