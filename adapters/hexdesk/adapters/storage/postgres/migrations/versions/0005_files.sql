CREATE TABLE files (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    filename text NOT NULL,
    content_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    status text NOT NULL,
    progress double precision NOT NULL,
    error text,
    summary text,
    metadata jsonb NOT NULL,
    task_id uuid,
    uploaded_by_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_files PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_files_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_files_organization_id_uploaded_by_id FOREIGN KEY (organization_id, uploaded_by_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (uploaded_by_id),
    CONSTRAINT uq_files_organization_id_sha256_uploaded_by_id
        UNIQUE (organization_id, sha256, uploaded_by_id),
    CONSTRAINT ck_files_status CHECK (status IN ('queued', 'processing', 'ready', 'failed'))
);

CREATE INDEX ix_files_created_at ON files (organization_id, created_at, id);
CREATE INDEX ix_files_uploaded_by_id ON files (organization_id, uploaded_by_id, created_at, id);

CREATE TABLE file_sections (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    file_id uuid NOT NULL,
    position integer NOT NULL,
    page integer,
    sheet text,
    text text NOT NULL,
    CONSTRAINT pk_file_sections PRIMARY KEY (organization_id, file_id, position),
    CONSTRAINT fk_file_sections_organization_id_file_id FOREIGN KEY (organization_id, file_id)
        REFERENCES files (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE agent_files (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    agent_id uuid NOT NULL,
    file_id uuid NOT NULL,
    CONSTRAINT pk_agent_files PRIMARY KEY (organization_id, agent_id, file_id),
    CONSTRAINT fk_agent_files_organization_id_agent_id FOREIGN KEY (organization_id, agent_id)
        REFERENCES agents (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_agent_files_organization_id_file_id FOREIGN KEY (organization_id, file_id)
        REFERENCES files (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_agent_files_file_id ON agent_files (organization_id, file_id);
