CREATE TABLE channel_connections (
    organization_id uuid
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid NOT NULL,
    integration_id uuid NOT NULL,
    channel text NOT NULL,
    account text,
    key text NOT NULL,
    lease_token uuid,
    lease_until timestamptz,
    CONSTRAINT pk_channel_connections PRIMARY KEY (organization_id, integration_id),
    CONSTRAINT fk_channel_connections_organization_id_integration_id
        FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE
);

-- In all organizations: of an account there is one connection.
CREATE UNIQUE INDEX uq_channel_connections_account ON channel_connections (channel, account)
    WHERE account IS NOT NULL;
CREATE INDEX ix_channel_connections_integration_id ON channel_connections (integration_id);
CREATE INDEX ix_channel_connections_lease_until ON channel_connections (channel, lease_until);

CREATE TABLE channel_inbounds (
    organization_id uuid
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    channel text NOT NULL,
    dedupe_key text NOT NULL,
    order_key text NOT NULL,
    content jsonb NOT NULL,
    status text NOT NULL,
    note text,
    thread_id uuid,
    message_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_channel_inbounds PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_channel_inbounds_status CHECK (status IN ('pending', 'done', 'failed')),
    CONSTRAINT fk_channel_inbounds_organization_id_integration_id
        FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_channel_inbounds_organization_id_thread_id
        FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_channel_inbounds_organization_id_integration_id_dedupe_key
        UNIQUE (organization_id, integration_id, dedupe_key)
);

CREATE INDEX ix_channel_inbounds_thread_id ON channel_inbounds (organization_id, thread_id);
CREATE INDEX ix_channel_inbounds_order_key
    ON channel_inbounds (organization_id, integration_id, order_key) WHERE status = 'pending';

CREATE TABLE channel_conversations (
    organization_id uuid
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid NOT NULL,
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    channel text NOT NULL,
    thread_id uuid NOT NULL,
    conversation_key text NOT NULL,
    recipient jsonb NOT NULL,
    subject text,
    reply_to text,
    hints jsonb NOT NULL,
    last_sequence integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_channel_conversations PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_channel_conversations_organization_id_integration_id
        FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_channel_conversations_organization_id_thread_id
        FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_channel_conversations_organization_id_thread_id
        UNIQUE (organization_id, thread_id)
);

CREATE INDEX ix_channel_conversations_integration_id
    ON channel_conversations (organization_id, integration_id);

CREATE TABLE channel_conversation_names (
    organization_id uuid
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid NOT NULL,
    integration_id uuid NOT NULL,
    name text NOT NULL,
    conversation_id uuid NOT NULL,
    CONSTRAINT pk_channel_conversation_names PRIMARY KEY (organization_id, integration_id, name),
    CONSTRAINT fk_channel_conversation_names_organization_id_conversation_id
        FOREIGN KEY (organization_id, conversation_id)
        REFERENCES channel_conversations (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_channel_conversation_names_conversation_id
    ON channel_conversation_names (organization_id, conversation_id);

CREATE TABLE channel_deliveries (
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
    conversation_id uuid NOT NULL,
    message_id uuid NOT NULL,
    sequence integer NOT NULL,
    external_id text,
    CONSTRAINT pk_channel_deliveries PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_channel_deliveries_organization_id_conversation_id
        FOREIGN KEY (organization_id, conversation_id)
        REFERENCES channel_conversations (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_channel_deliveries_status
        CHECK (status IN ('pending', 'delivered', 'failed', 'delivery_unknown')),
    CONSTRAINT uq_channel_deliveries_organization_id_conversation_id_sequence
        UNIQUE (organization_id, conversation_id, sequence)
);

CREATE INDEX ix_channel_deliveries_integration_id
    ON channel_deliveries (organization_id, integration_id, created_at, id);

CREATE FUNCTION find_connection(wanted uuid)
RETURNS TABLE (integration_id uuid, organization_id uuid, channel text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1
AS $$
    SELECT c.integration_id, c.organization_id, c.channel FROM public.channel_connections AS c
    JOIN public.integrations AS i
        ON i.organization_id = c.organization_id AND i.id = c.integration_id
    WHERE c.integration_id = wanted AND i.is_active
$$;

CREATE FUNCTION find_connection_of(of_channel text, of_account text)
RETURNS TABLE (integration_id uuid, organization_id uuid, channel text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1
AS $$
    SELECT c.integration_id, c.organization_id, c.channel FROM public.channel_connections AS c
    JOIN public.integrations AS i
        ON i.organization_id = c.organization_id AND i.id = c.integration_id
    WHERE c.channel = of_channel AND c.account = of_account AND i.is_active
$$;

CREATE FUNCTION find_idle_connections(channels text[], most integer)
RETURNS TABLE (integration_id uuid, organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10
AS $$
    SELECT c.integration_id, c.organization_id FROM public.channel_connections AS c
    JOIN public.integrations AS i
        ON i.organization_id = c.organization_id AND i.id = c.integration_id
    WHERE c.channel = ANY (channels) AND i.is_active
        AND (c.lease_until IS NULL OR c.lease_until <= now())
    ORDER BY c.lease_until NULLS FIRST, c.integration_id
    LIMIT most
$$;
