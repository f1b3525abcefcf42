-- +goose Up
-- One row: a clock of changes to applications, keys and plans of all
-- workspaces. Who changes one moves it first and holds it until the commit, so
-- changed_at goes up in the order of commits whatever the clocks of nodes say.
CREATE TABLE application_clock (
    id BIGINT NOT NULL PRIMARY KEY, -- 1
    at BIGINT NOT NULL
);
INSERT INTO application_clock (id, at) SELECT 1, COALESCE(MAX(changed_at), 0) FROM application;

ALTER TABLE application_key ADD COLUMN kind TEXT NOT NULL DEFAULT 'key'; -- key; signature: a secret to sign with
ALTER TABLE application_key ADD COLUMN sealed TEXT NOT NULL DEFAULT '';  -- the secret of a signature, under the master key
ALTER TABLE application_key ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0; -- to about a minute

-- What applications may use.
CREATE TABLE plan (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,  -- what applications and documents call it by; stays
    description  TEXT NOT NULL DEFAULT '',
    limits       JSONB NOT NULL,
    created_at   BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX plan_by_name ON plan (workspace_id, name);
CREATE INDEX application_by_plan ON application (workspace_id, plan);

-- Calls counted for quotas. used holds what nodes have claimed: a little more
-- than was used, so that a node that dies forgives nothing.
CREATE TABLE quota_use (
    workspace_id TEXT NOT NULL,
    scope        TEXT NOT NULL,  -- name of the quota
    subject      TEXT NOT NULL,  -- application ID, key ID, user ID, ip ADDRESS, all
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    used         BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, scope, subject, starts_at)
);
CREATE INDEX quota_use_by_end ON quota_use (ends_at);
CREATE INDEX quota_use_by_subject ON quota_use (workspace_id, subject, ends_at);
