"""Greetings, thanks, and questions about the assistant itself."""

import re
from collections.abc import Set as AbstractSet

from hexdesk.adapters.agents.offline import phrases
from hexdesk.adapters.agents.offline.conversation import HandOver, Say

_GREETING = re.compile(
    r"(?>(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))\b"
    r"(?: (?:there|all|team|everyone|folks)\b)?|how are you(?: doing)?(?: today)?\b|[\s,.!?])++"
)
_THANKS = re.compile(
    r"(?:(?:ok|okay|great|perfect|cool|nice),? )?(?:many )?(?:thanks|thank you|thx|ty|cheers)"
    r"(?: (?:a lot|so much|very much|again|for (?:your|the) help))?[\s.!]*"
)
_GOODBYE = re.compile(r"(?:bye|goodbye|bye bye|see you(?: later)?|have a (?:nice|good) day)[\s.!]*")
_HELP = re.compile(r"(?:(?:i need |get )?(?:some )?help(?: me)?|\?+|commands|menu)[\s.!?]*")
_ABOUT_ITSELF = re.compile(
    r"\b(?:what (?:can|do) (?:you|u) (?:do|know|help)|(?:who|what) are (?:you|u)|your "
    r"(?:capabilities|name)|how (?:can|do) you (?:help|work)|are (?:you|u) (?:an? )?"
    r"(?:ai|bot|robot|human|real|person|machine|chatgpt|gpt)|"
    r"talking to an? (?:bot|robot|human|person|machine))\b"
)
_PERSON = re.compile(
    r"(?:(?:a |real |live |human )*(?:human|person|operator|representative|agent))"
    r"(?: please)?[\s.!?]*"
)
_PERSON_WANTED = re.compile(
    r"\b(?:talk|speak|chat|connect me|transfer me|put me through|get me|give me|contact|reach)\b"
    r".{0,20}\b(?:human|person|agent|operator|representative|someone|somebody|staff|manager)\b|"
    r"\b(?:some(?:one|body)|anyone) (?:please )?(?:call|phone|ring) me\b|"
    r"\bi (?:want|need|would like) an? (?:real |live )?(?:human|person|operator)\b"
)


def converse(words: str, tools: AbstractSet[str], *, has_people: bool) -> Say | HandOver | None:
    """Answer small talk, and say what this is where somebody asks."""
    if _GREETING.fullmatch(words):
        return Say(text=phrases.greeting(tools))
    if _THANKS.fullmatch(words):
        return Say(text=phrases.WELCOME)
    if _GOODBYE.fullmatch(words):
        return Say(text=phrases.GOODBYE)
    if _HELP.fullmatch(words) or _ABOUT_ITSELF.search(words):
        return Say(text=phrases.help_text(tools))
    if _PERSON.fullmatch(words) or _PERSON_WANTED.search(words):
        reason = phrases.PERSON_WANTED
        return HandOver(reason=reason) if has_people else Say(text=phrases.person_wanted(tools))
    return None
