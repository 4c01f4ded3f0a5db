"""Requests that are generated from the OpenAPI document: no 500, and every answer fits the document."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.service.conftest import client_of

DOCUMENT = schemathesis.openapi.from_asgi("/openapi.json", client_of().app)


@DOCUMENT.parametrize()
@settings(max_examples=50, suppress_health_check=list(HealthCheck))
def test_answers_fit_the_document(case):
    # No document can say which labels and stamps a model knows: requests that fit it may be refused.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


def references(value):
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in references(inner)]
    return [found for inner in value for found in references(inner)] if isinstance(value, list) else []


def test_the_document_names_every_problem_and_leads_nowhere_else(client):
    document = client.get("/openapi.json").json()
    for reference in references(document):
        assert reference.rpartition("/")[2] in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        if path.startswith("/api/"):
            for operation in operations.values():
                assert {"200", "422", "429", "503", "504"} <= operation["responses"].keys()


@pytest.mark.parametrize("path", ["/api/classify", "/api/generate", "/api/repeat", "/api/explain"])
def test_wrong_types_for_every_field_are_told(path, client):
    document = client.get("/openapi.json").json()
    reference = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    fields = document["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
    fine = {"names": ["a"], "label": "Irish", "name": "Kelly", "stamp": "x"}
    base = {key: value for key, value in fine.items() if key in fields}
    wrong = [None, True, -1, 1.5, "text", [], [1], [[]], {}, {"a": "b"}, "", 10**30, -(10**30), 1e308]
    for field in fields:
        for value in wrong:
            response = client.post(path, base | {field: value})
            assert response.status_code in (200, 422), (field, value)
            if response.status_code == 422:
                assert response.json()["detail"]
