-- +goose Up
-- Spans and log records of the launched product, kept for evidence. An id
-- begins with the time (16 hexadecimal digits of microseconds), so that the
-- primary key is also the order in time; what comes again has the same id.
CREATE TABLE span (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,               -- start, span id
    trace_id     TEXT NOT NULL,               -- 32 hexadecimal digits
    parent_id    TEXT NOT NULL,               -- 16 hexadecimal digits, '' for a root
    launch_id    TEXT NOT NULL,               -- '' when it came by a token
    duration     BIGINT NOT NULL,             -- microseconds
    service      TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,               -- server, client, internal, producer, consumer, ''
    status       INTEGER NOT NULL,            -- as OTLP: 0 unset, 1 ok, 2 error
    message      TEXT NOT NULL,
    method       TEXT NOT NULL,
    route        TEXT NOT NULL,
    http_status  INTEGER NOT NULL,
    user_id      TEXT NOT NULL,
    session_id   TEXT NOT NULL,
    environment  TEXT NOT NULL,
    release      TEXT NOT NULL,               -- service.version
    error        TEXT NOT NULL,               -- exception.type, error.type
    attrs        TEXT NOT NULL,               -- JSON object, masked, bounded
    events       TEXT NOT NULL,               -- JSON list, '' for none
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX span_by_trace ON span (workspace_id, trace_id, id);
CREATE INDEX span_by_user ON span (workspace_id, user_id, id) WHERE user_id <> '';
CREATE INDEX span_by_session ON span (workspace_id, session_id, id) WHERE session_id <> '';
CREATE INDEX span_by_error ON span (workspace_id, status, id) WHERE status = 2;

CREATE TABLE log_record (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,               -- time, hash of what it says
    trace_id     TEXT NOT NULL,
    span_id      TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    service      TEXT NOT NULL,
    severity     INTEGER NOT NULL,            -- as OTLP: 1 trace .. 9 info, 13 warn, 17 error, 21 fatal
    failed       INTEGER NOT NULL,            -- 1: severity is error or worse
    body         TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    session_id   TEXT NOT NULL,
    environment  TEXT NOT NULL,
    release      TEXT NOT NULL,
    error        TEXT NOT NULL,
    attrs        TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX log_record_by_trace ON log_record (workspace_id, trace_id, id) WHERE trace_id <> '';
CREATE INDEX log_record_by_user ON log_record (workspace_id, user_id, id) WHERE user_id <> '';
CREATE INDEX log_record_by_session ON log_record (workspace_id, session_id, id) WHERE session_id <> '';
CREATE INDEX log_record_by_error ON log_record (workspace_id, failed, id) WHERE failed = 1;

-- What sends telemetry, with the versions that were seen: a new one beside an
-- older is a release.
CREATE TABLE span_service (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    service      TEXT NOT NULL,
    environment  TEXT NOT NULL,
    version      TEXT NOT NULL,
    first_at     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, launch_id, service, environment, version)
);
