-- +goose Up
-- What is known of people beyond who they are: the organisation they belong
-- to, by the domain of their address or by hand; and the person that has their
-- reports now, when two turned out to be one.
ALTER TABLE person ADD COLUMN domain TEXT NOT NULL DEFAULT '';          -- of the e-mail address
ALTER TABLE person ADD COLUMN phone TEXT NOT NULL DEFAULT '';           -- only where the workspace keeps numbers
ALTER TABLE person ADD COLUMN organisation_id TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN organisation_by TEXT NOT NULL DEFAULT ''; -- domain, hand
ALTER TABLE person ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
-- What stands behind the last @, in words that both databases have.
UPDATE person SET domain = replace(email, rtrim(email, replace(email, '@', '')), '') WHERE email LIKE '%@%';
DROP INDEX person_by_time;
CREATE INDEX person_by_time ON person (workspace_id, created_at DESC, id DESC) WHERE merged_into = '';
CREATE INDEX person_by_domain ON person (workspace_id, domain, name) WHERE domain <> '';
CREATE INDEX person_by_organisation ON person (workspace_id, organisation_id, created_at DESC, id DESC) WHERE organisation_id <> '';
CREATE INDEX person_by_merge ON person (workspace_id, merged_into) WHERE merged_into <> '';

-- The identities that a report came by, as a JSON list: what it takes to give
-- the right reports along when a person is split.
ALTER TABLE feedback ADD COLUMN came_by TEXT NOT NULL DEFAULT '';

-- Weak signs: many people share one. They never say who somebody is.
CREATE TABLE person_sign (
    workspace_id TEXT NOT NULL,
    kind         TEXT NOT NULL, -- application, address_agent
    value        TEXT NOT NULL, -- address_agent: a keyed hash
    person_id    TEXT NOT NULL,
    first_at     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, value, person_id)
);
CREATE INDEX person_sign_by_person ON person_sign (workspace_id, person_id);
CREATE INDEX person_sign_by_age ON person_sign (last_at);

-- Two persons who may be the same. What people decided stays, so that nothing
-- is suggested twice.
CREATE TABLE person_suggestion (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    a            TEXT NOT NULL, -- a < b
    b            TEXT NOT NULL,
    kind         TEXT NOT NULL, -- identities, address_agent, name_organisation
    reason       TEXT NOT NULL,
    score        DOUBLE PRECISION NOT NULL,
    state        TEXT NOT NULL, -- open, merged, different
    created_at   BIGINT NOT NULL,
    decided_at   BIGINT NOT NULL DEFAULT 0,
    decided_by   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX person_suggestion_pair ON person_suggestion (workspace_id, a, b);
CREATE INDEX person_suggestion_open ON person_suggestion (workspace_id, score DESC, id DESC) WHERE state = 'open';
CREATE INDEX person_suggestion_by_b ON person_suggestion (workspace_id, b);

-- What was merged and split, and what it takes to go back.
CREATE TABLE person_merge (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    kind         TEXT NOT NULL, -- merge, split
    from_id      TEXT NOT NULL,
    into_id      TEXT NOT NULL,
    reason       TEXT NOT NULL,
    actor_kind   TEXT NOT NULL,
    actor_id     TEXT NOT NULL,
    actor_name   TEXT NOT NULL,
    at           BIGINT NOT NULL,
    undone_at    BIGINT NOT NULL DEFAULT 0,
    detail       JSONB NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX person_merge_by_from ON person_merge (workspace_id, from_id, at DESC);
CREATE INDEX person_merge_by_into ON person_merge (workspace_id, into_id, at DESC);

CREATE TABLE organisation (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    key          TEXT NOT NULL, -- the name in lower case: what finds it
    attrs        JSONB NOT NULL DEFAULT '{}',
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX organisation_by_key ON organisation (workspace_id, key);

CREATE TABLE organisation_domain (
    workspace_id    TEXT NOT NULL,
    domain          TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    PRIMARY KEY (workspace_id, domain)
);
CREATE INDEX organisation_domain_by_organisation ON organisation_domain (workspace_id, organisation_id);

-- Named filters over attributes of people and of their organisations.
CREATE TABLE segment (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    key          TEXT NOT NULL, -- the name in lower case
    conditions   JSONB NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX segment_by_key ON segment (workspace_id, key);

-- What the workspace says about numbers of telephones.
CREATE TABLE person_setting (
    workspace_id TEXT NOT NULL PRIMARY KEY,
    keep_phone   BOOLEAN NOT NULL DEFAULT FALSE,
    calling_code TEXT NOT NULL DEFAULT '' -- of numbers that name no country
);

-- Erasing a person is work in the background. When it is done the row says
-- that it was, and not whom.
CREATE TABLE person_erasure (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    person_id    TEXT NOT NULL, -- '' when it is done
    who          TEXT NOT NULL, -- ids and identities, as JSON; '{}' when it is done
    state        TEXT NOT NULL, -- running, done
    step         TEXT NOT NULL DEFAULT '',
    done         INTEGER NOT NULL DEFAULT 0,
    steps        INTEGER NOT NULL DEFAULT 0,
    counts       JSONB NOT NULL DEFAULT '{}', -- store to how much was removed
    error        TEXT NOT NULL DEFAULT '',
    actor_kind   TEXT NOT NULL,
    actor_id     TEXT NOT NULL,
    actor_name   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX person_erasure_by_time ON person_erasure (workspace_id, created_at DESC, id DESC);

-- Whether a file is still somebody's when one that had it goes.
CREATE INDEX attachment_by_file ON attachment (sha256);
CREATE INDEX delivery_by_file ON delivery (file) WHERE file <> '';
-- Deliveries in formats of others, to look through for whom they name.
CREATE INDEX delivery_foreign ON delivery (workspace_id, id) WHERE format <> '';
