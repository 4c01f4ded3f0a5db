"""The service: the page now; the HTTP API beside it later."""
