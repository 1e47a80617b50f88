"""From the desk's Markdown to the two bodies of an e-mail."""

from collections.abc import Sequence

from markdown_it import MarkdownIt

from hexdesk.core.model.channels import ShownTicket

# No HTML of its own, and no pictures: a picture tells whoever serves it who reads, and its
# address can carry away what the desk knows.
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
PAGE = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{body}</body></html>\n'


def with_tickets(text: str, tickets: Sequence[ShownTicket]) -> str:
    """Return the text, followed by a line for each ticket."""
    lines = [
        f"Ticket #{ticket.number}: {ticket.title}" + (f" ({ticket.url})" if ticket.url else "")
        for ticket in tickets
    ]
    return "\n\n".join((text.strip(), *lines))


def html_of(text: str) -> str:
    """Return a page that shows the Markdown."""
    rendered = str(MARKDOWN.render(text))
    return PAGE.format(body=rendered)
