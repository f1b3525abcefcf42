-- +goose Up
-- What the answers of mirrors were, beside those that callers got: sums of a
-- node, and some examples.
CREATE TABLE shadow_comparison (
    workspace_id TEXT NOT NULL,
    api          TEXT NOT NULL,
    version      TEXT NOT NULL,
    route        TEXT NOT NULL,
    node         TEXT NOT NULL,
    since        BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    data         TEXT NOT NULL, -- JSON
    PRIMARY KEY (workspace_id, api, version, route, node)
);
CREATE INDEX shadow_comparison_by_time ON shadow_comparison (at);
