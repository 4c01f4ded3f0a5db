"""The service: the Gradio page over the models."""
