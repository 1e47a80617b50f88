"""Handing over: a typed way to end a run, beside words, with which an agent calls a person."""

from pydantic import BaseModel, Field
from pydantic_ai import Agent, ToolOutput

from hexdesk.adapters.agents.pydantic_ai.toolset import RunTools

NAME = "hand_over"
DESCRIPTION = (
    "Hand this conversation over to a person of the team, who goes on in your place. Do so when "
    "somebody asks for a person, or needs what only a person can do or decide. It ends your turn."
)


class HandOver(BaseModel):
    """What an agent says when it hands over."""

    reason: str = Field(min_length=1, max_length=500, description="Why, in a few words.")


AnyAgent = Agent[RunTools, str | HandOver]
WORDS_OR_HANDOVER = [str, ToolOutput(HandOver, name=NAME, description=DESCRIPTION)]
