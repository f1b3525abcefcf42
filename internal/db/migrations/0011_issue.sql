-- +goose Up
-- How issues hang together. Each tie is one row, named by its active side:
-- from blocks, duplicates or causes to; relates_to has the smaller id first.
-- Both ends are issues that were not merged: merging moves the rows.
CREATE TABLE issue_link (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    from_id      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    to_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX issue_link_once ON issue_link (workspace_id, from_id, kind, to_id);
CREATE INDEX issue_link_by_target ON issue_link (workspace_id, to_id);
CREATE INDEX issue_link_by_kind ON issue_link (workspace_id, launch_id, kind);

-- Which feedback came into its issue by merging, and from which one.
CREATE TABLE issue_origin (
    workspace_id TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    from_id      TEXT NOT NULL,
    into_id      TEXT NOT NULL,
    PRIMARY KEY (workspace_id, feedback_id)
);
CREATE INDEX issue_origin_by_issue ON issue_origin (workspace_id, into_id);

-- The suggested severity that a person said no to; only a worse one is
-- suggested again.
ALTER TABLE issue ADD COLUMN dismissed_severity TEXT NOT NULL DEFAULT '';

-- The columns of the board: the most important of each stage, and how long
-- all of them have been there.
CREATE INDEX issue_by_stage ON issue (workspace_id, launch_id, stage, priority DESC, num DESC) WHERE merged_into = '';
CREATE INDEX issue_by_stage_age ON issue (workspace_id, launch_id, stage, stage_entered_at DESC, num DESC) WHERE merged_into = '';

-- How many issues a stage may hold, by stage: {"planning": 6}.
ALTER TABLE launch ADD COLUMN wip_limits JSONB NOT NULL DEFAULT '{}';
