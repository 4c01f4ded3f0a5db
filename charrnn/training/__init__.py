"""Training, in PyTorch; only this package imports torch.

The steps of a run lie in ``preparation`` (corpus to batches), ``fitting`` and ``calibration``; ``charrnn.recipe`` calls
them in order. ``trainer`` is the loop, ``checkpoint`` its state on disk, ``reports`` what a run writes for people.
"""
