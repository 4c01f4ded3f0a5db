"""Model folders as ONNX graphs: built by hand, written, quantised, and computed by ONNX Runtime in place of NumPy."""
