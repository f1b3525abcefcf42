-- +goose Up
-- Ways in: each with its own key, limits and health.
CREATE TABLE channel (
    workspace_id    TEXT NOT NULL,
    id              TEXT NOT NULL,
    num             BIGINT NOT NULL,         -- the project in a Sentry DSN
    launch_id       TEXT NOT NULL,
    kind            TEXT NOT NULL,           -- widget, email, sentry, alert, ...
    name            TEXT NOT NULL,
    key             TEXT NOT NULL,           -- stands in addresses and pages: it tells channels apart, and protects nothing
    old_key         TEXT,                    -- still taken until old_key_until
    old_key_until   BIGINT NOT NULL DEFAULT 0,
    secrets         JSONB NOT NULL,          -- name -> sealed
    settings        JSONB NOT NULL,          -- as the kind reads them
    origins         TEXT NOT NULL DEFAULT '',-- pages that may send, by line; empty: all
    per_minute      INTEGER NOT NULL,
    enabled         BOOLEAN NOT NULL,
    received        BIGINT NOT NULL DEFAULT 0,
    refused         BIGINT NOT NULL DEFAULT 0,
    first_at        BIGINT NOT NULL DEFAULT 0,
    last_at         BIGINT NOT NULL DEFAULT 0,
    last_refused_at BIGINT NOT NULL DEFAULT 0,
    last_refusal    TEXT NOT NULL DEFAULT '',
    trouble         TEXT NOT NULL DEFAULT '',-- what keeps it from working, in its own words
    trouble_at      BIGINT NOT NULL DEFAULT 0,
    created_at      BIGINT NOT NULL,
    created_by      TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX channel_by_key ON channel (key);
CREATE UNIQUE INDEX channel_by_old_key ON channel (old_key) WHERE old_key IS NOT NULL;
CREATE INDEX channel_by_launch ON channel (workspace_id, launch_id, id);

-- Deliveries in formats of others: kept as they came, and read by who knows
-- the format. What reports are made of them are deliveries of their own.
ALTER TABLE delivery ADD COLUMN channel_id TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN format TEXT NOT NULL DEFAULT '';    -- '': a report as the API takes it
ALTER TABLE delivery ADD COLUMN parent_id TEXT NOT NULL DEFAULT ''; -- the delivery it was made of
ALTER TABLE delivery ADD COLUMN file TEXT NOT NULL DEFAULT '';      -- SHA-256 of a payload too large for the row
CREATE INDEX delivery_by_channel ON delivery (workspace_id, channel_id, id DESC) WHERE channel_id <> '';
CREATE INDEX delivery_by_parent ON delivery (workspace_id, parent_id) WHERE parent_id <> '';
