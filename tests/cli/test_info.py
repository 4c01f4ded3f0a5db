def test_info_tells_what_it_is(run, trained):
    status, out, _ = run("info", trained["generator"])
    assert status == 0
    for word in ("generator", "cell gru", "Italian", "sha256", "nats_per_char"):
        assert word in out


def test_an_absent_model_is_one_line_and_status_2(run):
    status, out, err = run("info", "absent")
    assert status == 2 and out == "" and "no model folder" in err and err.count("\n") == 1
