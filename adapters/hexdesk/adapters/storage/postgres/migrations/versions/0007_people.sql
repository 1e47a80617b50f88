CREATE TABLE approvals (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    thread_id uuid NOT NULL,
    run_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    tool text NOT NULL,
    arguments jsonb NOT NULL,
    arguments_hash text NOT NULL,
    status text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    decided_by_id uuid,
    decided_at timestamptz,
    resumed_run_id uuid,
    call_id text NOT NULL,
    schema_hash text NOT NULL,
    note text,
    sealed bytea NOT NULL,
    CONSTRAINT pk_approvals PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_approvals_status
        CHECK (status IN ('pending', 'approved', 'denied', 'expired')),
    CONSTRAINT fk_approvals_organization_id_thread_id FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_approvals_organization_id_run_id FOREIGN KEY (organization_id, run_id)
        REFERENCES runs (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_approvals_organization_id_decided_by_id
        FOREIGN KEY (organization_id, decided_by_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (decided_by_id),
    CONSTRAINT uq_approvals_organization_id_run_id_call_id
        UNIQUE (organization_id, run_id, call_id)
);

CREATE INDEX ix_approvals_created_at ON approvals (organization_id, created_at, id);
CREATE INDEX ix_approvals_decided_by_id ON approvals (organization_id, decided_by_id);
CREATE INDEX ix_approvals_thread_id ON approvals (organization_id, thread_id, created_at, id);
CREATE INDEX ix_approvals_expires_at ON approvals (expires_at) WHERE status = 'pending';
CREATE INDEX ix_approvals_decided_at ON approvals (decided_at)
    WHERE resumed_run_id IS NULL AND status IN ('approved', 'denied');

-- The approval whose decision began a run.
ALTER TABLE runs ADD COLUMN approval_id uuid;

CREATE FUNCTION find_due_approvals(most integer)
RETURNS TABLE (approval_id uuid, organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10
AS $$
    SELECT due.id, due.organization_id FROM (
        SELECT a.id, a.organization_id, a.expires_at AS since FROM public.approvals AS a
        WHERE a.status = 'pending' AND a.expires_at <= now()
        UNION ALL
        SELECT a.id, a.organization_id, a.decided_at AS since FROM public.approvals AS a
        JOIN public.threads AS t ON t.organization_id = a.organization_id AND t.id = a.thread_id
        WHERE a.resumed_run_id IS NULL AND a.status IN ('approved', 'denied')
            AND t.status <> 'human'
            AND NOT EXISTS (
                SELECT FROM public.runs AS r
                WHERE r.organization_id = a.organization_id AND r.thread_id = a.thread_id
                    AND r.status = 'running'
            )
    ) AS due
    ORDER BY due.since, due.id
    LIMIT most
$$;
