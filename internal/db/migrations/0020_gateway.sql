-- +goose Up
-- What each workspace publishes on the gateway: every document that ever was
-- in force, the newest is. A roll-back is a new one with an old text.
CREATE TABLE publication (
    workspace_id TEXT NOT NULL,
    num          BIGINT NOT NULL,  -- counts up in the workspace
    document     TEXT NOT NULL,    -- YAML as it was written
    note         TEXT NOT NULL,
    from_num     BIGINT NOT NULL DEFAULT 0, -- rolled back to this one
    by_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, num)
);
CREATE INDEX publication_by_time ON publication (at);

-- Who calls: an application with its keys.
CREATE TABLE application (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    contact      TEXT NOT NULL DEFAULT '',
    plan         TEXT NOT NULL DEFAULT '',
    apis         TEXT NOT NULL DEFAULT '', -- names, sorted, comma separated; empty: all
    created_at   BIGINT NOT NULL,
    disabled_at  BIGINT NOT NULL DEFAULT 0,
    changed_at   BIGINT NOT NULL,          -- of it or of a key: what nodes follow
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX application_by_name ON application (workspace_id, name);
CREATE INDEX application_by_change ON application (changed_at);

CREATE TABLE application_key (
    workspace_id   TEXT NOT NULL,
    id             TEXT NOT NULL,
    application_id TEXT NOT NULL,
    name           TEXT NOT NULL DEFAULT '',
    prefix         TEXT NOT NULL,        -- first characters, to recognise it by
    hash           TEXT NOT NULL UNIQUE, -- SHA-256 of the key
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL DEFAULT 0,
    revoked_at     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX application_key_by_application ON application_key (workspace_id, application_id, id);
