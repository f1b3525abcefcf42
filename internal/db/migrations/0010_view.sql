-- +goose Up
-- Lists that people named: the search of a page's address. Own ones, and those
-- that their owner shares with the workspace.
CREATE TABLE saved_view (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    owner_id     TEXT NOT NULL,   -- a member, or a token
    page         TEXT NOT NULL,   -- feedback, issues, board, decisions
    name         TEXT NOT NULL,
    query        TEXT NOT NULL,   -- as it stands behind the ?
    shared       BOOLEAN NOT NULL,
    position     BIGINT NOT NULL, -- from 1; own ones and shared ones apart
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX saved_view_name ON saved_view (workspace_id, launch_id, owner_id, page, name);
CREATE INDEX saved_view_shared ON saved_view (workspace_id, launch_id, shared);
