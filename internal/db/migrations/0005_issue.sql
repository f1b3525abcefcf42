-- +goose Up
-- One problem or wish, gathering feedback. What it counts (reports, people,
-- trend, priority) is kept on the row and follows its feedback in the same
-- transaction, so that a list never has to count.
CREATE TABLE issue (
    workspace_id      TEXT NOT NULL,
    id                TEXT NOT NULL,
    num               BIGINT NOT NULL, -- HC-num
    launch_id         TEXT NOT NULL,
    title             TEXT NOT NULL,
    description       TEXT NOT NULL,
    stage             TEXT NOT NULL,
    stage_entered_at  BIGINT NOT NULL,
    severity          TEXT NOT NULL,
    category          TEXT NOT NULL,
    area              TEXT NOT NULL,
    owner_id          TEXT NOT NULL,
    tags              TEXT NOT NULL,             -- sorted, comma separated
    urgency_set       INTEGER NOT NULL,          -- by a person; 0: as suggested
    urgency_by        TEXT NOT NULL,             -- that person's name
    merged_into       TEXT NOT NULL DEFAULT '',  -- id of the issue that has its feedback now
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    closed_at         BIGINT NOT NULL,
    reports           BIGINT NOT NULL DEFAULT 0,
    people            BIGINT NOT NULL DEFAULT 0,
    reach             DOUBLE PRECISION NOT NULL DEFAULT 0,
    impact            DOUBLE PRECISION NOT NULL DEFAULT 0,
    urgency           INTEGER NOT NULL DEFAULT 0,
    priority          DOUBLE PRECISION NOT NULL DEFAULT 0,
    first_received_at BIGINT NOT NULL DEFAULT 0,
    last_received_at  BIGINT NOT NULL DEFAULT 0,
    refresh_at        BIGINT NOT NULL DEFAULT 0, -- when time alone may lower the urgency; 0: never
    facts             JSONB NOT NULL DEFAULT '{}',
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX issue_by_num ON issue (workspace_id, num);
CREATE INDEX issue_by_priority ON issue (workspace_id, launch_id, priority DESC, num DESC) WHERE merged_into = '';
CREATE INDEX issue_by_update ON issue (workspace_id, launch_id, updated_at DESC, num DESC) WHERE merged_into = '';
CREATE INDEX issue_by_creation ON issue (workspace_id, launch_id, created_at DESC, num DESC) WHERE merged_into = '';
CREATE INDEX issue_by_reach ON issue (workspace_id, launch_id, reach DESC, num DESC) WHERE merged_into = '';
-- Everything that facets count, so that counting reads no row.
CREATE INDEX issue_facets ON issue (workspace_id, launch_id, stage, severity, category, owner_id, area, tags) WHERE merged_into = '';
CREATE INDEX issue_by_merge ON issue (workspace_id, merged_into) WHERE merged_into <> '';
CREATE INDEX issue_refresh ON issue (refresh_at) WHERE refresh_at <> 0;

-- Everything that an issue counts of its feedback: an issue with 10,000
-- reports is counted anew without reading one of them. It holds nothing until
-- feedback is accepted.
CREATE INDEX feedback_issue_facts ON feedback (workspace_id, issue_id, person_id, occurred_at, received_at, sentiment, severity) WHERE issue_id <> '';

CREATE TABLE issue_history (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    issue_id     TEXT NOT NULL,
    at           BIGINT NOT NULL,
    actor_kind   TEXT NOT NULL,
    actor_id     TEXT NOT NULL,
    actor_name   TEXT NOT NULL,
    field        TEXT NOT NULL,
    was          TEXT NOT NULL,
    becomes      TEXT NOT NULL,
    reason       TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX issue_history_by_issue ON issue_history (workspace_id, issue_id, at DESC, id DESC);
