-- Once the events of a run are forgotten, it is no longer looked at.
ALTER TABLE runs ADD COLUMN keeps_events boolean DEFAULT true NOT NULL;

CREATE INDEX ix_runs_keeps_events ON runs (created_at)
    WHERE keeps_events AND status <> 'running';
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_refresh_tokens_expires_at ON refresh_tokens (expires_at);

CREATE FUNCTION find_organizations_with_expired(
    events_since timestamptz, answers_since timestamptz, tokens_since timestamptz, most integer
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
    LIMIT most
$$;
