"""The description names every call that there is, and no other; and each of its examples works."""

import re
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest

from dnsd.admin.calls import CALLS
from dnsd.admin.openapi import openapi_document

DOCUMENT = openapi_document()


def validate(instance: object, schema: dict[str, Any]) -> None:
    """Against a schema of the description, references resolved within it."""
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(instance)


def test_every_route_is_described(replica: Any) -> None:
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in replica.admin.application().router.routes()
        if route.method != "HEAD"
    }
    assert routes == {(call.method, call.path) for call in CALLS}


async def test_every_example_runs(replica: Any) -> None:
    """In the order of the description, which registers before it reads and deletes at the end."""
    ran = 0
    for call in CALLS:
        operation = DOCUMENT["paths"][call.path][call.method]
        path = re.sub(r"{(\w+)}", lambda found, given=operation: example_of(given, found[1]), call.path)
        query = {each["name"]: each["example"] for each in operation["parameters"] if "example" in each} | {}
        query = {name: value for name, value in query.items() if name in call.parameters}
        if call.path == "/v1/watch":
            continue  # endless: test_changes.py reads it
        if "{token}" in call.path:
            listed = (await replica.call("GET", "/v1/tokens")).document["items"]
            path = f"/v1/tokens/{listed[0]['id']}"
        url = f"{path}?{urlencode(query)}" if query else path
        contents = operation.get("requestBody", {}).get("content", {"": {"example": None}})
        for content_type, content in contents.items():
            headers = {"Content-Type": content_type} if content_type else {}
            answer = await replica.call(call.method.upper(), url, content["example"], headers)
            assert answer.status in call.replies, (call.path, answer)
            shown = operation["responses"][str(answer.status)]["content"]
            [(kind, described)] = shown.items()
            assert answer.headers["Content-Type"].startswith(kind)
            if kind == "application/json":
                validate(answer.document, described["schema"])
            ran += 1
    assert ran == len(CALLS) - 1 + 4  # the manifest goes by five content types


def example_of(operation: dict[str, Any], name: str) -> str:
    return str(next(each["example"] for each in operation["parameters"] if each["name"] == name))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/services?limit=x", None, 400),
        ("GET", "/v1/namespaces/a/services/b", None, 404),
        ("GET", "/v1/none", None, 404),
        ("TRACE", "/v1/services", None, 405),
        ("PUT", "/v1/namespaces/a/services/b", {"ttl_seconds": -1, "more": 1}, 422),
    ],
)
async def test_problems_are_as_described_and_have_a_page(
    replica: Any, method: str, path: str, body: object, status: int
) -> None:
    answer = await replica.call(method, path, body)
    assert answer.status == status
    validate(answer.document, {"$ref": "#/components/schemas/ProblemReply"})
    page = await replica.call("GET", answer.document["type"])
    assert page.status == 200
    validate(page.document, {"$ref": "#/components/schemas/ProblemPage"})
    assert (page.document["status"], page.document["title"]) == (status, answer.document["title"])
