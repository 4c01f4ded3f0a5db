import pytest
import torch

from charrnn.training import modules
from charrnn.training.optimisation import make_schedule, parameter_groups
from charrnn.training.settings import ClassifierSettings


def schedule_of(**settings):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2, 2))], lr=settings.get("learning_rate", 2e-3))
    schedule = make_schedule(optimizer, ClassifierSettings(**settings), steps=10)
    optimizer.step()
    return schedule


def test_only_matrices_decay():
    model = modules.NameClassifier(10, 3, "gru", 4, 4)
    decays, spared = parameter_groups(model, 2e-3, 0.1)
    assert len(decays["params"]) + len(spared["params"]) == len(list(model.parameters()))
    assert all(p.ndim == 2 and p is not model.embed.weight for p in decays["params"])
    assert (decays["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)


@pytest.mark.parametrize("schedule", ["plateau", "one-cycle", "replay"])
def test_each_group_keeps_its_share_of_the_rate(schedule):
    model = modules.NameClassifier(10, 3, "gru", 4, 4)
    factors = {name: 0.5 for name, _ in model.named_parameters() if not name.startswith("head")}
    groups = parameter_groups(model, 2e-3, 0.1, factors)
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    optimizer = torch.optim.AdamW(groups)
    settings = ClassifierSettings(schedule="plateau" if schedule == "replay" else schedule, epochs=3, lr_patience=0)
    own = make_schedule(optimizer, settings, 10, [1e-3, 5e-4, 1e-4] if schedule == "replay" else None)
    optimizer.step()
    for loss in (1.0, 2.0, 3.0):
        for group in optimizer.param_groups:
            assert group["lr"] == pytest.approx(own.rate * group["factor"])
        for _ in range(9):
            own.after_step()
        own.after_epoch(loss)


def test_plateau_cuts_by_its_factor_after_its_patience_down_to_its_minimum():
    schedule = schedule_of(learning_rate=1.0, lr_factor=0.5, lr_patience=1, lr_threshold=0.1, lr_min=0.3)
    rates = []
    # 0.95 is no improvement under this threshold.
    for loss in (1.0, 0.95, 0.95, 0.95, 0.95, 0.8, 0.8):
        schedule.after_epoch(loss)
        rates.append(schedule.rate)
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.3, 0.3, 0.3]


def test_one_cycle_goes_up_and_down_once_and_ends_where_it_ends():
    schedule = schedule_of(learning_rate=1.0, epochs=3, schedule="one-cycle")
    rates = [schedule.rate]
    for _ in range(35):
        schedule.after_step()
        rates.append(schedule.rate)
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(1.0) and 7 <= top <= 10
    assert rates[: top + 1] == sorted(rates[: top + 1]) and rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 1e-4
    schedule.after_epoch(float("inf"))
    assert schedule.rate == rates[-1]


@pytest.mark.parametrize("name", ["plateau", "one-cycle"])
def test_a_schedule_goes_on_from_its_state(name):
    def rates(schedule, losses):
        for loss in losses:
            for _ in range(10):
                schedule.after_step()
            schedule.after_epoch(loss)
            yield schedule.rate

    whole = schedule_of(schedule=name, epochs=6, lr_patience=1)
    expected = list(rates(whole, [1, 2, 2, 2, 2, 2]))
    first = schedule_of(schedule=name, epochs=6, lr_patience=1)
    assert list(rates(first, [1, 2])) == expected[:2]
    second = schedule_of(schedule=name, epochs=6, lr_patience=1)
    second.load_state_dict(first.state_dict())
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    assert list(rates(second, [2, 2, 2, 2])) == expected[2:]


def test_replay_sets_the_rates_it_was_given_in_every_group():
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))]} for _ in range(2)]
    optimizer = torch.optim.AdamW(groups, lr=7.0)
    schedule = make_schedule(optimizer, ClassifierSettings(), 10, rates=[3.0, 2.0, 1.0])
    seen = []
    for loss in (1.0, 9.0, float("nan")):
        schedule.after_step()
        seen.append([group["lr"] for group in optimizer.param_groups])
        schedule.after_epoch(loss)
    assert seen == [[3.0, 3.0], [2.0, 2.0], [1.0, 1.0]]
