-- +goose Up
-- What people write to each other about a feedback or an issue.
CREATE TABLE note (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    feedback_id  TEXT NOT NULL DEFAULT '', -- where it was written: on a feedback
    issue_id     TEXT NOT NULL DEFAULT '', -- or on an issue
    text         TEXT NOT NULL,
    mentions     JSONB NOT NULL,           -- {"items": [{"id", "name"}]}, names as they were
    author_kind  TEXT NOT NULL,
    author_id    TEXT NOT NULL,
    author_name  TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    edited_at    BIGINT NOT NULL DEFAULT 0,
    deleted_at   BIGINT NOT NULL DEFAULT 0, -- kept, so that it can come back
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX note_by_feedback ON note (workspace_id, feedback_id, created_at DESC, id DESC) WHERE feedback_id <> '';
CREATE INDEX note_by_issue ON note (workspace_id, issue_id, created_at DESC, id DESC) WHERE issue_id <> '';

-- Who is called on in a note, and whether they have seen it.
CREATE TABLE mention (
    workspace_id TEXT NOT NULL,
    member_id    TEXT NOT NULL,
    note_id      TEXT NOT NULL,
    at           BIGINT NOT NULL,
    read_at      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, member_id, note_id)
);
CREATE INDEX mention_by_member ON mention (workspace_id, member_id, at DESC, note_id DESC);
CREATE INDEX mention_unread ON mention (workspace_id, member_id) WHERE read_at = 0;
CREATE INDEX mention_by_note ON mention (workspace_id, note_id);

-- Which feedback a line of history is about: ids, comma separated, the first
-- of them.
ALTER TABLE issue_history ADD COLUMN feedback TEXT NOT NULL DEFAULT '';
