"""What is usual is the same in Python, on the command line, over HTTP and on the page."""

import inspect

from charrnn.cli import parser
from charrnn.generation.full_request import FULL, FullRequest, usual_temperature
from charrnn.generation.sampling import TEMPERATURE, Sampling
from charrnn.inference import Generator
from charrnn.service.page.link import NamesForm
from charrnn.service.schemas import GenerateRequest


def test_there_is_one_usual_temperature():
    in_python = inspect.signature(Generator.sample).parameters["temperature"].default
    elsewhere = Sampling().temperature, NamesForm().temperature, usual_temperature(None), usual_temperature("male")
    assert {in_python, *elsewhere} == {TEMPERATURE} == {0.8}
    of_full_names = inspect.signature(Generator.full_names).parameters["temperature"].default
    assert of_full_names == usual_temperature(FULL) == FullRequest().sampling.temperature == 0.5
    # Command line and API leave the choice to usual_temperature.
    assert parser().parse_args(["generate"]).temperature is None
    assert GenerateRequest(label="Irish").temperature is None
