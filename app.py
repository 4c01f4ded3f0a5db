"""The page with the shipped models, on port 7860: ``python app.py``. A Hugging Face Space runs this file, too."""

import argparse
import os
import sys

from charrnn.errors import CharRNNError, SettingsError
from charrnn.inference import Classifier, Generator, load


def main() -> int:
    """Serve until stopped and return the exit status."""
    parser = argparse.ArgumentParser(description="Serve the charrnn page.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")))
    parser.add_argument("--classifier", default="names/classifier", metavar="DIR")
    parser.add_argument("--generator", default="names/generator", metavar="DIR")
    flags = parser.parse_args()
    try:
        from charrnn.service import page

        classifier, generator = load(flags.classifier), load(flags.generator)
        if not isinstance(classifier, Classifier) or not isinstance(generator, Generator):
            raise SettingsError(
                "--classifier and --generator: name a model of each task. They are exchanged, or both of one task."
            )
        blocks = page.build(classifier, generator)
        print(f"charrnn is at http://{flags.host}:{flags.port} (stop with Ctrl-C)", flush=True)
        page.launch(blocks, flags.host, flags.port)
    except CharRNNError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"app.py: cannot serve on {flags.host}:{flags.port} ({error}). Choose another --port.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
