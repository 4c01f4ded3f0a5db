"""The page and the API, on port 7860: ``python app.py``. A Hugging Face Space runs this file, too.

It takes the flags and the environment variables of ``charrnn serve``.
"""

import sys

from charrnn.cli import serve

application = serve.app(sys.argv[1:] if __name__ == "__main__" else [])
demo = application.page

if __name__ == "__main__":
    sys.exit(serve.run_app(application))
