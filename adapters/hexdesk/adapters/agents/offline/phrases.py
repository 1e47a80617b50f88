"""The offline model's fixed sentences, and what it says it can do."""

from collections.abc import Set as AbstractSet

NOTICE = (
    "*I am the offline model: no AI provider is configured, so I follow fixed rules and do not "
    "understand free text.*"
)
WELCOME = "You're welcome."
GOODBYE = "Goodbye."
UNCHANGED = "All right, I change nothing."
ASK_SUBJECT = (
    "What is the ticket about? Your next message becomes its text; answer **cancel** to stop."
)
# Examples stand in backticks: what is quoted names no ticket.
ONE_AT_A_TIME = (
    "I do one thing to one ticket at a time. Please send each as a message of its own, "
    "for example: `close #12`"
)
NOT_NOW = (
    "I only carry out plain orders, at once: nothing conditional, for later, or in passing. "
    "If you want it now, say just that, for example: `close #12`"
)
WHICH_TICKET = "Which ticket do you mean? Please name its number, for example: `{example}`"
WHICH_PRIORITY = (
    "To which priority: low, normal, high or urgent? For example: `set {ticket} to high`"
)
WHAT_ABOUT = (
    "I don't know what to do with {ticket}: I follow plain orders, for example: `show {ticket}`, "
    "`close {ticket}`, `set {ticket} to high`"
)
HOW_TO = (
    "Just write what you want, one thing at a time. For example: `create a ticket: the printer is "
    "jammed`, `show #12`, `close #12`, `search tickets for login`"
)
PERSON_WANTED = "The person asked for a human."
NO_RETRY = "I don't try the same again by myself."
MINE_UNKNOWN = "I don't know your member id in this conversation, so I can't tell what is yours."
WHICH_TITLE = "What shall the title be? For example: `rename {ticket} to Printer is jammed`"
WHICH_STATUS = "A status is one of: open, in progress, waiting, resolved, closed."
ASSIGNEE_UNKNOWN = (
    "I can't look up members by name or e-mail address. I can assign a ticket to a member's id "
    "(a UUID), or take its assignee away: `unassign {ticket}`"
)
ME_UNKNOWN = (
    "I don't know your member id in this conversation. I can assign a ticket to a member's id "
    "(a UUID), for example: `assign {ticket} to 0192f3c4-5a6b-7c8d-9e0f-112233445566`"
)

# In the order in which they are told. What a tool does, and how to ask for it.
_ABILITIES = {
    "create_ticket": ("create tickets", "create a ticket: the printer is jammed"),
    "create_ticket_with_ai": ("create tickets", "create a ticket: the printer is jammed"),
    "search_tickets": ("search existing tickets", "search tickets for login"),
    "get_ticket": ("show a ticket", "show #12"),
    "list_tickets": ("list tickets", "list open tickets"),
    "update_ticket": ("change a ticket's title, category or priority", "set #12 to high"),
    "update_ticket_status": ("change a ticket's status", "close #12"),
    "assign_ticket": ("assign tickets", "unassign #12"),
    "delete_ticket": ("delete tickets", "delete #12"),
    "get_ticket_stats": ("count tickets", "how many tickets are there?"),
    "list_integrations": ("list integrations", "list integrations"),
    "get_active_integrations": ("list active integrations", "which integrations are active?"),
    "get_system_health": ("check the system's health", "is the system healthy?"),
}


def abilities(tools: AbstractSet[str]) -> str:
    """Say in half a sentence what these tools allow."""
    told = dict.fromkeys(does for tool, (does, _) in _ABILITIES.items() if tool in tools)
    if not told:
        return "only talk: none of my tools is enabled for this agent"
    *most, last = told
    return f"{', '.join(most)} and {last}" if most else last


def not_enabled(tool: str, tools: AbstractSet[str]) -> str:
    """Say that a tool is missing, and what can be done instead."""
    return (
        f"I can't {_ABILITIES[tool][0]} here: that tool isn't enabled for this agent. "
        f"I can {abilities(tools)}."
    )


def greeting(tools: AbstractSet[str]) -> str:
    """Greet, and say what this is."""
    return f"Hello! I can {abilities(tools)}.\n\n{NOTICE}"


def help_text(tools: AbstractSet[str]) -> str:
    """Say what can be asked for, with an example each."""
    told = {
        does: f"- {does}: `{example}`"
        for tool, (does, example) in _ABILITIES.items()
        if tool in tools
    }
    if not told:
        return f"I can {abilities(tools)}.\n\n{NOTICE}"
    return "This is what you can ask me for:\n\n" + "\n".join(told.values()) + f"\n\n{NOTICE}"


def not_understood(tools: AbstractSet[str]) -> str:
    """Admit that a message fits no rule."""
    offer = " For a new ticket say: `create a ticket: ` and what is wrong."
    has_create = tools & {"create_ticket", "create_ticket_with_ai"}
    return (
        f"I have no rule for that, so I did nothing. I can {abilities(tools)}."
        f"{offer if has_create else ''}\n\n{NOTICE}"
    )


def person_wanted(tools: AbstractSet[str]) -> str:
    """Say that no person is reading, and what reaches one."""
    offer = "I can create a ticket for the team: `create a ticket: ` and what you need."
    has_create = tools & {"create_ticket", "create_ticket_with_ai"}
    text = "You are talking to a program, and I can't connect you to a person."
    return f"{text} {offer if has_create else ''}".rstrip() + f"\n\n{NOTICE}"


def named(ticket: str) -> str:
    """Write a ticket's number or id as people do."""
    return f"#{ticket}" if ticket.isdigit() else ticket


def deleted(ticket: str) -> str:
    """Say that a ticket is no more."""
    return f"Ticket {named(ticket)} is deleted."


def example_of(verb: str) -> str:
    """Give an example of an order that begins with a verb."""
    endings = {"assign": "assign #12 to me", "rename": "rename #12 to Printer is jammed"}
    simple = {"close", "reopen", "resolve", "delete", "unassign"}
    return endings.get(verb) or (f"{verb} #12" if verb in simple else "set #12 to waiting")


def ask_to_delete(ticket: str) -> str:
    """Ask whether a ticket shall really be deleted."""
    name = named(ticket)
    return (
        f"Shall I really delete ticket {name}? This cannot be undone. "
        f"Answer: **yes, delete ticket {ticket}**"
    )
