import argparse
import subprocess
import sys

import pytest

from charrnn import cli
from charrnn.errors import InterruptedRunError, StorageError

FLAGS = {
    "classify": "names model input input_format name_column output format workers engine ray_address resume restart "
    "delimiter encoding bad_rows sheet overwrite spreadsheet_safe top_k coverage prior min_probability "
    "explain labels kind level whole parts surname_column",
    "generate": "model label n seed temperature top_k top_p distance stamp format prefix suffix contains pattern "
    "characters min_length max_length any_case ascii resample novel kind gender surname_prefix surname_suffix "
    "surname_contains surname_pattern surname_characters surname_min_length surname_max_length",
    "evaluate": "model data name_column label_column kind_column delimiter encoding bad_rows sheet exclude prior "
    "split format",
    "info": "model",
    "corpus audit": "data name_column label_column kind_column delimiter encoding bad_rows sheet format plot",
    "corpus fetch": "name",
    "corpus split": "data name_column label_column kind_column delimiter encoding bad_rows sheet out seed pipeline "
    "validation_fraction test_fraction",
    "serve": "host port models workers no_page engine ray_address token_file cors trusted_proxy",
    "export": "model out int8 data name_column label_column kind_column delimiter encoding bad_rows sheet",
}


def commands(parser, path=()):
    """The flags of each command, by the command's words."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        return {" ".join(path): {action.dest for action in parser._actions} - {"help"}}
    found = [commands(own, (*path, name)) for action in inner for name, own in action.choices.items()]
    return {name: flags for one in found for name, flags in one.items()}


def test_the_flags_of_every_command():
    assert commands(cli.parser()) == {name: set(flags.split()) for name, flags in FLAGS.items()}


def test_every_flag_of_every_command_has_a_help_text_or_choices():
    def check(parser):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for own in action.choices.values():
                    check(own)
            else:
                assert action.help or action.choices or not action.option_strings, action.option_strings

    check(cli.parser())


def test_an_error_is_one_line_and_status_2_and_ctrl_c_is_130(monkeypatch, capsys):
    def fail(error):
        def execute(flags):
            raise error

        monkeypatch.setattr(cli.info, "execute", execute)
        return cli.main(["info", "names/classifier"])

    assert fail(StorageError("there: cannot be written. Free space.")) == 2
    assert capsys.readouterr().err == "charrnn: there: cannot be written. Free space.\n"
    assert fail(InterruptedRunError("stopped. Go on with --resume.")) == 3
    assert fail(KeyboardInterrupt()) == 130
    with pytest.raises(ZeroDivisionError):  # a mistake in the program is no message for people
        fail(ZeroDivisionError())


def test_a_receiver_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m charrnn generate --label Irish -n 20000 --seed 1 | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1
