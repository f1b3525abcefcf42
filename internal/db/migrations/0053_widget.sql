-- +goose Up
-- Links by which reporters follow their reports without an account. Who has
-- the token has the report: it is only known here by its digest.
CREATE TABLE follow_link (
    token_hash   TEXT NOT NULL PRIMARY KEY, -- SHA-256 of 256 random bits
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    delivery_id  TEXT NOT NULL,             -- as it came; the report is made of it
    ref          TEXT NOT NULL,             -- what the reporter was told
    language     TEXT NOT NULL,
    zone         TEXT NOT NULL,             -- time zone of the reporter
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX follow_link_by_delivery ON follow_link (workspace_id, delivery_id);
CREATE INDEX follow_link_by_end ON follow_link (workspace_id, expires_at);

-- Builds of the widget that were served by their digest: such an address
-- stays good when the program is a newer one.
CREATE TABLE widget_file (
    version    TEXT NOT NULL,
    name       TEXT NOT NULL,
    body       BYTEA NOT NULL, -- gzip
    created_at BIGINT NOT NULL,
    PRIMARY KEY (version, name)
);
