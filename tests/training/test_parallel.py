import pytest
import torch

from charrnn.errors import SettingsError
from charrnn.training import parallel


def test_auto_finds_a_device():
    assert parallel.pick_device("auto").type in ("cuda", "mps", "cpu")


@pytest.mark.parametrize("name", ["cuda:99", "abacus"])
def test_an_absent_device_is_refused_in_one_line(name):
    with pytest.raises(SettingsError, match=f"--device {name}: not usable here") as caught:
        parallel.pick_device(name)
    assert "\n" not in str(caught.value)


def test_several_gpus_are_wrapped_in_data_parallel_and_saved_without_prefix(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    model = torch.nn.Linear(2, 2)
    monkeypatch.setattr(model, "to", lambda device: model)
    wrapped = parallel.wrap(model, torch.device("cuda"))
    assert isinstance(wrapped, torch.nn.DataParallel)
    assert parallel.unwrap(wrapped) is model
    assert parallel.wrap(model, torch.device("cuda", 0)) is model
    assert parallel.wrap(model, torch.device("cpu")) is model
