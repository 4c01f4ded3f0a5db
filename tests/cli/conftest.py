import pytest

from charrnn.cli import main


@pytest.fixture
def run(capsys):
    """Execute the command; gives (status, output, error)."""

    def run(*arguments):
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
