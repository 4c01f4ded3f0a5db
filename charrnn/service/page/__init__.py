"""The Gradio page over the models of a service: a tab that classifies names, one that invents them, one about both.

Answers are HTML by templates, in the language of the browser; the functions behind them are those of the API.
"""

import os

from charrnn.errors import needs_extra

# Before Gradio is imported: no server-side rendering (it starts a Node process), no telemetry.
os.environ.setdefault("GRADIO_SSR_MODE", "false")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Gradio sums up its last 10,000 records after every so many events.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")

with needs_extra("app"):
    from charrnn.service.page.build import build
    from charrnn.service.page.mounting import mount

__all__ = ["build", "mount"]
