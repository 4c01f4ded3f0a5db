"""A listener that writes TensorBoard events."""

from __future__ import annotations

from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from charrnn.training.trainer import Epoch


class TensorBoard:
    """Scalars of each epoch as TensorBoard events. Use as a context manager, so that the file is closed.

    Args:
        folder: where the event file goes; made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.writer = SummaryWriter(str(folder))

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def on_epoch(self, epoch: Epoch) -> None:
        """Write the scalars of an epoch."""
        for tag, value in (
            ("loss/train", epoch.train_loss),
            ("loss/validation", epoch.validation_loss),
            ("accuracy/validation", epoch.validation_accuracy),
            ("learning_rate", epoch.learning_rate),
            ("gradient_norm", epoch.gradient_norm),
            ("names_per_second", epoch.names_per_second),
        ):
            self.writer.add_scalar(tag, value, epoch.number)
