-- +goose Up
-- Alerts of other systems. What belongs together is a group, and a group is
-- one report however many alerts it has.
CREATE TABLE alert_group (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    kind         TEXT NOT NULL,   -- of the channel
    group_key    TEXT NOT NULL,   -- what they have in common, as the sender says it
    title        TEXT NOT NULL,
    severity     TEXT NOT NULL,   -- sev1 to sev4, the worst of them
    service      TEXT NOT NULL,
    url          TEXT NOT NULL,
    state        TEXT NOT NULL,   -- firing, acknowledged, resolved
    open         INTEGER NOT NULL,-- alerts that are not resolved
    total        INTEGER NOT NULL,
    started_at   BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
-- One group of a key is open at a time.
CREATE UNIQUE INDEX alert_group_open ON alert_group (workspace_id, channel_id, group_key) WHERE state <> 'resolved';
CREATE INDEX alert_group_by_time ON alert_group (workspace_id, started_at DESC, id DESC);
CREATE INDEX alert_group_by_launch ON alert_group (workspace_id, launch_id, started_at DESC, id DESC);
CREATE INDEX alert_group_by_state ON alert_group (workspace_id, state, started_at DESC, id DESC);

CREATE TABLE outside_alert (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    group_id     TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    dedup_key    TEXT NOT NULL,
    title        TEXT NOT NULL,
    text         TEXT NOT NULL,
    severity     TEXT NOT NULL,
    state        TEXT NOT NULL,
    labels       JSONB NOT NULL,
    url          TEXT NOT NULL,
    times        INTEGER NOT NULL, -- how often it was told
    started_at   BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL DEFAULT 0, -- is over then unless told again
    ended_at     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX outside_alert_once ON outside_alert (workspace_id, channel_id, dedup_key, started_at);
CREATE UNIQUE INDEX outside_alert_open ON outside_alert (workspace_id, channel_id, dedup_key) WHERE state <> 'resolved';
CREATE INDEX outside_alert_by_group ON outside_alert (workspace_id, group_id, started_at DESC, id DESC);
CREATE INDEX outside_alert_expiring ON outside_alert (expires_at) WHERE state <> 'resolved' AND expires_at <> 0;
CREATE INDEX outside_alert_by_time ON outside_alert (workspace_id, launch_id, started_at);
