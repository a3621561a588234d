"""The OpenAPI 3.1 document of the screening service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor import __version__
from auditor.known.entries import MEANINGS
from auditor.screening.metrics import OUTCOMES

_ERRORS: Mapping[str, str] = {
    "400": "The request broke off.",
    "401": "The token is missing or wrong.",
    "403": "A web page of another site sent the request.",
    "408": "The body did not arrive in time.",
    "413": "The body is larger than the service takes.",
    "415": "The body is not the bytes of a file as they are: it is a form, or compressed.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
    "500": "A fault of the service.",
    "503": "Too many pictures wait to be compared; `Retry-After` says how many seconds to wait.",
}
_OF_SCREENING = tuple(_ERRORS)
_OF_METRICS = ("401", "403", "500")


def openapi_document(max_bytes: int, *, needs_token: bool) -> dict[str, Any]:
    """Return the document of a service that takes bodies of up to ``max_bytes``."""
    security: list[dict[str, list[str]]] = [{"token": []}] if needs_token else []
    picture = {
        "summary": "Screen the bytes of one picture file",
        "description": f"At most {max_bytes:,} bytes. They are neither stored nor logged.",
        "operationId": "screen",
        "security": security,
        "requestBody": {"required": True, "content": {"application/octet-stream": {}}},
        "responses": {"200": _json_answer("The answer.", "Screening"), **_errors(_OF_SCREENING)},
    }
    metrics = {
        "summary": "Counts in the text format of Prometheus",
        "operationId": "metrics",
        "security": security,
        "responses": {
            "200": {"description": "The counts.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **_errors(_OF_METRICS),
        },
    }
    health = {
        "summary": "Whether the service can answer",
        "operationId": "health",
        "security": [],
        "responses": {
            "200": _json_answer("It can, though never with none while its lists are too old.", "Health"),
            "503": _json_answer("It cannot.", "Health"),
        },
    }
    document = {
        "summary": "This document",
        "operationId": "openapi",
        "security": [],
        "responses": {"200": {"description": "The document.", "content": {"application/json": {}}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "auditor screen",
            "version": __version__,
            "summary": "Screens single pictures against lists of known content, by hash alone.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/v1/screen": {"post": picture},
            "/v1/openapi.json": {"get": document},
            "/health": {"get": health},
            "/metrics": {"get": metrics},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _SCHEMAS,
        },
    }


def _json_answer(description: str, schema: str) -> dict[str, Any]:
    """Return the response of the document that has this schema."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _errors(statuses: tuple[str, ...]) -> dict[str, Any]:
    """Return the responses of the document for these errors."""
    return {status: _json_answer(_ERRORS[status], "Error") for status in statuses}


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all these properties and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMAS = {
    "Screening": _object(
        outcome={
            "type": "string",
            "enum": list(OUTCOMES),
            "description": "`none` does not say that a picture is free of such content. `unchecked`: no match, and "
            "something was not compared.",
        },
        lists={
            "type": "array",
            "description": "The lists that it matches.",
            "items": _object(
                name={"type": "string"},
                means={"type": "string", "enum": list(MEANINGS)},
                match={"type": "string", "enum": ["exact", "near"]},
            ),
        },
        why={"type": "string", "description": "The outcome in words, with all that was not compared."},
    ),
    "Health": _object(status={"type": "string", "enum": ["ok", "lists too old", "no workers"]}),
    "Error": _object(error={"type": "string"}),
}
