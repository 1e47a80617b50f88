"""The installation's secrets, looked at without using them."""

from hexdesk.adapters.tokens.signing_keys import SigningKeys


def secret_problem(setting: str) -> str | None:
    """Say what is wrong with `HEXDESK_SECRET_KEY`, or return None if nothing is."""
    try:
        SigningKeys(setting)
    except ValueError as error:
        return str(error)
    return None
