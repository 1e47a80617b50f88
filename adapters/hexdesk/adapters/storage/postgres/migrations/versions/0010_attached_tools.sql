CREATE TABLE attached_tools (
    organization_id uuid
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    accepted jsonb NOT NULL,
    changed jsonb,
    is_gone boolean NOT NULL,
    accepted_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_attached_tools PRIMARY KEY (organization_id, id),
    CONSTRAINT uq_attached_tools_organization_id_name UNIQUE (organization_id, name),
    CONSTRAINT fk_attached_tools_organization_id_integration_id
        FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_attached_tools_integration_id ON attached_tools (organization_id, integration_id);
