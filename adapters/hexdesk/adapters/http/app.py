"""The HTTP API over a desk."""

from typing import cast

from litestar import Litestar, Router
from litestar.types import ControllerRouterHandler

from hexdesk.adapters.http.admission import Admission
from hexdesk.adapters.http.bodies import StrictJSON
from hexdesk.adapters.http.controllers.agents import AgentsController
from hexdesk.adapters.http.controllers.api_keys import ApiKeysController
from hexdesk.adapters.http.controllers.approvals import ApprovalsController
from hexdesk.adapters.http.controllers.attached_tools import AttachedToolsController
from hexdesk.adapters.http.controllers.audit import AuditController
from hexdesk.adapters.http.controllers.auth import AuthController
from hexdesk.adapters.http.controllers.channels import ChannelsController
from hexdesk.adapters.http.controllers.chat import ChatController
from hexdesk.adapters.http.controllers.comments import CommentsController
from hexdesk.adapters.http.controllers.deliveries import DeliveriesController
from hexdesk.adapters.http.controllers.files import AgentFilesController, FilesController
from hexdesk.adapters.http.controllers.handoffs import HandoffsController
from hexdesk.adapters.http.controllers.installations import InstallationsController
from hexdesk.adapters.http.controllers.integrations import IntegrationsController
from hexdesk.adapters.http.controllers.members import MembersController
from hexdesk.adapters.http.controllers.organization import OrganizationController
from hexdesk.adapters.http.controllers.reference import ReferenceController
from hexdesk.adapters.http.controllers.system import SystemController
from hexdesk.adapters.http.controllers.tasks import TasksController
from hexdesk.adapters.http.controllers.tickets import TicketsController
from hexdesk.adapters.http.controllers.tools import ToolsController
from hexdesk.adapters.http.edge import Edge
from hexdesk.adapters.http.once import Idempotency
from hexdesk.adapters.http.openapi import document
from hexdesk.adapters.http.options import HttpOptions
from hexdesk.adapters.http.problems import EXCEPTION_HANDLERS
from hexdesk.adapters.http.providers import providers
from hexdesk.adapters.http.uploads import Uploads
from hexdesk.core.desk import Desk

API = "/api/v1"
CONTROLLERS = [
    AuthController,
    OrganizationController,
    MembersController,
    ApiKeysController,
    AgentsController,
    AgentFilesController,
    FilesController,
    ToolsController,
    ChatController,
    HandoffsController,
    ApprovalsController,
    TicketsController,
    CommentsController,
    IntegrationsController,
    AttachedToolsController,
    DeliveriesController,
    ChannelsController,
    InstallationsController,
    TasksController,
    AuditController,
]


def create_app(desk: Desk, options: HttpOptions) -> Litestar:
    """Return the API over the desk.

    A request passes the edge (name, address, log), admission (who, how often, may it), the taking
    in of a file if it brings one, the idempotency key, and comes to a handler, which makes one
    call to the desk.
    """
    app = Litestar(
        _routes(),
        dependencies=providers(desk, options),
        middleware=[Admission(desk, options), Uploads(desk), Idempotency(desk)],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=options.most_body_bytes,
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = Edge(app.asgi_handler, desk, options)
    return app


def describe(version: str, public_url: str | None = None) -> bytes:
    """Return the OpenAPI document of the API, as JSON; no desk is needed for that."""
    nobody = cast("Desk", None)
    app = Litestar(
        _routes(),
        dependencies=providers(nobody, HttpOptions()),
        openapi_config=None,
        logging_config=None,
    )
    return document(app.routes, version, public_url)


def _routes() -> list[ControllerRouterHandler]:
    api = Router(API, route_handlers=CONTROLLERS, dto=StrictJSON, return_dto=None)
    return [api, SystemController, ReferenceController]
