#!/usr/bin/env bash
# The validation checkpoints of the requirements, with the tools they name: curl and jq.
#
#   tests/e2e/validation/checkpoints.sh
#
# HEXDESK_API and HEXDESK_MCP say where the desk is; HEXDESK_LOG, if set, is the file its log goes
# to. It registers two companies of its own, prints one line for each check, and exits 1 if any
# fails. It leaves what it made.
set -euo pipefail

API="${HEXDESK_API:-http://localhost:8000}"
MCP="${HEXDESK_MCP:-http://localhost:8001}"
LOG="${HEXDESK_LOG:-}"
V1="$API/api/v1"
PASSWORD="correct horse battery"
RUN="$(date +%s)-$$"
failed=0

check() { # check "what is claimed" command…
    local claim="$1"
    shift
    if "$@" >/dev/null 2>&1; then
        echo "ok      $claim"
    else
        echo "NOT OK  $claim"
        failed=1
    fi
}

holds() { # holds JSON FILTER: whether the filter says true of the JSON
    jq -e "$2" <<<"$1"
}

call() { # call TOKEN METHOD PATH [BODY]: the answer's body, whatever its status
    curl -sS -X "$2" "$V1$3" -H "Authorization: Bearer $1" ${4:+-d "$4"}
}

status() { # status TOKEN METHOD PATH [BODY]: the answer's status alone
    curl -sS -o /dev/null -w '%{http_code}' -X "$2" "$V1$3" -H "Authorization: Bearer $1" ${4:+-d "$4"}
}

tool() { # tool TOKEN NAME ARGUMENTS: what the tool server answers
    curl -sS -X POST "$MCP/mcp" -H "Authorization: Bearer $1" \
        -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
        -d "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\",
             \"params\": {\"name\": \"$2\", \"arguments\": $3}}"
}

register() { # register COMPANY: an admin's access token
    curl -sS -X POST "$V1/auth/register" -d "{\"organization_name\": \"$1\",
        \"email\": \"$1-$RUN@example.com\", \"password\": \"$PASSWORD\"}" | jq -re '.access_token'
}

started_thread() { # started_thread TOKEN [AGENT]
    call "$1" POST /chat/threads "${2:+{\"agent_id\": \"$2\"\}}" | jq -re '.id'
}

echo "# 1. Architecture: core flow"

TOKEN="$(register blue)"
OTHER="$(register red)"

agent="$(curl -sS -X GET "$V1/agents" -H "Authorization: Bearer $TOKEN" \
    | jq '.data[0] | {id, mcp_enabled, tools_enabled}')"
check "registration made an agent with MCP" holds "$agent" '.id != null and .mcp_enabled'
check "the agent has the six default tools" holds "$agent" '["create_ticket", "search_tickets",
    "get_ticket", "update_ticket", "get_system_health", "list_integrations"] - .tools_enabled == []'

health="$(curl -sS -X GET "$MCP/health")"
check "the MCP server is healthy" holds "$health" '.status == "ok"'

thread="$(started_thread "$TOKEN")"
answer="$(curl -sS -X POST "$V1/chat/threads/$thread/messages" \
    -H "Authorization: Bearer $TOKEN" \
    -d '{"content": "Create a test ticket"}')"
check "chat answers in $(jq '.response_time_ms' <<<"$answer") ms, under 5000" \
    holds "$answer" '(.response_time_ms | type) == "number" and .response_time_ms < 5000'
check "the answer is no degraded one" holds "$answer" '.degraded == false and .stored'
check "the agent created a ticket through MCP" \
    holds "$answer" '.tools_used | map(select(.name == "create_ticket" and .status == "ok")) | length == 1'

echo "# 2. Architecture: tool authorization"

searcher="$(call "$TOKEN" POST /agents '{"tools_enabled": ["search_tickets", "get_system_health"]}' \
    | jq -re '.id')"
limited="$(started_thread "$TOKEN" "$searcher")"
before="$(call "$TOKEN" GET /tickets | jq '.total')"
refusal="$(call "$TOKEN" POST "/chat/threads/$limited/messages" \
    '{"content": "Create a new ticket for my login issue"}')"
check "an agent without create_ticket creates none" \
    test "$before" = "$(call "$TOKEN" GET /tickets | jq '.total')"
check "it answers all the same" holds "$refusal" '.message.content | length > 0'
check "it says that it cannot create tickets, and that it can search" \
    holds "$refusal" '.message.content | test("can.t create tickets") and test("search")'

echo "# 3. Performance"

timed="$(started_thread "$TOKEN")"
slowest="$(for i in {1..10}; do
    curl -sS -o /dev/null -w '%{http_code} %{time_total}\n' \
        -X POST "$V1/chat/threads/$timed/messages" \
        -H "Authorization: Bearer $TOKEN" \
        -d "{\"content\": \"Help request $i\"}"
done | jq -sR 'split("\n") | map(select(. != "") | split(" ")
    | {status: .[0], seconds: (.[1] | tonumber)})
    | {answered: map(select(.status == "201")) | length, seconds: map(.seconds) | max}')"
check "ten requests were answered, the slowest in $(jq '.seconds' <<<"$slowest") s, under 5" \
    holds "$slowest" '.answered == 10 and .seconds < 5'

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
for i in {1..8}; do
    own="$(started_thread "$TOKEN")"
    (status "$TOKEN" POST "/chat/threads/$own/messages" '{"content": "list open tickets"}' \
        >"$folder/$i") &
done
wait
check "eight conversations at once were answered" \
    test "$(cat "$folder"/* | tr -d '\n')" = "$(printf '201%.0s' {1..8})"

echo "# 4. Security: organizations"

ticket="$(call "$TOKEN" GET /tickets | jq -re '.data[0].id')"
check "another company sees no ticket of it" \
    holds "$(call "$OTHER" GET /tickets)" '.total == 0 and .data == []'
check "another company does not find the ticket" \
    test "$(status "$OTHER" GET "/tickets/$ticket")" = 404
check "another company does not find the thread" \
    test "$(status "$OTHER" GET "/chat/threads/$thread/messages")" = 404
check "another company may not talk in it" \
    test "$(status "$OTHER" POST "/chat/threads/$thread/messages" '{"content": "hello"}')" = 404
check "another company's tools do not find the ticket" \
    holds "$(tool "$OTHER" get_ticket "{\"ticket_id\": \"$ticket\"}")" '.result.isError'
spied="$(call "$OTHER" POST "/chat/threads/$(started_thread "$OTHER")/messages" \
    '{"content": "search tickets for test"}')"
check "another company's agent finds nothing" \
    holds "$spied" '(.tools_used[0].name == "search_tickets") and (.tools_used[0].status == "ok")
        and (.message.content | test("[Nn]o tickets"))'
check "without a token there is nothing" \
    test "$(curl -sS -o /dev/null -w '%{http_code}' "$V1/tickets")" = 401

echo "# 5. Security: tools"

call "$TOKEN" POST /users "{\"email\": \"user-$RUN@example.com\", \"password\": \"$PASSWORD\"}" \
    >/dev/null
USER_TOKEN="$(curl -sS -X POST "$V1/auth/login" \
    -d "{\"email\": \"user-$RUN@example.com\", \"password\": \"$PASSWORD\"}" | jq -re '.access_token')"
denied="$(tool "$USER_TOKEN" delete_ticket "{\"ticket_id\": \"$ticket\"}")"
check "a tool that is not allowed is refused" \
    holds "$denied" '.result.isError and (.result.content[0].text | test("denied"))'
check "the ticket is still there" test "$(status "$TOKEN" GET "/tickets/$ticket")" = 200
check "the refusal is in the audit" \
    holds "$(call "$TOKEN" GET '/audit-events?action=tool.refused&outcome=denied')" \
    '.total == 1 and .data[0].data.tool == "delete_ticket"'
if [ -n "$LOG" ]; then
    check "the log has the security violation" \
        grep -q 'security violation: unauthorized tool' "$LOG"
fi
check "the server goes on" holds "$(curl -sS "$MCP/health")" '.status == "ok"'

echo "# 6. The whole journey"

check "the conversation is stored in the thread" \
    holds "$(call "$TOKEN" GET "/chat/threads/$thread/messages")" \
    '.total == 2 and ([.data[].role] == ["user", "assistant"])'
check "the tool call is in the stored answer" \
    holds "$(call "$TOKEN" GET "/chat/threads/$thread/messages")" \
    '.data[1].tool_calls[0].name == "create_ticket"'
check "the tool call is in the agent's record" \
    holds "$(call "$TOKEN" GET "/agents/$(jq -r '.id' <<<"$agent")/actions?limit=200")" \
    '[.data[] | select(.tool == "create_ticket" and .status == "ok")] | length == 1'
check "the ticket knows its thread" \
    holds "$(call "$TOKEN" GET "/tickets/$ticket")" ".source == \"agent\" and .thread_id == \"$thread\""
metrics="$(curl -sS "$API/metrics")"
for name in hexdesk_answer_seconds hexdesk_tool_calls hexdesk_answers \
    http_server_request_duration_seconds process_resident_memory_bytes process_cpu_seconds; do
    check "$name is measured" grep -q "^$name" <<<"$metrics"
done

exit "$failed"
