"""LitServe with our classifier in one worker: ``python benchmarks/service_litserve.py PORT BATCH``.

In a file of its own because LitServe's worker, another process, imports the class from it.
"""

import sys
from typing import Any

import litserve

import charrnn
from charrnn.inference.answers import as_record


class Names(litserve.LitAPI):  # type: ignore[misc]
    """One name a request, as our own API takes and answers it."""

    def setup(self, device: str) -> None:
        """Load the model."""
        self.model: Any = charrnn.load("names/classifier")

    def decode_request(self, request: dict[str, Any]) -> Any:
        """The name."""
        return request["names"][0]

    def predict(self, name: Any) -> Any:
        """The answer."""
        return self.model.predict([name])[0]

    def encode_response(self, output: Any) -> Any:
        """The answer as JSON."""
        return {"results": [as_record(output)]}


class BatchedNames(Names):
    """Names that LitServe puts together."""

    def batch(self, inputs: list[Any]) -> Any:
        """Names stay a list."""
        return inputs

    def predict(self, name: Any) -> Any:
        """The answers."""
        return self.model.predict(name)

    def unbatch(self, output: Any) -> Any:
        """Answers are a list already."""
        return output


if __name__ == "__main__":
    port, size = map(int, sys.argv[1:])
    api = (
        BatchedNames(max_batch_size=size, batch_timeout=0.002, api_path="/api/classify")
        if size > 1
        else Names(api_path="/api/classify")
    )
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")
