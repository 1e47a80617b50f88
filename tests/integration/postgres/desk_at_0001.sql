-- A desk of two organizations, as revision 0001 kept it.

INSERT INTO organizations (
    id, name, slug, settings, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     'Acme',
     'acme-019b796dd60070008000000000000001',
     '{"agent_defaults": {}, "default_agent_id": null}',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     'Acme',
     'acme-019b796dd60070008000000000000015',
     '{"agent_defaults": {}, "default_agent_id": null}',
     '2026-01-01 12:00:00+00');

INSERT INTO users (
    organization_id, id, email, full_name, role, is_active, password_hash, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000002',
     'ada-019b796dd60070008000000000000002@example.com',
     'Ada Lovelace',
     'admin',
     'true',
     'hash of the admin''s password',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000016',
     'ada-019b796dd60070008000000000000016@example.com',
     'Ada Lovelace',
     'admin',
     'true',
     'hash of the admin''s password',
     '2026-01-01 12:00:00+00');

INSERT INTO sessions (
    organization_id, id, user_id, ip, created_at, ended_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000008',
     '019b796d-d600-7000-8000-000000000002',
     '192.0.2.1',
     '2026-01-01 12:00:00+00',
     NULL),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-00000000001c',
     '019b796d-d600-7000-8000-000000000016',
     '192.0.2.1',
     '2026-01-01 12:00:00+00',
     NULL);

INSERT INTO refresh_tokens (
    organization_id, id, session_id, token_hash, created_at, expires_at, used_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-00000000000a',
     '019b796d-d600-7000-8000-000000000008',
     E'\\x019b796dd6007000800000000000000a019b796dd6007000800000000000000a',
     '2026-01-01 12:00:00+00',
     '2100-01-01 12:00:00+00',
     NULL),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-00000000001e',
     '019b796d-d600-7000-8000-00000000001c',
     E'\\x019b796dd6007000800000000000001e019b796dd6007000800000000000001e',
     '2026-01-01 12:00:00+00',
     '2100-01-01 12:00:00+00',
     NULL);

INSERT INTO api_keys (
    organization_id, id, name, prefix, role, user_id, key_hash, created_at, last_used_at,
    expires_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-00000000000b',
     'reports',
     'hxd_abcd',
     'user',
     '019b796d-d600-7000-8000-000000000002',
     E'\\x019b796dd6007000800000000000000b',
     '2026-01-01 12:00:00+00',
     '2026-11-25 01:48:15.663566+00',
     NULL),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-00000000001f',
     'reports',
     'hxd_abcd',
     'user',
     '019b796d-d600-7000-8000-000000000016',
     E'\\x019b796dd6007000800000000000001f',
     '2026-01-01 12:00:00+00',
     '2026-11-25 01:48:15.787511+00',
     NULL);

INSERT INTO failed_sign_ins (
    id, email_hash, ip, request_id, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000029',
     E'\\x6868686868686868686868686868686868686868686868686868686868686868',
     '192.0.2.1',
     NULL,
     '2026-01-01 12:00:00+00');

INSERT INTO agents (
    organization_id, id, name, agent_type, role, prompt, model_provider, model_name,
    temperature, max_tokens, timeout, mcp_enabled, tools_enabled, require_approval, tone,
    communication_style, use_streaming, response_length, memory_retention, max_context_size,
    max_iterations, timeout_seconds, configuration, is_active, status, created_at, updated_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000003',
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     '{}',
     'true',
     'unknown',
     '2026-01-01 12:00:00+00',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000017',
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     NULL,
     '{}',
     'true',
     'unknown',
     '2026-01-01 12:00:00+00',
     '2026-01-01 12:00:00+00');

INSERT INTO agent_history (
    organization_id, id, agent_id, changed_by_id, action, before, after, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-00000000000c',
     '019b796d-d600-7000-8000-000000000003',
     NULL,
     'updated',
     '{"name": "Old"}',
     '{"name": "New"}',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000020',
     '019b796d-d600-7000-8000-000000000017',
     NULL,
     'updated',
     '{"name": "Old"}',
     '{"name": "New"}',
     '2026-01-01 12:00:00+00');

INSERT INTO threads (
    organization_id, id, agent_id, user_id, held_by_id, title, channel, status, metadata,
    created_at, updated_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000004',
     '019b796d-d600-7000-8000-000000000003',
     '019b796d-d600-7000-8000-000000000002',
     NULL,
     NULL,
     'api',
     'active',
     '{}',
     '2026-01-01 12:00:00+00',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000018',
     '019b796d-d600-7000-8000-000000000017',
     '019b796d-d600-7000-8000-000000000016',
     NULL,
     NULL,
     'api',
     'active',
     '{}',
     '2026-01-01 12:00:00+00',
     '2026-01-01 12:00:00+00');

INSERT INTO messages (
    organization_id, id, thread_id, run_id, user_id, role, content, attachments, citations,
    tool_calls, confidence_score, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000005',
     '019b796d-d600-7000-8000-000000000004',
     NULL,
     '019b796d-d600-7000-8000-000000000002',
     'user',
     'My login fails.',
     '{}',
     '[]',
     '[]',
     NULL,
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000019',
     '019b796d-d600-7000-8000-000000000018',
     NULL,
     '019b796d-d600-7000-8000-000000000016',
     'user',
     'My login fails.',
     '{}',
     '[]',
     '[]',
     NULL,
     '2026-01-01 12:00:00+00');

INSERT INTO runs (
    organization_id, id, thread_id, agent_id, user_message_id, principal, settings, status,
    lease_token, lease_until, steps, response, created_at, finished_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000006',
     '019b796d-d600-7000-8000-000000000004',
     '019b796d-d600-7000-8000-000000000003',
     '019b796d-d600-7000-8000-000000000005',
     '{"role": "admin", "type": "member", "origin": {"ip": null, "request_id": null}, "user_id": "019b796d-d600-7000-8000-000000000002", "api_key_id": null, "session_id": null, "organization_id": "019b796d-d600-7000-8000-000000000001"}',
     '{"name": "Customer Support Specialist", "role": "Customer support agent for technical inquiries", "tone": "helpful", "prompt": "You are an expert customer support agent.", "timeout": 30, "agent_type": "customer_support", "max_tokens": 2000, "model_name": "gpt-4o-mini", "mcp_enabled": true, "temperature": 0.2, "tools_enabled": ["create_ticket", "search_tickets", "get_ticket", "update_ticket", "get_system_health", "list_integrations"], "use_streaming": true, "max_iterations": 8, "model_provider": "openai", "response_length": "detailed", "timeout_seconds": 120, "max_context_size": 150000, "memory_retention": 10, "require_approval": [], "communication_style": "professional"}',
     'running',
     '019b796d-d600-7000-8000-000000000007',
     '2100-01-01 12:00:00+00',
     NULL,
     NULL,
     '2026-01-01 12:00:00+00',
     NULL),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-00000000001a',
     '019b796d-d600-7000-8000-000000000018',
     '019b796d-d600-7000-8000-000000000017',
     '019b796d-d600-7000-8000-000000000019',
     '{"role": "admin", "type": "member", "origin": {"ip": null, "request_id": null}, "user_id": "019b796d-d600-7000-8000-000000000016", "api_key_id": null, "session_id": null, "organization_id": "019b796d-d600-7000-8000-000000000015"}',
     '{"name": "Customer Support Specialist", "role": "Customer support agent for technical inquiries", "tone": "helpful", "prompt": "You are an expert customer support agent.", "timeout": 30, "agent_type": "customer_support", "max_tokens": 2000, "model_name": "gpt-4o-mini", "mcp_enabled": true, "temperature": 0.2, "tools_enabled": ["create_ticket", "search_tickets", "get_ticket", "update_ticket", "get_system_health", "list_integrations"], "use_streaming": true, "max_iterations": 8, "model_provider": "openai", "response_length": "detailed", "timeout_seconds": 120, "max_context_size": 150000, "memory_retention": 10, "require_approval": [], "communication_style": "professional"}',
     'running',
     '019b796d-d600-7000-8000-00000000001b',
     '2100-01-01 12:00:00+00',
     NULL,
     NULL,
     '2026-01-01 12:00:00+00',
     NULL);

INSERT INTO run_events (
    organization_id, run_id, id, type, data
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000006',
     '1',
     'text.delta',
     E'\\x7b2274657874223a2248656c6c6f227d'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-00000000001a',
     '1',
     'text.delta',
     E'\\x7b2274657874223a2248656c6c6f227d');

INSERT INTO agent_actions (
    organization_id, id, agent_id, run_id, call_id, thread_id, task_id, user_id, tool,
    arguments, status, error, duration_ms, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-00000000000d',
     '019b796d-d600-7000-8000-000000000003',
     '019b796d-d600-7000-8000-000000000006',
     'call-1',
     NULL,
     NULL,
     NULL,
     'create_ticket',
     '{"title": "Login fails"}',
     'ok',
     NULL,
     '12.5',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000021',
     '019b796d-d600-7000-8000-000000000017',
     '019b796d-d600-7000-8000-00000000001a',
     'call-1',
     NULL,
     NULL,
     NULL,
     'create_ticket',
     '{"title": "Login fails"}',
     'ok',
     NULL,
     '12.5',
     '2026-01-01 12:00:00+00');

INSERT INTO ticket_counters (
    organization_id, last_number
) VALUES
    ('019b796d-d600-7000-8000-000000000001', '1'),
    ('019b796d-d600-7000-8000-000000000015', '1');

INSERT INTO tickets (
    organization_id, id, number, title, description, status, priority, category, tags,
    assignee_id, requester_email, created_by_id, source, thread_id, version, created_at,
    updated_at, resolved_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000009',
     '1',
     'Login fails',
     '',
     'open',
     'normal',
     NULL,
     '{}',
     NULL,
     NULL,
     NULL,
     'api',
     NULL,
     '1',
     '2026-01-01 12:00:00+00',
     '2026-01-01 12:00:00+00',
     NULL),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-00000000001d',
     '1',
     'Login fails',
     '',
     'open',
     'normal',
     NULL,
     '{}',
     NULL,
     NULL,
     NULL,
     'api',
     NULL,
     '1',
     '2026-01-01 12:00:00+00',
     '2026-01-01 12:00:00+00',
     NULL);

INSERT INTO ticket_comments (
    organization_id, id, ticket_id, author_id, author_type, body, internal, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-00000000000f',
     '019b796d-d600-7000-8000-000000000009',
     NULL,
     'user',
     'Looking into it.',
     'false',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000023',
     '019b796d-d600-7000-8000-00000000001d',
     NULL,
     'user',
     'Looking into it.',
     'false',
     '2026-01-01 12:00:00+00');

INSERT INTO integrations (
    organization_id, id, type, name, status, is_active, config, last_checked_at, last_error,
    created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000010',
     'webhook',
     'Alerts',
     'unknown',
     'true',
     '{"url": "https://example.com/hook", "events": ["ticket.created"]}',
     NULL,
     NULL,
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000024',
     'webhook',
     'Alerts',
     'unknown',
     'true',
     '{"url": "https://example.com/hook", "events": ["ticket.created"]}',
     NULL,
     NULL,
     '2026-01-01 12:00:00+00');

INSERT INTO audit_events (
    organization_id, id, actor_type, actor_id, action, target_type, target_id, outcome, ip,
    request_id, data, once_key, created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000011',
     'user',
     '019b796d-d600-7000-8000-000000000012',
     'agent.updated',
     'agent',
     '019b796d-d600-7000-8000-000000000013',
     'success',
     '192.0.2.1',
     'request-1',
     '{"fields": ["name"]}',
     '019b796d-d600-7000-8000-000000000011',
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-000000000025',
     'user',
     '019b796d-d600-7000-8000-000000000026',
     'agent.updated',
     'agent',
     '019b796d-d600-7000-8000-000000000027',
     'success',
     '192.0.2.1',
     'request-1',
     '{"fields": ["name"]}',
     '019b796d-d600-7000-8000-000000000025',
     '2026-01-01 12:00:00+00');

INSERT INTO idempotency_keys (
    organization_id, caller, method, path, key, body_hash, status, headers, body, run_id,
    created_at
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     'user:019b796d-d600-7000-8000-000000000014',
     'POST',
     '/api/v1/tickets',
     'once',
     E'\\x6262626262626262626262626262626262626262626262626262626262626262',
     '201',
     '{"Content-Type": "application/json"}',
     E'\\x7b226e756d626572223a20317d',
     NULL,
     '2026-01-01 12:00:00+00'),
    ('019b796d-d600-7000-8000-000000000015',
     'user:019b796d-d600-7000-8000-000000000028',
     'POST',
     '/api/v1/tickets',
     'once',
     E'\\x6262626262626262626262626262626262626262626262626262626262626262',
     '201',
     '{"Content-Type": "application/json"}',
     E'\\x7b226e756d626572223a20317d',
     NULL,
     '2026-01-01 12:00:00+00');

INSERT INTO tool_calls (
    organization_id, run_id, call_id, tool, result
) VALUES
    ('019b796d-d600-7000-8000-000000000001',
     '019b796d-d600-7000-8000-000000000006',
     'call-1',
     'create_ticket',
     E'\\x726573756c74'),
    ('019b796d-d600-7000-8000-000000000015',
     '019b796d-d600-7000-8000-00000000001a',
     'call-1',
     'create_ticket',
     E'\\x726573756c74');
