import sys

from tests.conftest import ROOT

# The scripts of data/ are no package; they import each other as modules beside them.
sys.path.insert(0, str(ROOT / "data"))
