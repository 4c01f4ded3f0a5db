"""The examples of the documentation are what the API answers."""

import pytest

from charrnn.service.examples import EXAMPLES


def assert_equal(shown, answered):
    """Equal but for the last bits of numbers, in which machines differ."""
    assert type(shown) is type(answered)
    if isinstance(shown, float):
        assert shown == pytest.approx(answered, abs=1e-4)
    elif isinstance(shown, dict):
        assert list(shown) == list(answered)
        for key, value in shown.items():
            assert_equal(value, answered[key])
    elif isinstance(shown, list):
        assert len(shown) == len(answered)
        for one, other in zip(shown, answered, strict=True):
            assert_equal(one, other)
    else:
        assert shown == answered


@pytest.mark.parametrize("route", EXAMPLES)
def test_an_example_is_answered_as_it_says(route, client):
    request, answer = EXAMPLES[route]
    response = client.post(f"/api/{route}", request)
    assert response.status_code == 200
    assert_equal(answer, response.json())


def test_the_document_shows_an_example_for_each_request(client):
    paths = client.get("/openapi.json").json()["paths"]
    with_body = {path.removeprefix("/api/") for path, operations in paths.items() if "post" in operations}
    assert with_body == EXAMPLES.keys()
    for route, (request, answer) in EXAMPLES.items():
        operation = paths[f"/api/{route}"]["post"]
        for part, example in (
            (operation["requestBody"], request),
            (operation["responses"]["200"], answer),
        ):
            content = part["content"]["application/json"]
            assert content["example"] == example and "$ref" in content["schema"]
        assert operation["requestBody"]["required"] and operation["responses"]["200"]["description"]
