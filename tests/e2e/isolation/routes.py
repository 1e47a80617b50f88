"""Every call of the API, and what outsiders are answered when they name another company's things.

Words in braces stand for the ids and names of that company. Whoever adds a call adds it here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

API = "/api/v1"
HIDDEN = 404
ADDED_BY_LITESTAR = {"OPTIONS", "HEAD"}


@dataclass(frozen=True)
class Case:
    """A call with another's things: what the admin of another company gets, and a colleague.

    The colleague is a member with the role `user` of the company itself, and the things are its
    admin's. `is_public` calls need no credentials; what `shows_own` must show something of the
    caller's own company, or the test would be content with an empty answer. One that `uploads`
    brings a file; one that `is_new` is answered otherwise each time.
    """

    stranger: int
    colleague: int
    body: Any = None
    is_public: bool = False
    shows_own: bool = False
    uploads: bool = False
    is_new: bool = False


def own(colleague: int = 200) -> Case:
    """Return the case of a call that shows what the caller's company has."""
    return Case(200, colleague, shows_own=True)


def hidden(colleague: int, body: Any = None) -> Case:
    """Return the case of a call about something that does not exist for another company."""
    return Case(HIDDEN, colleague, body)


def public(status: int = 200, body: Any = None) -> Case:
    """Return the case of a call that anybody may make and that tells everybody the same."""
    return Case(status, status, body, is_public=True)


WEBHOOK = {"url": "https://elsewhere.example/hook"}
NEW_TASK = {"task_type": "api_request", "task_data": {"text": "mine"}}
NEW_MEMBER = {"email": "{email}", "password": "{password}"}

CASES: dict[str, Case] = {
    # The one documented exception to silence about others: that an address is taken.
    f"POST {API}/auth/register": public(409, {"organization_name": "Mine", **NEW_MEMBER}),
    f"POST {API}/users": Case(409, 403, NEW_MEMBER),
    f"POST {API}/auth/login": public(401, {"email": "{email}", "password": "a mere guess"}),
    f"POST {API}/auth/refresh": public(401, {"refresh_token": "a mere guess"}),
    f"POST {API}/auth/logout": public(204, {"refresh_token": "a mere guess"}),
    f"POST {API}/auth/password": Case(
        422, 422, {"current_password": "a mere guess", "new_password": "another one"}
    ),
    f"GET {API}/auth/me": own(),
    f"GET {API}/organization": own(),
    f"PATCH {API}/organization": Case(422, 403, {"settings": {"default_agent_id": "{agent_id}"}}),
    f"GET {API}/users": own(403),
    f"GET {API}/users/{{user_id}}": hidden(403),
    f"PATCH {API}/users/{{user_id}}": hidden(403, {"full_name": "Eve"}),
    f"DELETE {API}/users/{{user_id}}": hidden(403),
    f"GET {API}/api-keys": own(403),
    f"POST {API}/api-keys": Case(201, 403, {"name": "mine"}),
    f"DELETE {API}/api-keys/{{api_key_id}}": hidden(403),
    f"GET {API}/agents": own(),
    f"POST {API}/agents": Case(201, 403, {"name": "mine"}),
    f"GET {API}/agents/{{agent_id}}": hidden(200),
    f"PATCH {API}/agents/{{agent_id}}": hidden(403, {"name": "mine"}),
    f"DELETE {API}/agents/{{agent_id}}": hidden(403),
    f"GET {API}/agents/{{agent_id}}/configuration": hidden(403),
    f"GET {API}/agents/{{agent_id}}/history": hidden(403),
    f"GET {API}/agents/{{agent_id}}/actions": hidden(403),
    f"GET {API}/agents/{{agent_id}}/actions/stats": hidden(403),
    f"GET {API}/agents/{{agent_id}}/files": hidden(200),
    f"POST {API}/agents/{{agent_id}}/files": hidden(403, {"file_id": "{file_id}"}),
    f"DELETE {API}/agents/{{agent_id}}/files/{{file_id}}": hidden(403),
    f"GET {API}/approvals": own(),
    f"GET {API}/approvals/{{approval_id}}": hidden(404),
    f"POST {API}/approvals/{{approval_id}}/decision": hidden(403, {"approve": True}),
    f"GET {API}/tools": own(),
    f"GET {API}/chat/threads": own(),
    f"POST {API}/chat/threads": Case(422, 201, {"agent_id": "{agent_id}"}),
    f"GET {API}/chat/threads/{{thread_id}}": hidden(404),
    f"PATCH {API}/chat/threads/{{thread_id}}": hidden(404, {"title": "mine"}),
    f"DELETE {API}/chat/threads/{{thread_id}}": hidden(404),
    f"GET {API}/chat/threads/{{thread_id}}/messages": hidden(404),
    f"POST {API}/chat/threads/{{thread_id}}/messages": hidden(404, {"content": "Hello?"}),
    f"POST {API}/chat/threads/{{thread_id}}/handoff": hidden(404),
    f"POST {API}/chat/threads/{{thread_id}}/resume": hidden(404),
    f"POST {API}/chat/threads/{{thread_id}}/reply": hidden(404, {"content": "Hello?"}),
    f"GET {API}/chat/threads/{{thread_id}}/runs/{{run_id}}/events": hidden(404),
    f"GET {API}/files": own(),
    f"POST {API}/files": Case(202, 202, uploads=True),
    f"GET {API}/files/{{file_id}}": hidden(200),
    f"GET {API}/files/{{file_id}}/content": hidden(200),
    f"GET {API}/files/{{file_id}}/text": hidden(200),
    f"DELETE {API}/files/{{file_id}}": hidden(403),
    f"GET {API}/tickets": own(),
    f"POST {API}/tickets": Case(201, 201, {"title": "mine"}),
    f"POST {API}/tickets/ai-create": Case(201, 201, {"text": "Open a ticket."}),
    f"GET {API}/tickets/stats/overview": Case(200, 200),
    f"GET {API}/tickets/{{ticket_id}}": hidden(200),
    f"PUT {API}/tickets/{{ticket_id}}": hidden(200, {"title": "mine"}),
    f"DELETE {API}/tickets/{{ticket_id}}": hidden(403),
    f"PATCH {API}/tickets/{{ticket_id}}/status": hidden(200, {"status": "waiting"}),
    f"PATCH {API}/tickets/{{ticket_id}}/assign": hidden(200, {"assignee_id": "{user_id}"}),
    f"GET {API}/tickets/{{ticket_id}}/comments": hidden(200),
    f"POST {API}/tickets/{{ticket_id}}/comments": hidden(201, {"body": "mine"}),
    f"GET {API}/integrations": own(),
    f"GET {API}/integrations/active": own(),
    f"POST {API}/integrations": Case(
        201, 403, {"type": "webhook", "name": "mine", "config": WEBHOOK}
    ),
    f"GET {API}/integrations/{{integration_id}}": hidden(200),
    f"PATCH {API}/integrations/{{integration_id}}": hidden(403, {"name": "mine"}),
    f"DELETE {API}/integrations/{{integration_id}}": hidden(403),
    f"POST {API}/integrations/{{integration_id}}/test": hidden(403),
    f"GET {API}/integrations/{{integration_id}}/tools": hidden(200),
    f"POST {API}/integrations/{{integration_id}}/tools/{{tool}}/accept": hidden(403, {"hash": ""}),
    f"GET {API}/integrations/{{integration_id}}/deliveries": hidden(403),
    f"POST {API}/integrations/{{integration_id}}/deliveries/{{delivery_id}}/redeliver": hidden(403),
    f"GET {API}/channels/{{channel}}": public(404),
    f"POST {API}/channels/{{channel}}": public(404),
    f"GET {API}/channels/{{channel}}/install": Case(200, 403, is_new=True),
    f"GET {API}/channels/{{channel}}/installed": public(422),
    f"POST {API}/channels/{{channel}}/installed": public(422),
    f"GET {API}/channels/{{channel}}/{{integration_id}}": public(404),
    f"POST {API}/channels/{{channel}}/{{integration_id}}": public(404),
    f"GET {API}/tasks": own(),
    f"POST {API}/tasks": Case(202, 202, NEW_TASK),
    f"GET {API}/tasks/{{task_id}}": hidden(404),
    f"POST {API}/tasks/{{task_id}}/cancel": hidden(404),
    f"POST {API}/tasks/{{task_id}}/retry": hidden(404),
    f"GET {API}/audit-events": own(403),
    "GET /health": public(),
    "GET /health/live": public(),
    "GET /health/ready": public(),
    "GET /metrics": public(404),
    "GET /openapi.json": public(),
    "GET /docs": public(),
    "GET /docs/problems/{slug}": public(),
    "GET /docs/{name}": public(404),
}


def routes_of(app: Litestar) -> Iterator[str]:
    """Yield every call that the application takes, as `METHOD path`."""
    for route in app.routes:
        methods = route.methods if isinstance(route, HTTPRoute) else {type(route).__name__}
        for method in methods - ADDED_BY_LITESTAR:
            yield f"{method} {route.path_format}"
