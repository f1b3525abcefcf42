-- +goose Up
-- What was changed and when: deployments, hotfixes, changes of configuration.
CREATE TABLE release_marker (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    natural_key  TEXT NOT NULL,  -- the same is told twice and kept once
    version      TEXT NOT NULL,
    service      TEXT NOT NULL,
    kind         TEXT NOT NULL,  -- deploy, hotfix, rollback, config
    title        TEXT NOT NULL,
    url          TEXT NOT NULL,
    source       TEXT NOT NULL,  -- who told: api, pagerduty, sentry, gateway, ...
    at           BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX release_marker_natural ON release_marker (workspace_id, launch_id, natural_key);
CREATE INDEX release_marker_by_time ON release_marker (workspace_id, launch_id, at DESC, id DESC);
