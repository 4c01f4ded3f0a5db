"""Training, in PyTorch. Nothing outside this package and ``charrnn.train`` imports torch."""
