-- +goose Up
-- The decision ledger: what the engine (or a rule) said of a feedback, when,
-- and how sure it was. A later reading adds a row.
CREATE TABLE decision (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    at           BIGINT NOT NULL,
    engine       TEXT NOT NULL,  -- offline, rule, person
    version      TEXT NOT NULL,  -- of the engine or the rule's text; a person's name
    rule_id      TEXT NOT NULL DEFAULT '',
    inputs       TEXT NOT NULL,  -- hash of what was read
    fields       BIGINT NOT NULL, -- one bit for each field in outcome
    outcome      JSONB NOT NULL, -- field -> value
    confidence   DOUBLE PRECISION NOT NULL,
    reason       TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX decision_by_launch ON decision (workspace_id, launch_id, id DESC);
CREATE INDEX decision_by_feedback ON decision (workspace_id, feedback_id, id DESC);
-- Rules and people decide little beside the engine: their rows are found apart.
CREATE INDEX decision_by_hand ON decision (workspace_id, launch_id, id DESC) WHERE engine <> 'offline';

-- What a person changed in it. Both teach and measure.
CREATE TABLE correction (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    decision_id  TEXT NOT NULL,
    field        TEXT NOT NULL,
    was          TEXT NOT NULL,
    becomes      TEXT NOT NULL,
    by_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    at           BIGINT NOT NULL,
    received_at  BIGINT NOT NULL, -- of the feedback
    undone_at    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX correction_by_launch ON correction (workspace_id, launch_id, decision_id DESC) WHERE undone_at = 0;
CREATE INDEX correction_by_feedback ON correction (workspace_id, feedback_id, id);
-- Accuracy counts what people accepted; new feedback is in neither index.
CREATE INDEX feedback_accepted ON feedback (workspace_id, launch_id, category, severity, sentiment, emotion, language) WHERE state = 'accepted';
CREATE INDEX feedback_accepted_by_day ON feedback (workspace_id, launch_id, received_at) WHERE state = 'accepted';

CREATE TABLE rule (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    name         TEXT NOT NULL,
    position     INTEGER NOT NULL,
    enabled      BOOLEAN NOT NULL,
    condition    TEXT NOT NULL, -- CEL
    actions      JSONB NOT NULL,
    hits         BIGINT NOT NULL DEFAULT 0,
    failures     BIGINT NOT NULL DEFAULT 0,
    error        TEXT NOT NULL DEFAULT '', -- of the last failure
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX rule_by_launch ON rule (workspace_id, launch_id, position);

-- Acts that can be taken back.
CREATE TABLE undo (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    detail       JSONB NOT NULL,
    by_id        TEXT NOT NULL,
    at           BIGINT NOT NULL,
    undone_at    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
