"""Writing the graph of a model folder, and its weights as 8-bit integers."""

from __future__ import annotations

from pathlib import Path

from charrnn import model_folder
from charrnn.errors import SettingsError, needs_extra
from charrnn.model_folder import CONFIG
from charrnn.onnx.graphs import GRAPHS
from charrnn.storage import storage_errors, write_atomically

with needs_extra("onnx"):
    import onnx

GRAPH = "model.onnx"


def export(folder: Path, out: Path) -> Path:
    """Write ``model.onnx`` and a copy of ``config.json``; equal model folders give equal bytes.

    Args:
        folder: a model folder.
        out: made if absent.

    Returns:
        The graph's path.

    Raises:
        ModelFolderError: the model folder cannot be read.
        StorageError: ``out`` cannot be written.
        MissingExtraError: onnx is not installed.
    """
    config, weights = model_folder.read(folder)
    graph = GRAPHS[config.task](config, weights)
    path = out / GRAPH
    with storage_errors(f"--out {out}", "Choose another place."):
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, graph.SerializeToString())
        write_atomically(out / CONFIG, model_folder.path_of(folder, CONFIG).read_bytes())
    return path


def require_int8(cell: str) -> None:
    """Check that ONNX Runtime has an operator with 8-bit integers for a cell.

    Raises:
        SettingsError: it has none.
    """
    if cell != "lstm":
        raise SettingsError(f"--int8: ONNX Runtime has no 8-bit {cell.upper()}. Train with --cell lstm or drop --int8.")


def quantise(path: Path) -> None:
    """Turn an LSTM's weights in a graph into 8-bit integers, in place (ONNX Runtime's dynamic quantisation).

    Args:
        path: of a graph that :func:`export` wrote.

    Raises:
        SettingsError: the result has no operator with 8-bit integers.
        StorageError: the graph cannot be written.
        MissingExtraError: onnxruntime is not installed.
    """
    with needs_extra("onnx"):
        from onnxruntime.quantization import QuantType, quantize_dynamic
    quantised = path.with_name(f".{path.name}.int8")
    try:
        with storage_errors(str(path), "Free space or choose another --out."):
            quantize_dynamic(path, quantised, op_types_to_quantize=["LSTM"], weight_type=QuantType.QInt8)
            if not any(node.op_type == "DynamicQuantizeLSTM" for node in onnx.load(quantised).graph.node):
                raise SettingsError(f"{path}: ONNX Runtime left the LSTM as it was. Drop --int8.")
            write_atomically(path, quantised.read_bytes())
    finally:
        quantised.unlink(missing_ok=True)
