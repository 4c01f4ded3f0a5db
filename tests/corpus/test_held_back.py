import importlib.util
import json

from tests.conftest import ROOT

HELD_BACK = json.loads((ROOT / "data" / "held_back.json").read_text(encoding="utf-8"))


def test_no_list_is_built_from_a_source_that_is_held_back_for_its_label():
    spec = importlib.util.spec_from_file_location("build", ROOT / "data" / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    for label, source in HELD_BACK.items():
        package, version = source["package"].rsplit(" ", 1)
        assert package in ("Faker", "mimesis", "@faker-js/faker") and version and source["locales"]
        if package == "Faker":
            assert not {*source["locales"]} & {*build.LOCALES.get(label, [])}
    # The build knows no other package than Faker.
    text = (ROOT / "data" / "build.py").read_text(encoding="utf-8")
    assert "mimesis" not in text and "faker-js" not in text
