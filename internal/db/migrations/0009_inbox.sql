-- +goose Up
-- What people waved off of what triage suggests for a feedback: an issue to
-- join (value: its id), or a field that it filled (value: what it said). A
-- look-up for the next suggestion; who did it and when is in the decisions.
CREATE TABLE dismissal (
    workspace_id TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    what         TEXT NOT NULL, -- issue, category, severity, area
    value        TEXT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, feedback_id, what, value)
);
