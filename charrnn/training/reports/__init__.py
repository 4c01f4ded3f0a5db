"""What a run writes for people to read: JSON lines, TensorBoard events, plots, the model card."""
