-- +goose Up
-- What happens to personal data and secrets; one row a workspace, and one a
-- launch that has rules of its own.
CREATE TABLE privacy_policy (
    workspace_id   TEXT NOT NULL,
    launch_id      TEXT NOT NULL,           -- '': the workspace's
    kinds          JSONB NOT NULL,          -- kind -> rule; what it does not name is as the workspace, or the product, has it
    reveal_roles   TEXT NOT NULL DEFAULT '',-- who may see originals, by comma; only of the workspace
    retention_days INTEGER NOT NULL DEFAULT 0,
    updated_at     BIGINT NOT NULL,
    updated_by     TEXT NOT NULL,
    PRIMARY KEY (workspace_id, launch_id)
);

-- Originals of what was covered, where the policy says that they are kept:
-- sealed under the process's master key for their place.
CREATE TABLE sealed_original (
    workspace_id TEXT NOT NULL,
    subject_kind TEXT NOT NULL,             -- feedback
    subject_id   TEXT NOT NULL,
    field        TEXT NOT NULL,             -- text, title, url, attrs.NAME
    place        INTEGER NOT NULL,          -- byte of the placeholder in the covered text
    kind         TEXT NOT NULL,
    sealed       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, subject_kind, subject_id, field, place)
);
CREATE INDEX sealed_original_by_end ON sealed_original (expires_at);
