-- +goose Up
-- Who: workspaces, people who work in them, what they may sign in with.
CREATE TABLE workspace (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE, -- lower case
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,        -- argon2id, PHC string
    created_at    BIGINT NOT NULL
);

CREATE TABLE member (
    workspace_id TEXT NOT NULL REFERENCES workspace (id),
    account_id   TEXT NOT NULL REFERENCES account (id),
    role         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    disabled_at  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, account_id)
);
CREATE INDEX member_by_account ON member (account_id);

CREATE TABLE session (
    hash         TEXT PRIMARY KEY,      -- SHA-256 of the cookie
    workspace_id TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    agent        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX session_by_account ON session (account_id);
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE api_token (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,         -- first characters, to recognise it by
    hash         TEXT NOT NULL UNIQUE,  -- SHA-256 of the secret
    role         TEXT NOT NULL,
    created_by   TEXT NOT NULL DEFAULT '',
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL DEFAULT 0,
    revoked_at   BIGINT NOT NULL DEFAULT 0,
    last_used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX api_token_by_workspace ON api_token (workspace_id, created_at DESC);

-- The one-time link that makes the first owner.
CREATE TABLE setup_link (
    hash       TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE audit (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    at           BIGINT NOT NULL,
    actor_kind   TEXT NOT NULL,
    actor_id     TEXT NOT NULL,
    actor_name   TEXT NOT NULL,
    action       TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    detail       JSONB NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

-- Numbers that people say aloud: HC-12, feedback 1042.
CREATE TABLE counter (
    workspace_id TEXT NOT NULL,
    name         TEXT NOT NULL,
    value        BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, name)
);

CREATE TABLE launch (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    scope        TEXT NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    time_zone    TEXT NOT NULL,
    services     JSONB NOT NULL,  -- {"items": [...]}
    baseline     JSONB NOT NULL DEFAULT '{}',
    state        TEXT NOT NULL,   -- active, archived
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

CREATE TABLE person (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    email        TEXT NOT NULL DEFAULT '', -- for showing; identities decide
    language     TEXT NOT NULL DEFAULT '',
    attrs        JSONB NOT NULL DEFAULT '{}',
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX person_by_time ON person (workspace_id, created_at DESC, id DESC);

CREATE TABLE person_identity (
    workspace_id TEXT NOT NULL,
    kind         TEXT NOT NULL, -- email, user_id, session_id, external_id
    value        TEXT NOT NULL,
    person_id    TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, value)
);
CREATE INDEX person_identity_by_person ON person_identity (workspace_id, person_id);
