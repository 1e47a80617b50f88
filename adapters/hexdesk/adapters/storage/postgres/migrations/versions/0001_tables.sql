CREATE TABLE organizations (
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_organizations PRIMARY KEY (id),
    CONSTRAINT uq_organizations_slug UNIQUE (slug)
);

CREATE TABLE users (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    email text NOT NULL,
    full_name text,
    role text NOT NULL,
    is_active boolean NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_users_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin'))
);

CREATE INDEX ix_users_created_at ON users (organization_id, created_at, id);
CREATE UNIQUE INDEX uq_users_email ON users (lower(email));

CREATE TABLE sessions (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    ip text,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT pk_sessions PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_sessions_organization_id_user_id FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_sessions_user_id ON sessions (organization_id, user_id, ip);

CREATE TABLE refresh_tokens (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_refresh_tokens PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_refresh_tokens_organization_id_session_id
        FOREIGN KEY (organization_id, session_id) REFERENCES sessions (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_refresh_tokens_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (organization_id, session_id);

CREATE TABLE api_keys (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    role text NOT NULL,
    user_id uuid NOT NULL,
    key_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    expires_at timestamptz,
    CONSTRAINT pk_api_keys PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_api_keys_role CHECK (role IN ('user', 'admin')),
    CONSTRAINT fk_api_keys_organization_id_user_id FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash)
);

CREATE INDEX ix_api_keys_created_at ON api_keys (organization_id, created_at, id);
CREATE INDEX ix_api_keys_user_id ON api_keys (organization_id, user_id);

CREATE TABLE failed_sign_ins (
    id uuid NOT NULL,
    email_hash bytea NOT NULL,
    ip text,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_failed_sign_ins PRIMARY KEY (id)
);

CREATE INDEX ix_failed_sign_ins_created_at ON failed_sign_ins (created_at);

CREATE TABLE agents (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    name text,
    agent_type text,
    role text,
    prompt text,
    model_provider text,
    model_name text,
    temperature double precision,
    max_tokens integer,
    timeout double precision,
    mcp_enabled boolean,
    tools_enabled text[],
    require_approval text[],
    tone text,
    communication_style text,
    use_streaming boolean,
    response_length text,
    memory_retention integer,
    max_context_size integer,
    max_iterations integer,
    timeout_seconds double precision,
    configuration jsonb NOT NULL,
    is_active boolean NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_agents PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_agents_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT ck_agents_status CHECK (status IN ('unknown', 'ok', 'degraded', 'down'))
);

CREATE INDEX ix_agents_created_at ON agents (organization_id, created_at, id);

CREATE TABLE agent_history (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    changed_by_id uuid,
    action text NOT NULL,
    before jsonb,
    after jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_agent_history PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_agent_history_action
        CHECK (action IN ('created', 'updated', 'deactivated', 'deleted')),
    CONSTRAINT fk_agent_history_organization_id_changed_by_id
        FOREIGN KEY (organization_id, changed_by_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (changed_by_id)
);

CREATE INDEX ix_agent_history_agent_id ON agent_history (organization_id, agent_id, created_at, id);
CREATE INDEX ix_agent_history_changed_by_id ON agent_history (organization_id, changed_by_id);

CREATE TABLE threads (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    user_id uuid,
    held_by_id uuid,
    title text,
    channel text NOT NULL,
    status text NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_threads PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_threads_status
        CHECK (status IN ('active', 'waiting_approval', 'human', 'closed')),
    CONSTRAINT fk_threads_organization_id_agent_id FOREIGN KEY (organization_id, agent_id)
        REFERENCES agents (organization_id, id),
    CONSTRAINT fk_threads_organization_id_user_id FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (user_id),
    CONSTRAINT fk_threads_organization_id_held_by_id FOREIGN KEY (organization_id, held_by_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (held_by_id)
);

CREATE INDEX ix_threads_agent_id ON threads (organization_id, agent_id);
CREATE INDEX ix_threads_created_at ON threads (organization_id, created_at, id);
CREATE INDEX ix_threads_held_by_id ON threads (organization_id, held_by_id);
CREATE INDEX ix_threads_updated_at ON threads (organization_id, updated_at, id);
CREATE INDEX ix_threads_user_id ON threads (organization_id, user_id, created_at, id);

CREATE TABLE messages (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    thread_id uuid NOT NULL,
    run_id uuid,
    user_id uuid,
    role text NOT NULL,
    content text NOT NULL,
    attachments uuid[] NOT NULL,
    citations jsonb NOT NULL,
    tool_calls jsonb NOT NULL,
    confidence_score double precision,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_messages PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_messages_role CHECK (role IN ('user', 'assistant', 'human_agent', 'system')),
    CONSTRAINT fk_messages_organization_id_thread_id FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_messages_organization_id_user_id FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (user_id)
);

CREATE INDEX ix_messages_thread_id ON messages (organization_id, thread_id, created_at, id);
CREATE INDEX ix_messages_user_id ON messages (organization_id, user_id);

CREATE TABLE runs (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    thread_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    user_message_id uuid NOT NULL,
    principal jsonb NOT NULL,
    settings jsonb NOT NULL,
    status text NOT NULL,
    lease_token uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    steps bytea,
    response jsonb,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT pk_runs PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_runs_status CHECK (status IN ('running', 'completed', 'failed')),
    CONSTRAINT fk_runs_organization_id_thread_id FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_runs_lease_until ON runs (lease_until) WHERE status = 'running';
CREATE INDEX ix_runs_thread_id ON runs (organization_id, thread_id);
CREATE UNIQUE INDEX uq_runs_running ON runs (organization_id, thread_id) WHERE status = 'running';

CREATE TABLE run_events (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    run_id uuid NOT NULL,
    id integer NOT NULL,
    type text NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT pk_run_events PRIMARY KEY (organization_id, run_id, id),
    CONSTRAINT fk_run_events_organization_id_run_id FOREIGN KEY (organization_id, run_id)
        REFERENCES runs (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE agent_actions (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    run_id uuid NOT NULL,
    call_id text NOT NULL,
    thread_id uuid,
    task_id uuid,
    user_id uuid,
    tool text NOT NULL,
    arguments jsonb NOT NULL,
    status text NOT NULL,
    error text,
    duration_ms double precision NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_agent_actions PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_agent_actions_status
        CHECK (status IN ('ok', 'error', 'denied', 'awaiting_approval')),
    CONSTRAINT fk_agent_actions_organization_id_thread_id FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE SET NULL (thread_id),
    CONSTRAINT fk_agent_actions_organization_id_user_id FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (user_id),
    CONSTRAINT uq_agent_actions_organization_id_run_id_call_id
        UNIQUE (organization_id, run_id, call_id)
);

CREATE INDEX ix_agent_actions_agent_id ON agent_actions (organization_id, agent_id, created_at, id);
CREATE INDEX ix_agent_actions_thread_id ON agent_actions (organization_id, thread_id);
CREATE INDEX ix_agent_actions_user_id ON agent_actions (organization_id, user_id);

CREATE TABLE ticket_counters (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    last_number bigint NOT NULL,
    CONSTRAINT pk_ticket_counters PRIMARY KEY (organization_id),
    CONSTRAINT fk_ticket_counters_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);

CREATE TABLE tickets (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    number bigint NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    category text,
    tags text[] NOT NULL,
    assignee_id uuid,
    requester_email text,
    created_by_id uuid,
    source text NOT NULL,
    thread_id uuid,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    resolved_at timestamptz,
    requester text GENERATED ALWAYS AS (lower(requester_email)) STORED,
    CONSTRAINT pk_tickets PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_tickets_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT ck_tickets_status
        CHECK (status IN ('open', 'in_progress', 'waiting', 'resolved', 'closed')),
    CONSTRAINT ck_tickets_priority CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    CONSTRAINT fk_tickets_organization_id_assignee_id FOREIGN KEY (organization_id, assignee_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (assignee_id),
    CONSTRAINT fk_tickets_organization_id_created_by_id FOREIGN KEY (organization_id, created_by_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (created_by_id),
    CONSTRAINT fk_tickets_organization_id_thread_id FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE SET NULL (thread_id),
    CONSTRAINT uq_tickets_organization_id_number UNIQUE (organization_id, number)
);

CREATE INDEX ix_tickets_assignee_id ON tickets (organization_id, assignee_id, created_at, id);
CREATE INDEX ix_tickets_category ON tickets (organization_id, category, created_at, id);
CREATE INDEX ix_tickets_created_at ON tickets (organization_id, created_at, id);
CREATE INDEX ix_tickets_created_by_id ON tickets (organization_id, created_by_id);
CREATE INDEX ix_tickets_priority ON tickets (organization_id, priority, created_at, id);
CREATE INDEX ix_tickets_requester ON tickets (organization_id, requester, created_at, id);
CREATE INDEX ix_tickets_status ON tickets (organization_id, status, created_at, id);
CREATE INDEX ix_tickets_thread_id ON tickets (organization_id, thread_id);
CREATE INDEX ix_tickets_updated_at ON tickets (organization_id, updated_at, id);

CREATE TABLE ticket_comments (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    author_id uuid,
    author_type text NOT NULL,
    body text NOT NULL,
    internal boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_ticket_comments PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_ticket_comments_author_type CHECK (author_type IN ('user', 'agent', 'customer')),
    CONSTRAINT fk_ticket_comments_organization_id_ticket_id FOREIGN KEY (organization_id, ticket_id)
        REFERENCES tickets (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_ticket_comments_organization_id_author_id FOREIGN KEY (organization_id, author_id)
        REFERENCES users (organization_id, id) ON DELETE SET NULL (author_id)
);

CREATE INDEX ix_ticket_comments_author_id ON ticket_comments (organization_id, author_id);
CREATE INDEX ix_ticket_comments_ticket_id
    ON ticket_comments (organization_id, ticket_id, created_at, id);

CREATE TABLE integrations (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    is_active boolean NOT NULL,
    config jsonb NOT NULL,
    last_checked_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_integrations PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_integrations_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT ck_integrations_status CHECK (status IN ('unknown', 'ok', 'error'))
);

CREATE INDEX ix_integrations_created_at ON integrations (organization_id, created_at, id);

CREATE TABLE audit_events (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    id uuid NOT NULL,
    actor_type text NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    target_type text,
    target_id uuid,
    outcome text NOT NULL,
    ip text,
    request_id text,
    data jsonb NOT NULL,
    once_key text,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_audit_events PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_audit_events_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT ck_audit_events_actor_type
        CHECK (actor_type IN ('user', 'api_key', 'agent', 'customer', 'system')),
    CONSTRAINT ck_audit_events_outcome CHECK (outcome IN ('success', 'failure', 'denied'))
);

CREATE INDEX ix_audit_events_action ON audit_events (organization_id, action, created_at, id);
CREATE INDEX ix_audit_events_actor_id ON audit_events (organization_id, actor_id, created_at, id);
CREATE INDEX ix_audit_events_created_at ON audit_events (organization_id, created_at, id);
CREATE INDEX ix_audit_events_outcome ON audit_events (organization_id, outcome, created_at, id);
CREATE INDEX ix_audit_events_target_id ON audit_events (organization_id, target_id, created_at, id);
CREATE UNIQUE INDEX uq_audit_events_once_key
    ON audit_events (organization_id, once_key) WHERE once_key IS NOT NULL;

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    caller text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status integer,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    run_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (organization_id, caller, method, path, key),
    CONSTRAINT fk_idempotency_keys_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);

CREATE TABLE tool_calls (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    run_id uuid NOT NULL,
    call_id text NOT NULL,
    tool text NOT NULL,
    result bytea,
    CONSTRAINT pk_tool_calls PRIMARY KEY (organization_id, run_id, call_id),
    CONSTRAINT fk_tool_calls_organization_id_run_id FOREIGN KEY (organization_id, run_id)
        REFERENCES runs (organization_id, id) ON DELETE CASCADE
);
