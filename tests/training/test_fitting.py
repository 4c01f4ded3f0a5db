import dataclasses

import numpy as np
import pytest
import torch

from charrnn import model_folder
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.errors import NonFiniteLossError
from charrnn.memory import Memory
from charrnn.ngrams import NGramAutomaton, NGramHashTable
from charrnn.text import fold_latin
from charrnn.training.checkpoint import read_state
from charrnn.training.distributed import DistributedContext
from charrnn.training.fitting import GENERATOR_ORDER, count_ngrams, fit, refit, remember, training_record
from charrnn.training.preparation import class_indices, make_loaders, starting_config, usable_names
from charrnn.training.settings import SETTINGS
from charrnn.training.trainer import Trainer
from charrnn.training.training_run import TrainingRun
from tests.conftest import random_names

NAMES = random_names(150, 8)
CORPUS = Corpus(NAMES, [["A", "B", "C"][ord(name[-1]) % 3] for name in NAMES])


def prepare(task="classifier", out=None, private=False, init=None, corpus=CORPUS, **settings):
    defaults = {"hidden": 8, "epochs": 6, "batch_size": 16, "lr_patience": 0, "learning_rate": 0.02, "folds": 0}
    context = DistributedContext(torch.device("cpu"))
    run = TrainingRun(task, corpus, SETTINGS[task](**defaults | settings), context, init, out, private=private)
    names = usable_names(task, corpus, run.settings.pipeline)
    splits = split(names)
    config = starting_config(run, names, splits)
    return run, config, make_loaders(run, config, splits)


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("schedule", ["plateau", "one-cycle"])
def test_a_refit_repeats_the_best_epochs_and_their_rates_on_all_names(schedule):
    run, config, loaders = prepare(schedule=schedule)
    first = fit(run, config, loaders)
    best = first.progress.best_epoch = 3
    final = refit(run, config, loaders.refit, first)
    assert final.progress.epoch == best
    # One-cycle rates change within an epoch, and the refit has more steps in each.
    tolerance = 0 if schedule == "plateau" else 0.3
    expected = [metrics["learning_rate"] for metrics in first.progress.history[:best]]
    assert [m["learning_rate"] for m in final.progress.history] == pytest.approx(expected, rel=tolerance)
    assert sum(first.class_counts) == len(loaders.train.data)
    assert sum(final.class_counts) == len(loaders.train.data) + len(loaders.validation.data)
    assert final.network is not first.network and not torch.equal(flat(final.network), flat(first.network))


def test_a_refit_goes_on_from_its_state_only_under_the_same_rates(tmp_path, capsys):
    run, config, loaders = prepare(out=tmp_path)
    first = fit(run, config, loaders)
    final = refit(run, config, loaders.refit, first)
    assert "resuming" not in capsys.readouterr().out
    again = refit(run, config, loaders.refit, first)
    best = first.progress.best_epoch
    assert f"resuming after {best} epochs and 0 steps" in capsys.readouterr().out
    assert torch.equal(flat(again.network), flat(final.network))
    history = [metrics | {"learning_rate": 0.001} for metrics in first.progress.history]
    other = dataclasses.replace(first, progress=dataclasses.replace(first.progress, history=history))
    slower = refit(run, config, loaders.refit, other)
    assert "resuming" not in capsys.readouterr().out
    assert slower.progress.history[0]["learning_rate"] == 0.001
    assert read_state(tmp_path / "run" / "refit")[0]["description"]["rates"] == [0.001] * best


def test_a_fit_goes_on_from_its_state(tmp_path, monkeypatch):
    whole = fit(*prepare(patience=0))
    step, left = Trainer.step, 20

    def stop(self, *arguments):
        nonlocal left
        left -= 1
        if not left:
            raise NonFiniteLossError("stop here")
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "step", stop)
    with pytest.raises(NonFiniteLossError):
        fit(*prepare(out=tmp_path, patience=0))
    torch.manual_seed(99)
    resumed = fit(*prepare(out=tmp_path, patience=0))
    assert torch.equal(flat(resumed.network), flat(whole.network))
    assert resumed.progress.best_epoch == whole.progress.best_epoch
    assert resumed.progress.best_loss == whole.progress.best_loss


def test_the_seed_decides_the_weights():
    one, same, other = (fit(*prepare(seed=seed, epochs=1)) for seed in (1, 1, 2))
    assert torch.equal(flat(one.network), flat(same.network))
    assert not torch.equal(flat(one.network), flat(other.network))


def test_processes_start_from_the_same_weights_and_drop_different_units(monkeypatch):
    found = []
    monkeypatch.setattr(Trainer, "fit", lambda self: found.append((flat(self.model), torch.rand(1).item())))
    run, config, loaders = prepare()
    for rank in (0, 1):
        fit(dataclasses.replace(run, context=dataclasses.replace(run.context, rank=rank)), config, loaders)
    assert torch.equal(found[0][0], found[1][0]) and found[0][1] != found[1][1]


@pytest.mark.parametrize("rows", [["A", "B", "C"], ["C", "A", "B"]])
def test_with_init_training_starts_from_its_weights(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(Trainer, "fit", lambda self: None)
    run, config, loaders = prepare(hidden=9)
    base = fit(run, dataclasses.replace(config, labels=rows), loaders)
    model_folder.write(tmp_path, dataclasses.replace(config, labels=rows), base.weights(), "")
    run, config, loaders = prepare(init=tmp_path, seed=5)
    found, order = fit(run, config, loaders).network.state_dict(), [rows.index(label) for label in "ABC"]
    assert config.architecture["hidden"] == 9
    for name, expected in base.network.state_dict().items():
        assert torch.equal(found[name], expected[order] if name.startswith("head") else expected)


def test_with_init_the_rates_of_dropout_are_those_of_the_settings(tmp_path):
    run, config, loaders = prepare(hidden=9, dropout=0.5, epochs=1)
    model_folder.write(tmp_path, config, fit(run, config, loaders).weights(), "")
    _, config, _ = prepare(init=tmp_path, dropout=0.1)
    assert (config.architecture["dropout"], config.architecture["hidden"]) == (0.1, 9)


def test_ngrams_are_those_of_the_fitted_names_and_private_models_have_none():
    run, config, loaders = prepare(epochs=1)
    first = fit(run, config, loaders)
    final = refit(run, config, loaders.refit, first)
    for model, batches in ((first, loaders.train), (final, loaders.refit)):
        assert isinstance(model.ngrams, NGramHashTable)
        expected = count_ngrams(config, batches.data).weights()
        assert all(np.array_equal(model.weights()[name], array) for name, array in expected.items())
    private = fit(*prepare(epochs=1, private=True))
    assert private.ngrams is None
    assert private.weights().keys() == dict(private.network.state_dict()).keys()


def test_a_generator_counts_every_name_under_its_label_and_under_any():
    _, config, loaders = prepare("generator")
    ngrams = count_ngrams(config, loaders.train.data)
    assert isinstance(ngrams, NGramAutomaton) and len(ngrams.start_state) == 4
    names = [chars.tolist() for chars in loaders.train.data.encoded]
    any_label = NGramAutomaton.fit(names, [0] * len(names), 1, ngrams.vocabulary_size, GENERATOR_ORDER)
    found = ngrams.log_likelihoods(names)
    assert found[:, 3] == pytest.approx(any_label.log_likelihoods(names)[:, 0])
    own = np.array(loaders.train.data.labels)
    assert found[np.arange(len(own)), own].mean() > found[:, :3].mean()


def test_the_record_tells_of_both_fits():
    run, config, loaders = prepare(epochs=3)
    first = fit(run, config, loaders)
    final = refit(run, config, loaders.refit, first)
    record = training_record(run, first, final, 1.26)
    assert record["settings"] == dataclasses.asdict(run.settings) and record["seconds"] == 1.3
    assert record["epochs"] == first.progress.epoch and record["best_epoch"] == first.progress.best_epoch
    assert record["validation_loss"] == pytest.approx(first.progress.best_loss, abs=1e-6)
    assert record["refit"] == {"names": sum(final.class_counts), "epochs": final.progress.epoch}


KINDS = ["given" if len(name) < 5 else "surname" for name in NAMES]
KINDRED = Corpus(NAMES, CORPUS.labels, kinds=KINDS)
BOTH = pytest.mark.parametrize("task", ["classifier", "generator"])


@BOTH
def test_a_fit_tells_how_many_names_each_class_has(task):
    run, config, loaders = prepare(task, corpus=KINDRED, epochs=1)
    assert fit(run, config, loaders).class_counts == config.class_counts
    assert len(config.class_counts) == 6 and min(config.class_counts) > 0


@BOTH
def test_a_model_refits_unless_told_otherwise(task):
    assert SETTINGS[task]().refit
    _, _, loaders = prepare(task)
    assert len(loaders.refit.data) == len(loaders.train.data) + len(loaders.validation.data)


@BOTH
def test_kinds_are_learnt(task):
    """The loss is lower where the last letter goes with the kind than where it does not."""
    names = [name + "ao"[i % 2] for i, name in enumerate(NAMES)]
    losses = []
    for other in (2, 4):
        kinds = ["given" if i % other < other / 2 else "surname" for i in range(len(names))]
        model = fit(*prepare(task, corpus=Corpus(names, ["A"] * 75 + ["B"] * 75, kinds=kinds), epochs=20))
        losses.append(model.progress.best_loss)
    assert losses[0] < losses[1] - 0.05


def test_the_ngrams_of_a_classifier_know_of_no_kinds():
    """A name that a label has in two kinds counts once."""
    twice = Corpus(NAMES * 2, CORPUS.labels * 2, kinds=["given"] * len(NAMES) + ["surname"] * len(NAMES))
    _, config, loaders = prepare(corpus=twice)
    _, plain, once = prepare()
    found, expected = count_ngrams(config, loaders.train.data), count_ngrams(plain, once.train.data)
    assert len(loaders.train.data) == 2 * len(once.train.data)
    assert all(np.array_equal(found.weights()[name], array) for name, array in expected.weights().items())


def test_a_generator_counts_every_name_under_its_kind():
    _, config, loaders = prepare("generator", corpus=KINDRED)
    ngrams = count_ngrams(config, loaders.train.data)
    assert (ngrams.roots, ngrams.kinds) == (4, 2)
    names = [chars.tolist() for chars in loaders.train.data.encoded]
    labels, kinds = np.divmod(loaders.train.data.labels, 3)
    size = ngrams.vocabulary_size
    expected = NGramAutomaton.fit(names, labels.tolist(), 3, size, GENERATOR_ORDER, kinds.tolist(), 2)
    chars, rows = np.array([[2]] * 3), np.arange(3)
    for kind in (0, 1, None):
        found, own = (model.log_p(model.states(chars, rows)[:, 0], kind) for model in (ngrams, expected))
        assert found == pytest.approx(own)
    assert not np.allclose(ngrams.log_p(ngrams.start_state, 0), ngrams.log_p(ngrams.start_state, 1))


def test_the_memory_has_every_name_of_the_list_under_its_classes():
    run, config, _ = prepare(corpus=KINDRED)
    splits = split(usable_names("classifier", KINDRED, "folded"))
    memory = Memory.from_weights(remember(run, config, splits), 6)
    for part in splits:
        rows, classes = memory.listed([fold_latin(name) for name in part.names])
        found = set(zip(rows.tolist(), classes.tolist(), strict=True))
        assert set(enumerate(class_indices(config, part).tolist())) <= found
    assert len(memory.listed(["nobody"])[0]) == 0


@pytest.mark.parametrize(("task", "private"), [("generator", False), ("classifier", True)])
def test_generators_and_private_models_remember_nothing(task, private):
    run, config, _ = prepare(task, private=private)
    assert remember(run, config, split(CORPUS)) == {}
