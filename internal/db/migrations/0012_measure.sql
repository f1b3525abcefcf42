-- +goose Up
-- What happened in a launch, newest first, without asking issue by issue.
ALTER TABLE issue_history ADD COLUMN launch_id TEXT NOT NULL DEFAULT '';
UPDATE issue_history SET launch_id = COALESCE((SELECT i.launch_id FROM issue i WHERE i.workspace_id = issue_history.workspace_id AND i.id = issue_history.issue_id), '');
CREATE INDEX issue_history_by_launch ON issue_history (workspace_id, launch_id, at DESC, id DESC);

-- How many were open at any time, by severity, without reading a row.
CREATE INDEX issue_open ON issue (workspace_id, launch_id, severity, created_at, closed_at) WHERE merged_into = '';

-- Within how many minutes reports are to be triaged; 0: as the product says.
ALTER TABLE launch ADD COLUMN triage_target BIGINT NOT NULL DEFAULT 0;
