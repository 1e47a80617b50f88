"""What the layers of the API know of the request at hand."""

from dataclasses import dataclass
from typing import Any, cast

from litestar.types import HTTPScope, Scope

from hexdesk.adapters.http.upload_form import UploadForm
from hexdesk.core.model.idempotency import KeptAnswer
from hexdesk.core.model.limits import Verdict
from hexdesk.core.model.principals import Origin
from hexdesk.core.use_cases.idempotency import OnceStorage

PLACE = "exchange"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its answer.

    `verdict` says how the rate stands that was counted last. `query` is what the query
    parameters say. `once` is the storage of a request
    with an idempotency key, `first` the run that answered the same key before. `form` is what came
    with a file. One with `waits_for_client` takes as long as a file is on its way.
    """

    request_id: str
    address: str | None
    verdict: Verdict | None = None
    query: Any = None
    once: OnceStorage | None = None
    first: KeptAnswer | None = None
    form: UploadForm | None = None
    waits_for_client: bool = False

    @property
    def origin(self) -> Origin:
        """Where the request comes from, for the audit."""
        return Origin(ip=self.address, request_id=self.request_id)

    def attach(self, scope: HTTPScope) -> None:
        """Make it known to the layers further in."""
        scope["state"][PLACE] = self

    @classmethod
    def of(cls, scope: Scope) -> "Exchange":
        """Return what the outermost layer attached."""
        return cast("Exchange", scope["state"][PLACE])
