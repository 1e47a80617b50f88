-- Times are microseconds since 1970 in UTC, ids are text, and what has parts is JSON.
-- The organization of a row is that of the transaction that stores it.

CREATE TABLE organizations (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug)
) STRICT;

CREATE TABLE users (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    full_name TEXT,
    role TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CHECK (role IN ('user', 'admin'))
) STRICT;

CREATE INDEX ix_users_created_at ON users (organization_id, created_at, id);
CREATE UNIQUE INDEX uq_users_email ON users (lower(email));

CREATE TABLE sessions (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    ip TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX ix_sessions_user_id ON sessions (organization_id, user_id, ip);

CREATE TABLE refresh_tokens (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, session_id)
        REFERENCES sessions (organization_id, id) ON DELETE CASCADE,
    UNIQUE (token_hash)
) STRICT;

CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (organization_id, session_id);

CREATE TABLE api_keys (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    role TEXT NOT NULL,
    user_id TEXT NOT NULL,
    key_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER,
    PRIMARY KEY (organization_id, id),
    CHECK (role IN ('user', 'admin')),
    FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id) ON DELETE CASCADE,
    UNIQUE (key_hash)
) STRICT;

CREATE INDEX ix_api_keys_created_at ON api_keys (organization_id, created_at, id);
CREATE INDEX ix_api_keys_user_id ON api_keys (organization_id, user_id);

CREATE TABLE failed_sign_ins (
    id TEXT NOT NULL,
    email_hash BLOB NOT NULL,
    ip TEXT,
    request_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (now()),
    PRIMARY KEY (id)
) STRICT;

CREATE INDEX ix_failed_sign_ins_created_at ON failed_sign_ins (created_at);

CREATE TABLE agents (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    name TEXT,
    agent_type TEXT,
    role TEXT,
    prompt TEXT,
    model_provider TEXT,
    model_name TEXT,
    temperature REAL,
    max_tokens INTEGER,
    timeout REAL,
    mcp_enabled INTEGER,
    tools_enabled TEXT,
    require_approval TEXT,
    tone TEXT,
    communication_style TEXT,
    use_streaming INTEGER,
    response_length TEXT,
    memory_retention INTEGER,
    max_context_size INTEGER,
    max_iterations INTEGER,
    timeout_seconds REAL,
    configuration TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Not NULL before the first check, so that a comparison and the index find those too.
    checked_at INTEGER NOT NULL DEFAULT -9000000000000000000,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CHECK (status IN ('unknown', 'ok', 'degraded', 'down'))
) STRICT;

CREATE INDEX ix_agents_created_at ON agents (organization_id, created_at, id);

CREATE TABLE agent_history (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    changed_by_id TEXT,
    action TEXT NOT NULL,
    before TEXT,
    after TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (action IN ('created', 'updated', 'deactivated', 'deleted')),
    FOREIGN KEY (organization_id, changed_by_id)
        REFERENCES users (organization_id, id)
) STRICT;

CREATE INDEX ix_agent_history_agent_id ON agent_history (organization_id, agent_id, created_at, id);
CREATE INDEX ix_agent_history_changed_by_id ON agent_history (organization_id, changed_by_id);

CREATE TABLE threads (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    held_by_id TEXT,
    title TEXT,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (status IN ('active', 'waiting_approval', 'human', 'closed')),
    FOREIGN KEY (organization_id, agent_id)
        REFERENCES agents (organization_id, id),
    FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, held_by_id)
        REFERENCES users (organization_id, id)
) STRICT;

CREATE INDEX ix_threads_agent_id ON threads (organization_id, agent_id);
CREATE INDEX ix_threads_created_at ON threads (organization_id, created_at, id);
CREATE INDEX ix_threads_held_by_id ON threads (organization_id, held_by_id);
CREATE INDEX ix_threads_updated_at ON threads (organization_id, updated_at, id);
CREATE INDEX ix_threads_user_id ON threads (organization_id, user_id, created_at, id);

CREATE TABLE messages (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    run_id TEXT,
    user_id TEXT,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    attachments TEXT NOT NULL,
    citations TEXT NOT NULL,
    tool_calls TEXT NOT NULL,
    confidence_score REAL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (role IN ('user', 'assistant', 'human_agent', 'system')),
    FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id)
) STRICT;

CREATE INDEX ix_messages_thread_id ON messages (organization_id, thread_id, created_at, id);
CREATE INDEX ix_messages_user_id ON messages (organization_id, user_id);

CREATE TABLE runs (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_message_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    settings TEXT NOT NULL,
    status TEXT NOT NULL,
    lease_token TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    steps BLOB,
    response TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    -- Once its events are forgotten, a run is no longer looked at.
    keeps_events INTEGER NOT NULL DEFAULT 1,
    approval_id TEXT,
    PRIMARY KEY (organization_id, id),
    CHECK (status IN ('running', 'completed', 'failed')),
    FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX ix_runs_lease_until ON runs (lease_until) WHERE status = 'running';
CREATE INDEX ix_runs_thread_id ON runs (organization_id, thread_id);
CREATE UNIQUE INDEX uq_runs_running ON runs (organization_id, thread_id) WHERE status = 'running';

CREATE TABLE run_events (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    run_id TEXT NOT NULL,
    id INTEGER NOT NULL,
    type TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (organization_id, run_id, id),
    FOREIGN KEY (organization_id, run_id)
        REFERENCES runs (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE agent_actions (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    thread_id TEXT,
    task_id TEXT,
    user_id TEXT,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    duration_ms REAL NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (status IN ('ok', 'error', 'denied', 'awaiting_approval')),
    FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id),
    FOREIGN KEY (organization_id, user_id)
        REFERENCES users (organization_id, id),
    UNIQUE (organization_id, run_id, call_id)
) STRICT;

CREATE INDEX ix_agent_actions_agent_id ON agent_actions (organization_id, agent_id, created_at, id);
CREATE INDEX ix_agent_actions_thread_id ON agent_actions (organization_id, thread_id);
CREATE INDEX ix_agent_actions_user_id ON agent_actions (organization_id, user_id);

CREATE TABLE ticket_counters (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    last_number INTEGER NOT NULL,
    PRIMARY KEY (organization_id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE tickets (
    place INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    category TEXT,
    tags TEXT NOT NULL,
    assignee_id TEXT,
    requester_email TEXT,
    created_by_id TEXT,
    source TEXT NOT NULL,
    thread_id TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    resolved_at INTEGER,
    requester TEXT GENERATED ALWAYS AS (lower(requester_email)) STORED,
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CHECK (status IN ('open', 'in_progress', 'waiting', 'resolved', 'closed')),
    CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    FOREIGN KEY (organization_id, assignee_id)
        REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, created_by_id)
        REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id),
    UNIQUE (organization_id, number)
) STRICT;

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
    place INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    author_id TEXT,
    author_type TEXT NOT NULL,
    body TEXT NOT NULL,
    internal INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (organization_id, id),
    CHECK (author_type IN ('user', 'agent', 'customer')),
    FOREIGN KEY (organization_id, ticket_id)
        REFERENCES tickets (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, author_id)
        REFERENCES users (organization_id, id)
) STRICT;

CREATE INDEX ix_ticket_comments_author_id ON ticket_comments (organization_id, author_id);
CREATE INDEX ix_ticket_comments_ticket_id
    ON ticket_comments (organization_id, ticket_id, created_at, id);

CREATE TABLE integrations (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    config TEXT NOT NULL,
    last_checked_at INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CHECK (status IN ('unknown', 'ok', 'error'))
) STRICT;

CREATE INDEX ix_integrations_created_at ON integrations (organization_id, created_at, id);

CREATE TABLE audit_events (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT,
    action TEXT NOT NULL,
    target_type TEXT,
    target_id TEXT,
    outcome TEXT NOT NULL,
    ip TEXT,
    request_id TEXT,
    data TEXT NOT NULL,
    once_key TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CHECK (actor_type IN ('user', 'api_key', 'agent', 'customer', 'system')),
    CHECK (outcome IN ('success', 'failure', 'denied'))
) STRICT;

CREATE INDEX ix_audit_events_action ON audit_events (organization_id, action, created_at, id);
CREATE INDEX ix_audit_events_actor_id ON audit_events (organization_id, actor_id, created_at, id);
CREATE INDEX ix_audit_events_created_at ON audit_events (organization_id, created_at, id);
CREATE INDEX ix_audit_events_outcome ON audit_events (organization_id, outcome, created_at, id);
CREATE INDEX ix_audit_events_target_id ON audit_events (organization_id, target_id, created_at, id);
CREATE UNIQUE INDEX uq_audit_events_once_key
    ON audit_events (organization_id, once_key) WHERE once_key IS NOT NULL;

CREATE TABLE idempotency_keys (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    caller TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    status INTEGER,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    run_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, caller, method, path, key),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE tool_calls (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    run_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    result BLOB,
    created_at INTEGER NOT NULL DEFAULT (now()),
    PRIMARY KEY (organization_id, run_id, call_id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX ix_runs_keeps_events ON runs (created_at)
    WHERE keeps_events AND status <> 'running';
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_refresh_tokens_expires_at ON refresh_tokens (expires_at);

CREATE TABLE agent_tasks (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    agent_id TEXT,
    created_by_id TEXT,
    task_type TEXT NOT NULL,
    task_data TEXT NOT NULL,
    status TEXT NOT NULL,
    progress REAL NOT NULL,
    priority INTEGER NOT NULL,
    scheduled_at INTEGER,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    result TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    principal TEXT NOT NULL,
    ready_at INTEGER NOT NULL,
    lease_token TEXT,
    lease_until INTEGER,
    steps BLOB,
    dedupe_key TEXT,
    announce_at INTEGER NOT NULL,
    announcements INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    CHECK (priority BETWEEN 0 AND 9),
    FOREIGN KEY (organization_id, agent_id)
        REFERENCES agents (organization_id, id),
    FOREIGN KEY (organization_id, created_by_id)
        REFERENCES users (organization_id, id)
) STRICT;

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
CREATE INDEX ix_agents_checked_at ON agents (checked_at) WHERE is_active;

CREATE INDEX ix_tool_calls_created_at ON tool_calls (created_at);

CREATE TABLE files (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    progress REAL NOT NULL,
    error TEXT,
    summary TEXT,
    metadata TEXT NOT NULL,
    task_id TEXT,
    uploaded_by_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, uploaded_by_id)
        REFERENCES users (organization_id, id),
    UNIQUE (organization_id, sha256, uploaded_by_id),
    CHECK (status IN ('queued', 'processing', 'ready', 'failed'))
) STRICT;

CREATE INDEX ix_files_created_at ON files (organization_id, created_at, id);
CREATE INDEX ix_files_uploaded_by_id ON files (organization_id, uploaded_by_id, created_at, id);

CREATE TABLE file_sections (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    file_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    page INTEGER,
    sheet TEXT,
    text TEXT NOT NULL,
    PRIMARY KEY (organization_id, file_id, position),
    FOREIGN KEY (organization_id, file_id)
        REFERENCES files (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE agent_files (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    agent_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, agent_id, file_id),
    FOREIGN KEY (organization_id, agent_id)
        REFERENCES agents (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, file_id)
        REFERENCES files (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX ix_agent_files_file_id ON agent_files (organization_id, file_id);
CREATE TABLE file_passages (
    place INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    file_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    page INTEGER,
    sheet TEXT,
    text TEXT NOT NULL,
    UNIQUE (organization_id, file_id, position),
    FOREIGN KEY (organization_id, file_id)
        REFERENCES files (organization_id, id) ON DELETE CASCADE
) STRICT;

-- Vectors of passages, by the model that made them: numbers of 32 bits, of the length of 1.
CREATE TABLE passage_vectors (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    file_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    model TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (organization_id, file_id, position),
    FOREIGN KEY (organization_id, file_id, position)
        REFERENCES file_passages (organization_id, file_id, position) ON DELETE CASCADE
) STRICT;

CREATE TABLE approvals (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,
    arguments_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    decided_by_id TEXT,
    decided_at INTEGER,
    resumed_run_id TEXT,
    call_id TEXT NOT NULL,
    schema_hash TEXT NOT NULL,
    note TEXT,
    sealed BLOB NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (status IN ('pending', 'approved', 'denied', 'expired')),
    FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, run_id)
        REFERENCES runs (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, decided_by_id)
        REFERENCES users (organization_id, id),
    UNIQUE (organization_id, run_id, call_id)
) STRICT;

CREATE INDEX ix_approvals_created_at ON approvals (organization_id, created_at, id);
CREATE INDEX ix_approvals_decided_by_id ON approvals (organization_id, decided_by_id);
CREATE INDEX ix_approvals_thread_id ON approvals (organization_id, thread_id, created_at, id);
CREATE INDEX ix_approvals_expires_at ON approvals (expires_at) WHERE status = 'pending';
CREATE INDEX ix_approvals_decided_at ON approvals (decided_at)
    WHERE resumed_run_id IS NULL AND status IN ('approved', 'denied');

CREATE TABLE webhook_deliveries (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    last_status_code INTEGER,
    last_error TEXT,
    next_attempt_at INTEGER,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER,
    attempt_log TEXT NOT NULL,
    payload BLOB NOT NULL,
    task_id TEXT NOT NULL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE,
    CHECK (status IN ('pending', 'delivered', 'failed', 'delivery_unknown'))
) STRICT;

CREATE INDEX ix_webhook_deliveries_created_at ON webhook_deliveries (created_at);
CREATE INDEX ix_webhook_deliveries_integration_id
    ON webhook_deliveries (organization_id, integration_id, created_at, id);
-- Whoever has no webhook finds an empty index.
CREATE INDEX ix_integrations_webhooks ON integrations (organization_id)
    WHERE type = 'webhook' AND is_active;

CREATE TABLE channel_connections (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    integration_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    account TEXT,
    key TEXT NOT NULL,
    lease_token TEXT,
    lease_until INTEGER,
    PRIMARY KEY (organization_id, integration_id),
    FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE
) STRICT;

-- In all organizations: of an account there is one connection.
CREATE UNIQUE INDEX uq_channel_connections_account ON channel_connections (channel, account)
    WHERE account IS NOT NULL;
CREATE INDEX ix_channel_connections_integration_id ON channel_connections (integration_id);
CREATE INDEX ix_channel_connections_lease_until ON channel_connections (channel, lease_until);

CREATE TABLE channel_inbounds (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    order_key TEXT NOT NULL,
    content TEXT NOT NULL,
    status TEXT NOT NULL,
    note TEXT,
    thread_id TEXT,
    message_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (status IN ('pending', 'done', 'failed')),
    FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    UNIQUE (organization_id, integration_id, dedupe_key)
) STRICT;

CREATE INDEX ix_channel_inbounds_thread_id ON channel_inbounds (organization_id, thread_id);
CREATE INDEX ix_channel_inbounds_order_key
    ON channel_inbounds (organization_id, integration_id, order_key) WHERE status = 'pending';

CREATE TABLE channel_conversations (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    conversation_key TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT,
    reply_to TEXT,
    hints TEXT NOT NULL,
    last_sequence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, integration_id)
        REFERENCES integrations (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, thread_id)
        REFERENCES threads (organization_id, id) ON DELETE CASCADE,
    UNIQUE (organization_id, thread_id)
) STRICT;

CREATE INDEX ix_channel_conversations_integration_id
    ON channel_conversations (organization_id, integration_id);

CREATE TABLE channel_conversation_names (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    integration_id TEXT NOT NULL,
    name TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, integration_id, name),
    FOREIGN KEY (organization_id, conversation_id)
        REFERENCES channel_conversations (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX ix_channel_conversation_names_conversation_id
    ON channel_conversation_names (organization_id, conversation_id);

CREATE TABLE channel_deliveries (
    organization_id TEXT NOT NULL DEFAULT (this_organization()),
    id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    last_status_code INTEGER,
    last_error TEXT,
    next_attempt_at INTEGER,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER,
    attempt_log TEXT NOT NULL,
    payload BLOB NOT NULL,
    task_id TEXT NOT NULL,
    tries INTEGER NOT NULL,
    conversation_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    external_id TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id)
        REFERENCES channel_conversations (organization_id, id) ON DELETE CASCADE,
    CHECK (status IN ('pending', 'delivered', 'failed', 'delivery_unknown')),
    UNIQUE (organization_id, conversation_id, sequence)
) STRICT;

CREATE INDEX ix_channel_deliveries_integration_id
    ON channel_deliveries (organization_id, integration_id, created_at, id);

-- What is referred to may go: SQLite would set the organization to NULL too.

CREATE TRIGGER tr_users_forgotten BEFORE DELETE ON users BEGIN
    UPDATE agent_history SET changed_by_id = NULL
        WHERE organization_id = OLD.organization_id AND changed_by_id = OLD.id;
    UPDATE threads SET user_id = NULL
        WHERE organization_id = OLD.organization_id AND user_id = OLD.id;
    UPDATE threads SET held_by_id = NULL
        WHERE organization_id = OLD.organization_id AND held_by_id = OLD.id;
    UPDATE messages SET user_id = NULL
        WHERE organization_id = OLD.organization_id AND user_id = OLD.id;
    UPDATE agent_actions SET user_id = NULL
        WHERE organization_id = OLD.organization_id AND user_id = OLD.id;
    UPDATE tickets SET assignee_id = NULL
        WHERE organization_id = OLD.organization_id AND assignee_id = OLD.id;
    UPDATE tickets SET created_by_id = NULL
        WHERE organization_id = OLD.organization_id AND created_by_id = OLD.id;
    UPDATE ticket_comments SET author_id = NULL
        WHERE organization_id = OLD.organization_id AND author_id = OLD.id;
    UPDATE agent_tasks SET created_by_id = NULL
        WHERE organization_id = OLD.organization_id AND created_by_id = OLD.id;
    UPDATE files SET uploaded_by_id = NULL
        WHERE organization_id = OLD.organization_id AND uploaded_by_id = OLD.id;
    UPDATE approvals SET decided_by_id = NULL
        WHERE organization_id = OLD.organization_id AND decided_by_id = OLD.id;
END;

CREATE TRIGGER tr_threads_forgotten BEFORE DELETE ON threads BEGIN
    UPDATE agent_actions SET thread_id = NULL
        WHERE organization_id = OLD.organization_id AND thread_id = OLD.id;
    UPDATE tickets SET thread_id = NULL
        WHERE organization_id = OLD.organization_id AND thread_id = OLD.id;
END;

CREATE TRIGGER tr_agents_forgotten BEFORE DELETE ON agents BEGIN
    UPDATE agent_tasks SET agent_id = NULL
        WHERE organization_id = OLD.organization_id AND agent_id = OLD.id;
END;

-- What is searched lies in the tables themselves; these know only which words are where.

CREATE VIRTUAL TABLE ticket_words USING fts5 (
    title, description, content = 'tickets', content_rowid = 'place', tokenize = 'porter unicode61'
);
CREATE TRIGGER tr_tickets_words_added AFTER INSERT ON tickets BEGIN
    INSERT INTO ticket_words (rowid, title, description) VALUES (NEW.place, NEW.title, NEW.description);
END;
CREATE TRIGGER tr_tickets_words_removed AFTER DELETE ON tickets BEGIN
    INSERT INTO ticket_words (ticket_words, rowid, title, description) VALUES ('delete', OLD.place, OLD.title, OLD.description);
END;
CREATE TRIGGER tr_tickets_words_changed AFTER UPDATE OF title, description ON tickets BEGIN
    INSERT INTO ticket_words (ticket_words, rowid, title, description) VALUES ('delete', OLD.place, OLD.title, OLD.description);
    INSERT INTO ticket_words (rowid, title, description) VALUES (NEW.place, NEW.title, NEW.description);
END;

CREATE VIRTUAL TABLE comment_words USING fts5 (
    body, content = 'ticket_comments', content_rowid = 'place', tokenize = 'porter unicode61'
);
CREATE TRIGGER tr_ticket_comments_words_added AFTER INSERT ON ticket_comments BEGIN
    INSERT INTO comment_words (rowid, body) VALUES (NEW.place, NEW.body);
END;
CREATE TRIGGER tr_ticket_comments_words_removed AFTER DELETE ON ticket_comments BEGIN
    INSERT INTO comment_words (comment_words, rowid, body) VALUES ('delete', OLD.place, OLD.body);
END;
CREATE TRIGGER tr_ticket_comments_words_changed AFTER UPDATE OF body ON ticket_comments BEGIN
    INSERT INTO comment_words (comment_words, rowid, body) VALUES ('delete', OLD.place, OLD.body);
    INSERT INTO comment_words (rowid, body) VALUES (NEW.place, NEW.body);
END;

CREATE VIRTUAL TABLE passage_words USING fts5 (
    text, content = 'file_passages', content_rowid = 'place', tokenize = 'porter unicode61'
);
CREATE TRIGGER tr_file_passages_words_added AFTER INSERT ON file_passages BEGIN
    INSERT INTO passage_words (rowid, text) VALUES (NEW.place, NEW.text);
END;
CREATE TRIGGER tr_file_passages_words_removed AFTER DELETE ON file_passages BEGIN
    INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', OLD.place, OLD.text);
END;
CREATE TRIGGER tr_file_passages_words_changed AFTER UPDATE OF text ON file_passages BEGIN
    INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', OLD.place, OLD.text);
    INSERT INTO passage_words (rowid, text) VALUES (NEW.place, NEW.text);
END;
