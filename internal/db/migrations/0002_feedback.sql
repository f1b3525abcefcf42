-- +goose Up
-- What comes in. The ledger of deliveries is also the queue of what is still
-- to be processed: a row in state 'accepted' is work, whoever died meanwhile.
CREATE TABLE delivery (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    channel      TEXT NOT NULL,
    natural_key  TEXT,            -- NULL: never a duplicate
    import_id    TEXT NOT NULL DEFAULT '',
    payload      BYTEA NOT NULL,  -- as it came
    content_type TEXT NOT NULL,
    state        TEXT NOT NULL,   -- accepted, processed, dead, undone
    reason       TEXT NOT NULL DEFAULT '',
    attempts     INTEGER NOT NULL DEFAULT 0,
    received_at  BIGINT NOT NULL,
    due_at       BIGINT NOT NULL, -- not to be claimed before: back-off, lease
    processed_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX delivery_natural ON delivery (workspace_id, launch_id, channel, natural_key) WHERE natural_key IS NOT NULL;
CREATE INDEX delivery_work ON delivery (due_at, id) WHERE state = 'accepted';
CREATE INDEX delivery_by_launch ON delivery (workspace_id, launch_id, id DESC);
CREATE INDEX delivery_by_state ON delivery (workspace_id, launch_id, state, id DESC);
CREATE INDEX delivery_by_import ON delivery (workspace_id, import_id, state) WHERE import_id <> '';

CREATE TABLE idempotency (
    workspace_id TEXT NOT NULL,
    key          TEXT NOT NULL,
    body_hash    TEXT NOT NULL,
    answer       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE feedback (
    workspace_id        TEXT NOT NULL,
    id                  TEXT NOT NULL, -- the delivery's id
    num                 BIGINT NOT NULL,
    launch_id           TEXT NOT NULL,
    import_id           TEXT NOT NULL DEFAULT '',
    channel             TEXT NOT NULL,
    external_id         TEXT NOT NULL DEFAULT '',
    title               TEXT NOT NULL,
    text                TEXT NOT NULL,
    occurred_at         BIGINT NOT NULL,
    received_at         BIGINT NOT NULL,
    person_id           TEXT NOT NULL DEFAULT '',
    author_name         TEXT NOT NULL DEFAULT '',
    author_email        TEXT NOT NULL DEFAULT '',
    rating              DOUBLE PRECISION NOT NULL DEFAULT 0, -- 0: none
    app_version         TEXT NOT NULL DEFAULT '',
    url                 TEXT NOT NULL DEFAULT '',
    attrs               JSONB NOT NULL DEFAULT '{}',
    state               TEXT NOT NULL, -- new, accepted, ignored, spam
    issue_id            TEXT NOT NULL DEFAULT '',
    assignee_id         TEXT NOT NULL DEFAULT '',
    tags                TEXT NOT NULL DEFAULT '', -- sorted, comma separated
    language            TEXT NOT NULL DEFAULT '',
    category            TEXT NOT NULL DEFAULT '',
    category_confidence DOUBLE PRECISION NOT NULL DEFAULT 0,
    sentiment           TEXT NOT NULL DEFAULT '',
    sentiment_score     DOUBLE PRECISION NOT NULL DEFAULT 0,
    emotion             TEXT NOT NULL DEFAULT '',
    severity            TEXT NOT NULL DEFAULT '',
    severity_confidence DOUBLE PRECISION NOT NULL DEFAULT 0,
    area                TEXT NOT NULL DEFAULT '',
    summary             TEXT NOT NULL DEFAULT '',
    security            BOOLEAN NOT NULL DEFAULT FALSE,
    unsure              BOOLEAN NOT NULL DEFAULT FALSE,
    alike               INTEGER NOT NULL DEFAULT 0, -- earlier items that look like it
    duplicate_of        TEXT NOT NULL DEFAULT '',   -- best of them
    fingerprint         TEXT NOT NULL DEFAULT '',
    reading             JSONB NOT NULL DEFAULT '{}', -- nlp.Result
    pass                INTEGER NOT NULL DEFAULT 0,  -- 0 first pass, 1 with sentence vectors
    static_vector       BYTEA,
    sentence_vector     BYTEA,
    changed_at          BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX feedback_by_num ON feedback (workspace_id, num);
CREATE INDEX feedback_by_launch ON feedback (workspace_id, launch_id, num);
CREATE INDEX feedback_by_change ON feedback (workspace_id, launch_id, changed_at);
CREATE INDEX feedback_by_issue ON feedback (workspace_id, issue_id, num DESC) WHERE issue_id <> '';
CREATE INDEX feedback_by_import ON feedback (workspace_id, import_id, pass) WHERE import_id <> '';
CREATE INDEX feedback_by_person ON feedback (workspace_id, person_id, num DESC) WHERE person_id <> '';
CREATE INDEX feedback_unread ON feedback (id) WHERE pass = 0;
CREATE INDEX feedback_unread_by_launch ON feedback (workspace_id, launch_id) WHERE pass = 0;

CREATE TABLE attachment (
    workspace_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    delivery_id  TEXT NOT NULL, -- also the feedback's id
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size         BIGINT NOT NULL,
    sha256       TEXT NOT NULL, -- names the file
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX attachment_by_delivery ON attachment (workspace_id, delivery_id);
