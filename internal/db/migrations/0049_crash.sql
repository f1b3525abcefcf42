-- +goose Up
-- Errors that the launched product met: groups of events that are one fault,
-- what belongs to each, sessions by release, and source maps.
CREATE TABLE error_group (
    workspace_id  TEXT NOT NULL,
    id            TEXT NOT NULL,
    num           BIGINT NOT NULL,
    launch_id     TEXT NOT NULL,
    grouping      INTEGER NOT NULL,        -- version of the rules that made it
    title         TEXT NOT NULL,
    kind          TEXT NOT NULL,           -- class of the exception; message, csp, minidump
    message       TEXT NOT NULL,
    culprit       TEXT NOT NULL,           -- where it was
    level         TEXT NOT NULL,
    platform      TEXT NOT NULL,
    state         TEXT NOT NULL,           -- unresolved, resolved, ignored
    resolved_in   TEXT NOT NULL DEFAULT '',-- release; '': when it was said
    state_at      BIGINT NOT NULL DEFAULT 0,
    state_by      TEXT NOT NULL DEFAULT '',
    regressions   INTEGER NOT NULL DEFAULT 0,
    regressed_at  BIGINT NOT NULL DEFAULT 0,
    first_at      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    events        BIGINT NOT NULL,
    users         BIGINT NOT NULL,
    first_release TEXT NOT NULL,
    last_release  TEXT NOT NULL,
    burst_at      BIGINT NOT NULL DEFAULT 0, -- when many met it within a short time, and that was reported
    issue_id      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX error_group_by_last ON error_group (workspace_id, launch_id, last_at DESC, id DESC);
CREATE INDEX error_group_by_first ON error_group (workspace_id, launch_id, first_at DESC, id DESC);
CREATE INDEX error_group_by_events ON error_group (workspace_id, launch_id, events DESC, id DESC);
CREATE INDEX error_group_by_users ON error_group (workspace_id, launch_id, users DESC, id DESC);
CREATE INDEX error_group_by_state ON error_group (workspace_id, launch_id, state, last_at DESC, id DESC);
CREATE INDEX error_group_by_issue ON error_group (workspace_id, issue_id) WHERE issue_id <> '';

-- What an event is told by. A new version of the rules adds its own hash to
-- the group that an older one finds.
CREATE TABLE error_hash (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    hash         TEXT NOT NULL,
    grouping     INTEGER NOT NULL,
    group_id     TEXT NOT NULL,
    PRIMARY KEY (workspace_id, launch_id, hash)
);
CREATE INDEX error_hash_by_group ON error_hash (workspace_id, group_id);

CREATE TABLE error_event (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    group_id     TEXT NOT NULL,
    event_id     TEXT NOT NULL,             -- the sender's
    seq          BIGINT NOT NULL,           -- counts up in the group
    pinned       BOOLEAN NOT NULL DEFAULT FALSE, -- somebody reported it: it stays
    at           BIGINT NOT NULL,
    received_at  BIGINT NOT NULL,
    title        TEXT NOT NULL,
    level        TEXT NOT NULL,
    release      TEXT NOT NULL,
    environment  TEXT NOT NULL,
    place        TEXT NOT NULL,             -- the sender's transaction: a route or page
    url          TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    user_email   TEXT NOT NULL,
    user_name    TEXT NOT NULL,
    user_ip      TEXT NOT NULL,
    session_id   TEXT NOT NULL,
    trace_id     TEXT NOT NULL,
    span_id      TEXT NOT NULL,
    request_id   TEXT NOT NULL,
    body         BYTEA NOT NULL,            -- the rest, JSON, gzip
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX error_event_natural ON error_event (workspace_id, launch_id, event_id);
CREATE INDEX error_event_by_group ON error_event (workspace_id, group_id, seq DESC);
CREATE INDEX error_event_by_time ON error_event (workspace_id, launch_id, at DESC, id DESC);
CREATE INDEX error_event_by_trace ON error_event (workspace_id, trace_id) WHERE trace_id <> '';
CREATE INDEX error_event_by_request ON error_event (workspace_id, request_id) WHERE request_id <> '';
CREATE INDEX error_event_by_user ON error_event (workspace_id, launch_id, user_id, at DESC) WHERE user_id <> '';
CREATE INDEX error_event_by_email ON error_event (workspace_id, launch_id, user_email, at DESC) WHERE user_email <> '';
CREATE INDEX error_event_by_session ON error_event (workspace_id, launch_id, session_id, at DESC) WHERE session_id <> '';
CREATE INDEX error_event_by_ip ON error_event (workspace_id, launch_id, user_ip, at DESC) WHERE user_ip <> '';
CREATE INDEX error_event_old ON error_event (received_at);

-- Who met a group. who is id:…, email:…, name:… or ip:….
CREATE TABLE error_user (
    workspace_id TEXT NOT NULL,
    group_id     TEXT NOT NULL,
    who          TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    label        TEXT NOT NULL,
    events       BIGINT NOT NULL,
    first_at     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, group_id, who)
);
CREATE INDEX error_user_by_last ON error_user (workspace_id, group_id, last_at DESC, who);
CREATE INDEX error_user_by_who ON error_user (workspace_id, launch_id, who, group_id);

CREATE TABLE error_tag (
    workspace_id TEXT NOT NULL,
    group_id     TEXT NOT NULL,
    name         TEXT NOT NULL,
    value        TEXT NOT NULL,
    events       BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, group_id, name, value)
);

CREATE TABLE error_hour (
    workspace_id TEXT NOT NULL,
    group_id     TEXT NOT NULL,
    hour         BIGINT NOT NULL,           -- hours since 1970
    events       BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, group_id, hour)
);
CREATE INDEX error_hour_old ON error_hour (hour);

-- A report that names an event, which may come later. The report is a
-- delivery with this natural key.
CREATE TABLE error_report (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    natural_key  TEXT NOT NULL,
    channel      TEXT NOT NULL,
    event_id     TEXT NOT NULL,             -- '' where it names the group itself
    group_id     TEXT NOT NULL,             -- '' while the event did not come
    trace_id     TEXT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, launch_id, natural_key)
);
CREATE INDEX error_report_by_group ON error_report (workspace_id, group_id) WHERE group_id <> '';
CREATE INDEX error_report_by_event ON error_report (workspace_id, launch_id, event_id) WHERE event_id <> '';

-- Sessions of the launched product, as far as they are told of: what a row
-- adds to the figures of its release, so that what is told again is not
-- counted again.
CREATE TABLE crash_session (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    id           TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    sessions     BIGINT NOT NULL,
    errored      BIGINT NOT NULL,
    crashed      BIGINT NOT NULL,
    abnormal     BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, launch_id, id)
);
CREATE INDEX crash_session_old ON crash_session (at);
CREATE TABLE crash_health (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    release      TEXT NOT NULL,
    environment  TEXT NOT NULL,
    hour         BIGINT NOT NULL,
    sessions     BIGINT NOT NULL,
    errored      BIGINT NOT NULL,
    crashed      BIGINT NOT NULL,
    abnormal     BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, launch_id, release, environment, hour)
);
CREATE INDEX crash_health_by_hour ON crash_health (workspace_id, launch_id, hour);
CREATE INDEX crash_health_old ON crash_health (hour);
CREATE TABLE crash_user (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    release      TEXT NOT NULL,
    environment  TEXT NOT NULL,
    day          BIGINT NOT NULL,
    who          TEXT NOT NULL,             -- hash of the sender's distinct id
    crashed      BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, launch_id, release, environment, day, who)
);
CREATE INDEX crash_user_by_day ON crash_user (workspace_id, launch_id, day);
CREATE INDEX crash_user_old ON crash_user (day);

-- What senders say they dropped, and what of theirs is not kept here.
CREATE TABLE crash_dropped (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    day          BIGINT NOT NULL,
    kind         TEXT NOT NULL,             -- client, skipped
    category     TEXT NOT NULL,
    reason       TEXT NOT NULL,
    n            BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, launch_id, day, kind, category, reason)
);

-- Files of bundles: minified sources and their maps. The bytes are in the
-- folder of files.
CREATE TABLE source_file (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    bundle       TEXT NOT NULL,             -- SHA-1 of the bundle
    debug_id     TEXT NOT NULL,
    release      TEXT NOT NULL,
    dist         TEXT NOT NULL,
    url          TEXT NOT NULL,
    kind         TEXT NOT NULL,             -- minified_source, source_map, source
    map_url      TEXT NOT NULL,             -- where a minified source says its map is
    sha256       TEXT NOT NULL,
    size         BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX source_file_natural ON source_file (workspace_id, launch_id, bundle, url, kind);
CREATE INDEX source_file_by_debug_id ON source_file (workspace_id, launch_id, debug_id, kind) WHERE debug_id <> '';
CREATE INDEX source_file_by_release ON source_file (workspace_id, launch_id, release, url) WHERE release <> '';
CREATE INDEX source_file_by_time ON source_file (workspace_id, launch_id, created_at DESC, id DESC);
