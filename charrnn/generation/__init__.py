"""Drawing names: constraints as automata, sampling, resampling, novelty, and stamps that repeat a name.

Knows models only as a :class:`charrnn.generation.sampling.Decoder`; :mod:`charrnn.inference` implements it.
"""
