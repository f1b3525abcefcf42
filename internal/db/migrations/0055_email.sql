-- +goose Up
-- How far a mailbox was read, and which node reads it.
CREATE TABLE mailbox (
    workspace_id TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    place        TEXT NOT NULL DEFAULT '',  -- account and folder; another one is read anew
    uid_validity BIGINT NOT NULL DEFAULT 0, -- RFC 9051 2.3.1.1: with another one all UIDs are others
    uid          BIGINT NOT NULL DEFAULT 0, -- what is in the ledger, up to here
    since        BIGINT NOT NULL DEFAULT 0, -- newest mail that is; where to begin when the UIDs are others
    holder       TEXT NOT NULL DEFAULT '',
    held_until   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, channel_id)
);

-- What became of mail. It names nobody: senders are keyed hashes.
CREATE TABLE mail (
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    became       TEXT NOT NULL,            -- report, message, note, bounce, none
    feedback_id  TEXT NOT NULL DEFAULT '', -- of the thread; '' for a new report, which is found by its natural key
    topic        TEXT NOT NULL,            -- keyed hash of sender and subject
    sender       TEXT NOT NULL,            -- keyed hash
    received_at  BIGINT NOT NULL,
    acked_at     BIGINT NOT NULL DEFAULT 0, -- an acknowledgement was promised
    ack_due      BIGINT NOT NULL DEFAULT 0, -- and goes out then
    ack_attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, launch_id, message_id)
);
CREATE INDEX mail_by_topic ON mail (workspace_id, launch_id, topic, received_at);
CREATE INDEX mail_by_sender ON mail (workspace_id, sender, acked_at) WHERE acked_at <> 0;
CREATE INDEX mail_ack_due ON mail (ack_due) WHERE ack_due <> 0;
CREATE INDEX mail_by_age ON mail (received_at);

-- Which report an address with a token is of.
CREATE TABLE reply_address (
    token        TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    launch_id    TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    feedback_id  TEXT NOT NULL,
    created_at   BIGINT NOT NULL
);
