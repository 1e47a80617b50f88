"""Vectors as the documents of the embeddings protocol: of letters, so that they can be compared."""

from typing import Any

import msgspec

from hexdesk.core.testing import ngram_vector

DIMENSIONS = 256


def vectors_of(body: dict[str, Any]) -> bytes:
    """Return the document that answers a request for embeddings."""
    given = body["input"]
    texts: list[str] = [given] if isinstance(given, str) else given
    dimensions = body.get("dimensions", DIMENSIONS)
    data = [
        {"object": "embedding", "index": index, "embedding": ngram_vector(text, dimensions)}
        for index, text in enumerate(texts)
    ]
    words = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": words, "total_tokens": words}
    # In no order: the protocol has an index for that.
    document = {"object": "list", "model": body["model"], "usage": usage, "data": data[::-1]}
    return msgspec.json.encode(document)
