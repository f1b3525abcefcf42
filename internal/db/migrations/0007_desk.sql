-- +goose Up
-- When a feedback was done with (it left the state new; 0: it has not), and
-- until when people put it off (0: not put off).
ALTER TABLE feedback ADD COLUMN triaged_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE feedback ADD COLUMN snoozed_until BIGINT NOT NULL DEFAULT 0;
UPDATE feedback SET triaged_at = changed_at WHERE state <> 'new';
CREATE INDEX feedback_snoozed ON feedback (snoozed_until) WHERE snoozed_until <> 0;
