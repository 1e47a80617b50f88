CREATE TABLE attached_tools (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    accepted TEXT NOT NULL,
    changed TEXT,
    is_gone INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name),
    FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX ix_attached_tools_integration_id ON attached_tools (organization_id, integration_id);
