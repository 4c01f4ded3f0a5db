import onnxruntime
import pytest


@pytest.fixture
def session():
    """Turn a graph, or the path of one, into a session of ONNX Runtime."""

    def session(graph):
        model = str(graph) if hasattr(graph, "suffix") else graph.SerializeToString()
        return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    return session
