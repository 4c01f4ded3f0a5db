"""What the API answers: the answers of the models, in the keys of the command line."""

import asyncio
import json

import httpx
import pytest

from charrnn.inference import load
from charrnn.service.computing import SMALL
from tests.service.conftest import client_of

NAMES = ["Satoshi", "Dostoevsky", "Papadopoulos", "O'Sullivan", "Nguyễn", "?", "", "x" * 101, "Ye", "Kowalski"]


@pytest.fixture(scope="module")
def classifier():
    return load("names/classifier")


@pytest.fixture(scope="module")
def generator():
    return load("names/generator")


def as_tuples(result):
    return [(p["label"], p["probability"]) for p in result["predictions"]], result["reason"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"top_k": 0},
        {"prior": "uniform", "top_k": 1},
        {"prior": {"Irish": 3, "English": 1.5}},
        {"labels": ["Irish", "Scottish", "English"]},
        {"kind": "female"},
        {"level": "family", "prior": "uniform"},
        {"coverage": 0.9},
        {"min_probability": 0.6},
    ],
)
@pytest.mark.parametrize("count", [SMALL, len(NAMES)])
def test_classify_answers_as_predict_does(client, classifier, settings, count):
    answer = client.post("/api/classify", {"names": NAMES[:count], **settings}).json()
    assert answer["model"] == classifier.config.weights_sha256
    assert [result["name"] for result in answer["results"]] == NAMES[:count]
    for result, expected in zip(answer["results"], classifier.predict(NAMES[:count], **settings), strict=True):
        predictions, reason = as_tuples(result)
        assert reason == expected.reason and result["abstained"] == expected.abstained
        assert [label for label, _ in predictions] == [score.label for score in expected.predictions]
        assert [p for _, p in predictions] == pytest.approx([score.probability for score in expected.predictions])


def test_null_is_a_missing_name(client):
    results = client.post("/api/classify", {"names": [None, "Satoshi"]}).json()["results"]
    assert results[0] == {"name": None, "predictions": [], "abstained": True, "reason": "missing-name"}


def test_texts_unlike_names_abstain_and_keep_their_answers(client):
    results = client.post("/api/classify", {"names": ["Xqzwvkjx", "Acme Ltd", "Satoshi"]}).json()["results"]
    assert [result["reason"] for result in results] == ["unlike-training", "not-a-name", None]
    assert [len(result["predictions"]) for result in results] == [3, 3, 3]


def test_explanations_add_up_and_are_those_of_explain(client):
    body = {"names": ["O'Sullivan", "?"], "explain": True}
    first, second = client.post("/api/classify", body).json()["results"]
    explanation = first["explanation"]
    parts = sum(explanation["shares"]) + explanation["rest"] + explanation["memory"]
    assert parts == pytest.approx(explanation["score"]) and explanation["listed"] == ["Irish"]
    assert explanation["label"] == "Irish" and "explanation" not in second
    own = client.post("/api/explain", {"name": "O'Sullivan"}).json()
    assert {key: own[key] for key in explanation} == explanation and own["name"] == "O'Sullivan"
    among = client.post("/api/explain", {"name": "O'Sullivan", "labels": ["Greek", "Dutch"]}).json()
    assert {among["label"], among["other"]} == {"Greek", "Dutch"}


def test_small_requests_at_the_same_time_get_their_own_answers(client, classifier):
    names = [name for name in NAMES if name] * 8
    settings = [{"top_k": 1 + i % 3} for i in range(len(names))]

    async def ask_all():
        transport = httpx.ASGITransport(client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as connection:
            bodies = [{"names": [name], **own} for name, own in zip(names, settings, strict=True)]
            return await asyncio.gather(*(connection.post("/api/classify", json=body) for body in bodies))

    for name, own, response in zip(names, settings, asyncio.run(ask_all()), strict=True):
        (result,) = response.json()["results"]
        (expected,) = classifier.predict([name], **own)
        assert result["name"] == name
        assert [p["label"] for p in result["predictions"]] == [score.label for score in expected.predictions]


def test_generate_gives_the_names_of_the_seed_and_says_the_seed(client, generator):
    body = {"label": "Irish", "n": 5, "seed": 7}
    answer = client.post("/api/generate", body).json()
    names = [record["name"] for record in answer["names"]]
    assert names == generator.sample("Irish", 5, 7, temperature=0.8)
    assert answer["seed"] == 7 and answer["complete"] and answer["message"] is None
    assert answer["model"] == generator.config.weights_sha256
    drawn = client.post("/api/generate", {"label": "Irish"}).json()
    assert len(drawn["names"]) == 10
    again = client.post("/api/generate", {"label": "Irish", "seed": drawn["seed"]}).json()
    assert again["names"] == drawn["names"]


def test_a_stamp_gives_its_name_again(client):
    body = {"blend": {"Irish": 2, "Japanese": 1}, "n": 3, "seed": 1, "suffix": "a", "max_length": 9}
    for record in client.post("/api/generate", body).json()["names"]:
        assert record["name"].endswith("a") and len(record["name"]) <= 9
        repeated = client.post("/api/repeat", {"stamp": record["stamp"]}).json()
        assert {key: repeated[key] for key in record} == record


@pytest.mark.parametrize(
    ("constraint", "holds"),
    [
        ({"prefix": "Mac"}, lambda name: name.startswith("Mac")),
        ({"contains": "oo"}, lambda name: "oo" in name),
        ({"pattern": "[A-Z][a-z]+(ini|etti)"}, lambda name: name.endswith(("ini", "etti"))),
        ({"characters": "Amoran"}, lambda name: set(name) <= set("Amoran")),
        ({"min_length": 12}, lambda name: len(name) >= 12),
    ],
)
def test_constraints_hold(client, constraint, holds):
    answer = client.post("/api/generate", {"label": "*", "n": 20, "seed": 3, **constraint}).json()
    assert len(answer["names"]) == 20 and all(holds(record["name"]) for record in answer["names"])


def test_novel_names_are_new_and_the_nearest_is_shown(client, generator):
    body = {"label": "Irish", "n": 10, "seed": 1, "novel": True, "nearest": True}
    records = client.post("/api/generate", body).json()["names"]
    assert all(record["distance"] > 0 for record in records)
    assert [(r["nearest"], r["distance"]) for r in records] == [tuple(generator.nearest(r["name"])) for r in records]


def test_full_names_have_their_parts_and_their_stamps_bring_them_again(client):
    body = {"label": "Spanish", "kind": "full", "gender": "female", "n": 4, "seed": 7, "novel": True, "prefix": "A"}
    body |= {"surname": {"prefix": "G", "max_length": 9}}
    answer = client.post("/api/generate", body).json()
    assert answer["complete"]
    for record in answer["names"]:
        first, last, _ = record["parts"]
        assert [part["kind"] for part in record["parts"]] == ["given", "surname", "surname"]
        assert record["name"] == " ".join(part["text"] for part in record["parts"]) and record["gender"] == "female"
        assert first["text"][0] == "A" and last["text"][0] == "G" and len(last["text"]) <= 9
        again = client.post("/api/repeat", {"stamp": record["stamp"]}).json()
        assert again == record | {"model": answer["model"]}
    assert client.post("/api/generate", body).json() == answer


@pytest.mark.parametrize(("kind", "usual"), [("full", 0.5), ("male", 0.8), (None, 0.8)])
def test_the_usual_temperature_is_that_of_the_kind(client, kind, usual):
    body = {"label": "Greek", "kind": kind, "n": 5, "seed": 7}
    names = client.post("/api/generate", body).json()["names"]
    assert names == client.post("/api/generate", body | {"temperature": usual}).json()["names"]
    assert names != client.post("/api/generate", body | {"temperature": 1.3 - usual}).json()["names"]


def test_fewer_names_than_asked_for_are_told(client):
    body = {"label": "Irish", "n": 10, "seed": 1, "novel": True, "pattern": "O'[AB]", "resample": 1}
    answer = client.post("/api/generate", body).json()
    assert not answer["complete"] and len(answer["names"]) < 10
    assert answer["message"] == f"{len(answer['names'])} names instead of 10: new ones became too rare."


@pytest.mark.parametrize(("media_type", "mark"), [("application/x-ndjson", ""), ("text/event-stream", "data: ")])
def test_a_stream_holds_what_the_whole_answer_holds(client, media_type, mark):
    body = {"label": "Greek", "n": 300, "seed": 2}
    whole = client.post("/api/generate", body).json()
    response = client.post("/api/generate", body, headers={"Accept": media_type})
    assert response.headers["content-type"].startswith(media_type)
    lines = [line for line in response.text.split("\n") if line]
    assert all(line.startswith(mark) for line in lines)
    *names, end = [json.loads(line.removeprefix(mark)) for line in lines]
    assert names == whole["names"] and end == {key: whole[key] for key in ("seed", "complete", "message")}


def test_an_error_before_the_first_name_of_a_stream_is_a_problem(client):
    response = client.post("/api/generate", {"label": "Elvish"}, headers={"Accept": "application/x-ndjson"})
    assert response.status_code == 422 and response.headers["content-type"] == "application/problem+json"


GENERATE, CLASSIFY = "/api/generate", "/api/classify"
FULL = {"label": "Irish", "kind": "full"}


@pytest.mark.parametrize(
    ("path", "body", "kind", "field", "detail"),
    [
        (CLASSIFY, {}, "invalid", "names", "names: is missing."),
        (CLASSIFY, {"names": []}, "invalid", "names", "at least 1"),
        (CLASSIFY, {"names": ["a"] * 1001}, "invalid", "names", "at most 1,000 may be"),
        (CLASSIFY, {"names": "Satoshi"}, "invalid", "names", "must be a valid list"),
        (CLASSIFY, {"names": ["a", 5]}, "invalid", "names.1", "must be a valid string"),
        (
            CLASSIFY,
            {"names": ["a"], "name": 1},
            "invalid",
            "name",
            "name: is no field of this request. Did you mean names?",
        ),
        (CLASSIFY, {"names": ["a"], "top_k": -1}, "invalid", "top_k", "top_k -1: must be greater than or equal to 0."),
        (CLASSIFY, {"names": ["a"], "top_k": True}, "invalid", "top_k", "valid integer"),
        (CLASSIFY, {"names": ["a"], "top_k": "3"}, "invalid", "top_k", "valid integer"),
        (CLASSIFY, {"names": ["a"], "prior": {"Irish": -1}}, "invalid", "prior.Irish", "greater than or equal to 0"),
        (CLASSIFY, {"names": ["a"], "prior": {"Elvish": 1}}, "unknown-label", "prior", "unknown label 'Elvish'"),
        (CLASSIFY, {"names": ["a"], "labels": ["Elvish"]}, "unknown-label", "labels", "this model knows Akan"),
        (CLASSIFY, {"names": ["a"], "coverage": 0.5}, "invalid", "coverage", "it knows 0.8, 0.9, 0.95"),
        (CLASSIFY, {"names": ["a"] * 21, "explain": True}, "invalid", "explain", "up to 20 names"),
        (GENERATE, {"label": "Elvish"}, "unknown-label", "label", "unknown label 'Elvish'; this model knows Akan"),
        (GENERATE, {}, "unknown-label", "label", "choose one of"),
        (GENERATE, {"blend": {"Irish": 0}}, "invalid", "blend.Irish", "greater than 0"),
        (GENERATE, {"blend": {"Elvish": 1}}, "unknown-label", "blend", "unknown label 'Elvish'"),
        (GENERATE, {"label": "Irish", "blend": {"Irish": 1}}, "invalid", "blend", "in place of a label"),
        (GENERATE, {"label": "Irish", "n": 10**9}, "invalid", "n", "less than or equal to 1000"),
        (GENERATE, {"label": "Irish", "seed": -1}, "invalid", "seed", "greater"),
        (GENERATE, {"label": "Irish", "seed": 1.5}, "invalid", "seed", "integer"),
        (GENERATE, {"label": "Irish", "temperature": 1e400}, "malformed", None, "Infinity"),
        (GENERATE, {"label": "Irish", "top_p": 0}, "invalid", "top_p", "greater than 0"),
        (GENERATE, {"label": "Irish", "prefix": "Q9"}, "impossible-constraint", "prefix", "does not know '9'"),
        (GENERATE, {"label": "Irish", "min_length": 9, "max_length": 3}, "impossible-constraint", "min_length", "long"),
        (GENERATE, {"label": "Irish", "pattern": "("}, "invalid", "pattern", "unterminated"),
        (GENERATE, {"label": "Irish", "pattern": "(?=a)"}, "invalid", "pattern", ""),
        (GENERATE, {"label": "Irish", "n": 200, "nearest": True}, "invalid", "nearest", "up to 100"),
        (GENERATE, {"label": "Irish", "gender": "male"}, "invalid", "gender", "gender: is for full names. Set kind"),
        (GENERATE, {"label": "Irish", "kind": "male", "surname": {}}, "invalid", "surname", "is for full names"),
        (GENERATE, FULL | {"gender": "x"}, "invalid", "gender", "'any', 'female' or 'male'"),
        (GENERATE, FULL | {"nearest": True}, "invalid", "nearest", "is for single names"),
        (GENERATE, FULL | {"label": "*"}, "invalid", "label", "order and forms of full names"),
        (GENERATE, FULL | {"surname": {"prefix": "Q9"}}, "impossible-constraint", "surname", "surname: prefix 'Q9'"),
        (GENERATE, FULL | {"surname": {"min_length": 0}}, "invalid", "surname.min_length", "greater than or equal"),
        (GENERATE, FULL | {"surname": {"ascii": True}}, "invalid", "surname.ascii", "is no field"),
        ("/api/repeat", {"stamp": "x"}, "invalid", "stamp", "not a stamp of charrnn"),
        ("/api/explain", {"name": "?"}, "invalid", "name", "cannot be scored (no-letters)"),
        ("/api/explain", {"name": "a", "labels": ["Irish"]}, "invalid", "labels", "at least 2"),
    ],
)
def test_what_is_at_fault_is_told(client, path, body, kind, field, detail):
    response = client.request(
        "POST", path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:charrnn:problem:{kind}" and problem["status"] == response.status_code < 500
    assert problem.get("field") == field and detail in problem["detail"] and "\n" not in problem["detail"]


def test_the_line_of_the_command_line_is_the_detail(client, capsys):
    from charrnn.cli import main

    for flags, body in [
        (["--label", "Elvish"], {"label": "Elvish"}),
        (["--label", "Irish", "--prefix", "Q9"], {"label": "Irish", "prefix": "Q9"}),
        (["--label", "Irish", "--pattern", "("], {"label": "Irish", "pattern": "("}),
    ]:
        detail = client.post(GENERATE, body).json()["detail"]
        capsys.readouterr()
        assert main(["generate", *flags]) == 2
        assert capsys.readouterr().err == f"charrnn: {detail}\n"


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"[1]", "no JSON object"),
        (b"5", "no JSON object"),
        (b'{"names": ["a"], "names": ["b"]}', "holds a key twice"),
        (b'{"names": [NaN]}', "holds NaN"),
        (b'{"names": ["\\ud800"]}', "no Unicode"),
        (b'{"names": ["\xff"]}', "no Unicode"),
        (b'{"names": ["a"], "top_k": ' + b"9" * 5000 + b"}", "too long"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"names": ["a"]} x', "is no JSON"),
        ("{}".encode("utf-16"), "no Unicode"),
    ],
)
def test_bodies_that_are_no_json_objects(client, content, detail):
    response = client.request("POST", CLASSIFY, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422) and detail in response.json()["detail"]


def test_nothing_long_is_sent_back(client):
    for body in (
        {"k" * 100_000: 1},
        {"names": ["a"], "prior": {"k" * 90: [[["x" * 100_000]]]}},
        {"names": [[["x" * 9**5]]]},
    ):
        response = client.post(CLASSIFY, body)
        assert response.status_code == 422 and len(response.content) < 2000
    assert len(client.post("/api/explain", {"name": "1" * 100_000}).content) < 2000


@pytest.mark.parametrize("depth", range(880, 1000, 3))
def test_no_depth_of_a_body_is_an_error_of_the_server(client, depth):
    for content in (b"[" * depth + b"]" * depth, b'{"names": ' + b"[" * depth + b"]" * depth + b"}"):
        response = client.request("POST", CLASSIFY, content=content, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422)


def test_tiny_weights_are_weights(client):
    answer = client.post(CLASSIFY, {"names": ["Satoshi"], "prior": {"Irish": 5e-324, "Greek": 5e-324}}).json()
    probabilities = [p["probability"] for p in answer["results"][0]["predictions"] if p["probability"]]
    assert sum(probabilities) == pytest.approx(1)


def test_the_longest_stamps_are_read_again(client):
    body = {"label": "*", "n": 1, "seed": 2**53 - 1, "contains": "a", "pattern": ".*(?#" + "𝔞" * 490 + ")"}
    body |= {"characters": "abcdefghijklmnopqrstuvwxyz" + "".join(map(chr, range(0x1F000, 0x1F000 + 274)))}
    (record,) = client.post(GENERATE, body).json()["names"]
    assert client.post("/api/repeat", {"stamp": record["stamp"]}).json()["name"] == record["name"]


def forged(model, **content):
    import base64

    return base64.urlsafe_b64encode(json.dumps({"model": model, **content}).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "content",
    [
        {"attempt": 1e999},
        {"attempt": 0, "resample": 1.5},
        {"attempt": 0, "seed": True},
        {"attempt": 0, "label": {"Irish": "x"}},
        {"attempt": 0, "label": {"Irish": [1, 2]}},
        {"attempt": 0, "label": {"Irish": 10**400}},
        {"attempt": 0, "label": {}},
        {"attempt": 0, "constraints": {"pattern": "("}},
        {"attempt": 0, "sampling": {"temperature": float("nan")}},
    ],
)
def test_stamps_that_somebody_made_up_are_refused(client, generator, content):
    stamp = forged(generator.config.weights_sha256[:16], **content)
    assert client.post("/api/repeat", {"stamp": stamp}).status_code == 422


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_bodies_must_be_told_to_be_json(client, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    response = client.request("POST", CLASSIFY, content=b'{"names": ["a"]}', headers=headers)
    assert response.status_code == 415 and response.json()["type"].endswith(":unsupported-media-type")
    fine = client.request(
        "POST", CLASSIFY, content=b'{"names": ["a"]}', headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert fine.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/classify", 405),
        ("PUT", "/api/generate", 405),
        ("POST", "/healthz", 405),
        ("GET", "/api/nothing", 404),
        ("GET", "/api/../etc/passwd", 404),
        ("GET", "/docs/assets/%2e%2e/%2e%2e/core.py", 404),
        ("GET", "/docs/assets/..%2f__init__.py", 404),
        ("POST", "/nothing", 404),
    ],
)
def test_paths_and_methods_that_are_not_there(client, method, path, status):
    response = client.request(method, path)
    assert response.status_code == status == response.json()["status"]
    assert response.headers["content-type"] == "application/problem+json"


def test_what_is_not_served_is_404(tmp_path, shipped):
    (tmp_path / "generator").symlink_to(shipped / "generator")
    only = client_of(models=str(tmp_path))
    response = only.post(CLASSIFY, {"names": ["Satoshi"]})
    assert response.status_code == 404 and response.json()["type"].endswith(":no-model")
    assert [model["task"] for model in only.get("/api/models").json()["models"]] == ["generator"]
    assert only.post(GENERATE, {"label": "Irish", "n": 1}).status_code == 200


def test_models_are_described(client, classifier):
    answer = client.get("/api/models").json()
    assert [model["task"] for model in answer["models"]] == ["classifier", "generator"]
    first = answer["models"][0]
    assert first["labels"] == classifier.labels and first["sha256"] == classifier.config.weights_sha256
    assert first["scores"]["charrnn"]["accuracy"] > 0.6 and answer["limits"]["names"] == 1000


def test_the_document_is_openapi_3_1_and_its_page_asks_no_other_host(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    routes = {"/api/classify", "/api/generate", "/api/repeat", "/api/explain", "/api/models"}
    assert document["paths"].keys() == routes | {"/healthz", "/readyz", "/metrics"}
    page = client.get("/docs").text
    assert "http://" not in page and "https://" not in page
    assert client.get("/docs/assets/swagger-ui-bundle.js").status_code == 200
    assert client.get("/").headers["location"] == "/docs"


def test_monitors_may_ask_with_head(client):
    for path in ("/healthz", "/readyz", "/docs", "/api/models"):
        assert client.request("HEAD", path).status_code == 200


def test_a_document_that_needs_a_token_says_so(tmp_path, client):
    (tmp_path / "tokens").write_text("a-token-of-one-client")
    guarded = client_of(token_file=str(tmp_path / "tokens"))
    document = guarded.get("/openapi.json", headers={"Authorization": "Bearer a-token-of-one-client"}).json()
    assert document["security"] == [{"token": []}] and "security" not in client.get("/openapi.json").json()
