-- +goose Up
-- What was found beside a report: looked for when it arrives and once more
-- when the minutes behind it have passed, so that lists can say it.
CREATE TABLE evidence_found (
    workspace_id TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    collected_at BIGINT NOT NULL,
    again_at     BIGINT NOT NULL DEFAULT 0, -- to be looked for again; 0: no more
    items        INTEGER NOT NULL,
    strength     TEXT NOT NULL,             -- of the best; '': nothing
    best_id      TEXT NOT NULL,
    title        TEXT NOT NULL,             -- of the best
    PRIMARY KEY (workspace_id, feedback_id)
);
CREATE INDEX evidence_found_again ON evidence_found (again_at) WHERE again_at > 0;

-- The best of it, and whatever people pinned.
CREATE TABLE evidence_item (
    workspace_id TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    evidence_id  TEXT NOT NULL, -- call:..., error:...
    place        INTEGER NOT NULL,
    at           BIGINT NOT NULL,
    score        DOUBLE PRECISION NOT NULL,
    strength     TEXT NOT NULL,
    item         JSONB NOT NULL, -- as the API has it
    PRIMARY KEY (workspace_id, feedback_id, evidence_id)
);
CREATE INDEX evidence_item_by_evidence ON evidence_item (workspace_id, evidence_id, feedback_id);

-- What people chose: a copy of its own, masked, that outlives its source.
CREATE TABLE evidence_pin (
    workspace_id TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    evidence_id  TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    by_hand      BOOLEAN NOT NULL, -- it was not proposed
    note         TEXT NOT NULL,
    item         JSONB NOT NULL,
    pinned_at    BIGINT NOT NULL,
    pinned_by    TEXT NOT NULL,    -- name
    PRIMARY KEY (workspace_id, feedback_id, evidence_id)
);
CREATE INDEX evidence_pin_by_evidence ON evidence_pin (workspace_id, evidence_id);

-- What members said of it, and what was learnt from that.
CREATE TABLE evidence_vote (
    workspace_id TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    evidence_id  TEXT NOT NULL,
    voter        TEXT NOT NULL,
    useful       BOOLEAN NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, feedback_id, evidence_id, voter)
);
CREATE TABLE evidence_weight (
    workspace_id TEXT PRIMARY KEY,
    weights      JSONB NOT NULL, -- {"time": 0.12, ...}: added to those of the model
    votes        BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL
);

-- Arrivals are followed by the time of receipt; what is imported is history.
CREATE INDEX feedback_by_receipt ON feedback (received_at) WHERE import_id = '';
