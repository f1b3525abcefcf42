-- +goose Up
-- OpenAPI documents that were imported, by their content. APIs of a publication
-- name them; nothing changes one.
CREATE TABLE openapi_document (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,  -- sha256:... of the document
    document     TEXT NOT NULL,  -- JSON or YAML as it came
    title        TEXT NOT NULL,
    version      TEXT NOT NULL,  -- of the API, as its author counts
    format       TEXT NOT NULL,  -- of OpenAPI: 3.0.3, 3.1.0
    operations   BIGINT NOT NULL,
    size         BIGINT NOT NULL, -- bytes
    by_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX openapi_document_by_time ON openapi_document (workspace_id, at, id);

-- Who a host of the gateway belongs to: the workspace that published it first,
-- until it publishes without it. "*" stands for calls to any other host.
CREATE TABLE gateway_host (
    host         TEXT NOT NULL PRIMARY KEY, -- lower case: example.com, *.example.com, *
    workspace_id TEXT NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX gateway_host_by_workspace ON gateway_host (workspace_id, host);

-- One row: counts publications of all workspaces. Who publishes changes it
-- first, so that they do so one after the other whatever their clocks say;
-- nodes follow it.
CREATE TABLE gateway_head (
    id  BIGINT NOT NULL PRIMARY KEY, -- 1
    seq BIGINT NOT NULL
);
INSERT INTO gateway_head (id, seq) VALUES (1, 0);
