"""Tools of plugins: what their code does wrong is an answer to the model, and logged."""

import logging
from dataclasses import replace
from typing import Any

import msgspec

from hexdesk.core.errors import DeskError, ToolFailedError
from hexdesk.core.tools.context import ToolContext
from hexdesk.core.tools.tool import Run, Tool

log = logging.getLogger("hexdesk.plugins")


def guarded(tool: Tool) -> Tool:
    """Return the same tool, which raises nothing but what callers are told of.

    What it returns is made of what JSON has, as the type that it declares says.
    """
    return replace(
        tool,
        run=_guarded(tool, tool.run, result=True),
        prepare=tool.prepare and _guarded(tool, tool.prepare, result=False),
    )


def _guarded(tool: Tool, run: Run, *, result: bool) -> Run:
    async def guard(context: ToolContext, arguments: Any) -> object:
        try:
            made = await run(context, arguments)
            return msgspec.to_builtins(made) if result else made
        except DeskError:
            raise
        except (Exception, SystemExit) as error:
            # A stranger's code may raise anything, and nobody's conversation ends by it.
            log.exception("tool failed", extra={"tool": tool.name, "plugin": tool.source})
            raise ToolFailedError(f"{tool.name} failed") from error

    return guard
