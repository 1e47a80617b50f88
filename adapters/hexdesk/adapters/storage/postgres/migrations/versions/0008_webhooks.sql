CREATE TABLE webhook_deliveries (
    organization_id uuid
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    event_type text NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    last_status_code integer,
    last_error text,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL,
    delivered_at timestamptz,
    attempt_log jsonb NOT NULL,
    payload bytea NOT NULL,
    task_id uuid NOT NULL,
    tries integer NOT NULL,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_webhook_deliveries_organization_id_integration_id
        FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_webhook_deliveries_status
        CHECK (status IN ('pending', 'delivered', 'failed', 'delivery_unknown'))
);

CREATE INDEX ix_webhook_deliveries_created_at ON webhook_deliveries (created_at);
CREATE INDEX ix_webhook_deliveries_integration_id
    ON webhook_deliveries (organization_id, integration_id, created_at, id);
-- Whoever has no webhook finds an empty index.
CREATE INDEX ix_integrations_webhooks ON integrations (organization_id)
    WHERE type = 'webhook' AND is_active;

CREATE FUNCTION find_organizations_with_old_deliveries(since timestamptz, most integer)
RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10
AS $$
    SELECT DISTINCT d.organization_id FROM public.webhook_deliveries AS d
    WHERE d.created_at < since
    LIMIT most
$$;
