"""`hexdesk openapi`: the API's own description."""

from typing import BinaryIO

import click


@click.command()
@click.option("--output", type=click.File("wb"), default="-", help="Where to write it.")
def openapi(output: BinaryIO) -> None:
    """Write the OpenAPI 3.1 document of the HTTP API."""
    from hexdesk.entrypoints.bootstrap.description import openapi_document

    output.write(openapi_document())
