-- +goose Up
-- Samples on their way from the node that took them to the others that share
-- these records; gone after some minutes. Each node keeps series of its own.
CREATE TABLE metric_batch (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    node         TEXT NOT NULL,   -- that took them
    at           BIGINT NOT NULL,
    body         BYTEA NOT NULL,  -- remote write 2.0, snappy
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX metric_batch_by_time ON metric_batch (at);
