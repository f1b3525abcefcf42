-- +goose Up
-- Groups of recording and alert rules, each in the format of Prometheus' rule
-- files.
CREATE TABLE rule_group (
    workspace_id TEXT NOT NULL,
    name         TEXT NOT NULL,
    document     TEXT NOT NULL,  -- YAML as it was written; empty: removed
    updated_at   BIGINT NOT NULL, -- each later than all before: what the evaluating node follows
    updated_by   TEXT NOT NULL,  -- name
    evaluated_at BIGINT NOT NULL DEFAULT 0, -- to about a minute
    faults       TEXT NOT NULL DEFAULT '',  -- JSON: rule -> why it could not be evaluated
    PRIMARY KEY (workspace_id, name)
);
CREATE INDEX rule_group_by_time ON rule_group (updated_at);

-- What rules found: one row from the first sign to the end.
CREATE TABLE alert (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    group_name   TEXT NOT NULL,
    rule         TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,   -- of the labels
    labels       TEXT NOT NULL,   -- JSON
    annotations  TEXT NOT NULL,   -- JSON
    state        TEXT NOT NULL,   -- pending, firing, resolved
    value        DOUBLE PRECISION NOT NULL,
    active_at    BIGINT NOT NULL,
    fired_at     BIGINT NOT NULL DEFAULT 0,
    resolved_at  BIGINT NOT NULL DEFAULT 0,
    keep_since   BIGINT NOT NULL DEFAULT 0, -- its condition has been false since; keep_firing_for holds it
    seen_at      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX alert_open ON alert (workspace_id, group_name, rule, fingerprint) WHERE resolved_at = 0;
CREATE INDEX alert_by_state ON alert (workspace_id, state, id);
CREATE INDEX alert_by_end ON alert (resolved_at) WHERE resolved_at > 0;

-- Work that one node does for all: who does it, and until when unless renewed.
CREATE TABLE node_lease (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);
