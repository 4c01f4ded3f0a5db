"""Drawing names: constraints as automata, sampling, resampling, novelty, and stamps that repeat a name.

Knows models only as a :class:`charrnn.generation.sampling.Decoder`; :mod:`charrnn.inference` implements it.
"""

from charrnn.generation.constraints import Constraints
from charrnn.generation.full_request import FullRequest
from charrnn.generation.novelty import Neighbour
from charrnn.generation.request import Request, Sample
from charrnn.generation.sampling import Sampling

__all__ = ["Constraints", "FullRequest", "Neighbour", "Request", "Sample", "Sampling"]
