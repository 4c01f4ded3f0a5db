"""The service: an HTTP API and a page over the models.

settings and schemas say what it may be asked; core, models, answers, computing and limits who answers, when and how
long; api, page and docs what can be called; gate, problems and observation what comes back besides. assembly puts all
of it together, and server runs it.
"""

import os

# Before NumPy is imported: requests share the processors, a single product does not.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
