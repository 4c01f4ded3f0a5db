"""What is usual is the same in Python, on the command line, over HTTP and on the page."""

import inspect

from charrnn.cli import parser
from charrnn.generation.sampling import TEMPERATURE, Sampling
from charrnn.inference import Generator
from charrnn.service.page.link import NamesForm
from charrnn.service.schemas import GenerateRequest


def test_there_is_one_usual_temperature():
    in_python = inspect.signature(Generator.sample).parameters["temperature"].default
    on_the_command_line = parser().parse_args(["generate"]).temperature
    elsewhere = Sampling().temperature, GenerateRequest(label="Irish").temperature, NamesForm().temperature
    assert {in_python, on_the_command_line, *elsewhere} == {TEMPERATURE} == {0.8}
