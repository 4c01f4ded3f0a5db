"""A table in, a table out: answers as columns beside the columns of the input, for tables of any length.

A job is classified part by part, in this process, in several or on a Ray cluster. Finished parts lie beside the output
until all are there, so that an interrupted job can continue.
"""
