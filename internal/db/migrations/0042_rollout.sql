-- +goose Up
-- New versions on their way: a share of an API's traffic that goes to another
-- upstream, step by step.
CREATE TABLE rollout (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    api          TEXT NOT NULL,
    version      TEXT NOT NULL,
    spec         TEXT NOT NULL,               -- JSON: what was asked for, defaults filled in
    state        TEXT NOT NULL,
    step         BIGINT NOT NULL,             -- from 0
    step_at      BIGINT NOT NULL,             -- when it began
    epoch        BIGINT NOT NULL,             -- period of evidence, counts up
    epoch_at     BIGINT NOT NULL,
    reason       TEXT NOT NULL DEFAULT '',    -- of the state
    finding      TEXT NOT NULL DEFAULT '{}',  -- JSON: the latest
    watch        TEXT NOT NULL DEFAULT '{}',  -- JSON: what was spent of its level
    publication  BIGINT NOT NULL DEFAULT 0,   -- that promoted it
    by_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL DEFAULT 0,
    rev          BIGINT NOT NULL DEFAULT 1,
    leader       TEXT NOT NULL DEFAULT '',    -- node that decides
    leader_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX rollout_under_way ON rollout (workspace_id, api, version) WHERE ended_at = 0;
CREATE INDEX rollout_by_end ON rollout (ended_at);

-- What happened to it.
CREATE TABLE rollout_event (
    workspace_id TEXT NOT NULL,
    rollout_id   TEXT NOT NULL,
    id           TEXT NOT NULL,
    at           BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    step         BIGINT NOT NULL,
    by_kind      TEXT NOT NULL,
    by_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    reason       TEXT NOT NULL,
    PRIMARY KEY (workspace_id, rollout_id, id)
);

-- What each node has counted in a period.
CREATE TABLE rollout_count (
    workspace_id TEXT NOT NULL,
    rollout_id   TEXT NOT NULL,
    epoch        BIGINT NOT NULL,
    node         TEXT NOT NULL,
    step         BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    data         TEXT NOT NULL,  -- JSON: counts and histograms by route and variant
    PRIMARY KEY (workspace_id, rollout_id, epoch, node)
);
