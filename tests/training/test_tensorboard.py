from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def test_every_scalar_of_every_epoch_is_in_the_event_file(trained):
    events = EventAccumulator(str(trained["classifier"] / "run"))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert tags == {
        "loss/train",
        "loss/validation",
        "accuracy/validation",
        "learning_rate",
        "gradient_norm",
        "names_per_second",
    }
    for tag in tags:
        assert [e.step for e in events.Scalars(tag)] == [1, 2, 3, 4]
    losses = [e.value for e in events.Scalars("loss/validation")]
    assert losses[-1] < losses[0]
