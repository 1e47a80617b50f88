CREATE TABLE agent_tasks (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    agent_id uuid,
    created_by_id uuid,
    task_type text NOT NULL,
    task_data jsonb NOT NULL,
    status text NOT NULL,
    progress double precision NOT NULL,
    priority integer NOT NULL,
    scheduled_at timestamptz,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    result jsonb,
    error text,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    principal jsonb NOT NULL,
    ready_at timestamptz NOT NULL,
    lease_token uuid,
    lease_until timestamptz,
    steps bytea,
    dedupe_key text,
    announce_at timestamptz NOT NULL,
    announcements integer DEFAULT 0 NOT NULL,
    CONSTRAINT pk_agent_tasks PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_agent_tasks_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT ck_agent_tasks_status
        CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT ck_agent_tasks_priority CHECK (priority BETWEEN 0 AND 9),
    CONSTRAINT fk_agent_tasks_organization_id_agent_id FOREIGN KEY (organization_id, agent_id)
        REFERENCES agents (organization_id, id) ON DELETE SET NULL (agent_id),
    CONSTRAINT fk_agent_tasks_organization_id_created_by_id
        FOREIGN KEY (organization_id, created_by_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (created_by_id)
);

CREATE INDEX ix_agent_tasks_created_at ON agent_tasks (organization_id, created_at, id);
CREATE INDEX ix_agent_tasks_status ON agent_tasks (organization_id, status, created_at, id);
CREATE INDEX ix_agent_tasks_agent_id ON agent_tasks (organization_id, agent_id, created_at, id);
CREATE INDEX ix_agent_tasks_created_by_id
    ON agent_tasks (organization_id, created_by_id, created_at, id);
CREATE UNIQUE INDEX uq_agent_tasks_dedupe_key ON agent_tasks (organization_id, dedupe_key)
    WHERE dedupe_key IS NOT NULL;
CREATE INDEX ix_agent_tasks_due ON agent_tasks (priority, announce_at)
    WHERE status IN ('queued', 'running');

-- Those that were never checked come first.
ALTER TABLE agents ADD COLUMN checked_at timestamptz DEFAULT '-infinity' NOT NULL;
CREATE INDEX ix_agents_checked_at ON agents (checked_at) WHERE is_active;

-- A run may be that of a task, which has no row in runs. What is there already is as old as now.
ALTER TABLE tool_calls DROP CONSTRAINT fk_tool_calls_organization_id_run_id;
ALTER TABLE tool_calls ADD CONSTRAINT fk_tool_calls_organization_id
    FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE;
ALTER TABLE tool_calls ADD COLUMN created_at timestamptz DEFAULT now() NOT NULL;
CREATE INDEX ix_tool_calls_created_at ON tool_calls (created_at);

DROP FUNCTION find_organizations_with_expired(timestamptz, timestamptz, timestamptz, integer);

CREATE FUNCTION find_organizations_with_expired(
    events_since timestamptz, answers_since timestamptz, tokens_since timestamptz,
    calls_since timestamptz, most integer
)
RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10
AS $$
    SELECT r.organization_id FROM public.runs AS r
    WHERE r.keeps_events AND r.status <> 'running' AND r.created_at < events_since
    UNION
    SELECT k.organization_id FROM public.idempotency_keys AS k
    WHERE k.created_at < answers_since
    UNION
    SELECT t.organization_id FROM public.refresh_tokens AS t
    WHERE t.expires_at < tokens_since
    UNION
    SELECT c.organization_id FROM public.tool_calls AS c
    WHERE c.created_at < calls_since
    LIMIT most
$$;

-- A look at the front of each priority: one sort of all that is due would read all of it.

CREATE FUNCTION find_due_tasks(most integer)
RETURNS TABLE (task_id uuid, organization_id uuid, priority integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100
AS $$
    SELECT t.id, t.organization_id, p.priority FROM generate_series(0, 9) AS p (priority)
    CROSS JOIN LATERAL (
        SELECT a.id, a.organization_id, a.announce_at FROM public.agent_tasks AS a
        WHERE a.status IN ('queued', 'running')
            AND a.priority = p.priority AND a.announce_at <= now()
        ORDER BY a.announce_at LIMIT most
    ) AS t
    ORDER BY p.priority, t.announce_at, t.id
    LIMIT most
$$;

CREATE FUNCTION find_agents_to_check(before timestamptz, most integer)
RETURNS TABLE (agent_id uuid, organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100
AS $$
    SELECT a.id, a.organization_id FROM public.agents AS a
    WHERE a.is_active AND a.checked_at < before
    ORDER BY a.checked_at, a.id LIMIT most
$$;
