# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Episodes of ns-3 and of the twin, recorded, replayed both ways, validated and fitted."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from ns3marl import cli
from ns3marl.config import load
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError
from ns3marl.fidelity import record as recording
from ns3marl.fidelity import store, worlds
from ns3marl.fidelity.record import PolicyId, in_twin, record
from ns3marl.fidelity.replay import replay_in_ns3, replay_in_twin
from ns3marl.fidelity.trace import Trace
from ns3marl.fidelity.validate import look_inside, validate
from ns3marl.scenarios.aiot_mec import HOME, exogenous
from ns3marl.scenarios.aiot_mec.exogenous import Exogenous
from ns3marl.scenarios.aiot_mec.fidelity import FIDELITY, OUTCOMES
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool

ARGUMENTS = ("--devices=10", "--servers=3", "--channels=2", "--ticks=30")
STRESS = ("--devices=8", "--servers=2", "--channels=2", "--ticks=60", "--preset=stress")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def recorded(folder: Path, built_scenarios: dict[str, Path]) -> list[Trace]:
    return record(folder, "random", built_scenarios["aiot-mec"], ARGUMENTS, seed=7, runs=[1, 2], jobs=2)


@pytest.fixture(scope="module")
def stressed(folder: Path, built_scenarios: dict[str, Path]) -> list[Trace]:
    """Deadlines outlast ticks: tasks are under way at boundaries, and masks follow."""
    return record(folder, "random-offload", built_scenarios["aiot-mec"], STRESS, seed=7, runs=[3])


def _world(recorded: Trace) -> Exogenous:
    assert isinstance(recorded.world, Exogenous)
    return recorded.world


def _adds_up(one: Trace) -> None:
    """What became of each task agrees with the metrics of the episode."""
    counts = np.bincount(one.outcomes[one.active], minlength=len(OUTCOMES))
    metrics = one.metrics
    assert counts.sum() == metrics["tasks_arrived"] == _world(one).arrives[:-1].sum()
    assert counts[0] == metrics["tasks_unresolved"]
    assert counts[1] == metrics["tasks_completed"]
    assert counts[OUTCOMES.index("uplink_lost")] == metrics["failed_uplink_lost"]
    assert counts[OUTCOMES.index("compute_late")] == metrics["failed_compute_late"]
    assert (one.outcomes[~one.active] == -1).all()
    assert np.nanmean(one.latency_s) == pytest.approx(metrics["latency_mean_s"], rel=1e-4)
    assert one.columns["age_ticks"].mean() == pytest.approx(metrics["aoi_mean_ticks"], rel=1e-6)
    assert one.rewards.mean() == pytest.approx(metrics["reward_mean"], rel=1e-5)


def test_what_became_of_each_task_adds_up_on_both_sides(recorded: list[Trace], stressed: list[Trace]) -> None:
    for one in (*recorded, *stressed):
        _adds_up(one)
        assert one.provenance["versions"]["ns3"].startswith("3.")
    for one in (
        *in_twin(recorded, PolicyId.of("random", HOME), HOME, FIDELITY),
        *in_twin(stressed, PolicyId.of("random-offload", HOME), HOME, FIDELITY),
    ):
        _adds_up(one)
        assert one.backend == "fastsim"
        assert one.provenance["calibration"]["constants"]["sync_us"] == 4


def test_outcomes_are_those_of_the_scenarios_table(built_scenarios: dict[str, Path]) -> None:
    with Pool(built_scenarios["aiot-mec"], arguments=("--tables=all",), spares=0) as pool:
        (table,) = pool.spec.tables
    (column,) = (column for column in table.columns if column.name == "outcome")
    assert column.categories == OUTCOMES


def test_a_recorded_episode_is_read_and_not_played_again(
    folder: Path, recorded: list[Trace], built_scenarios: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a simulator was started")

    monkeypatch.setattr(recording, "Pool", refuse)
    monkeypatch.setattr(worlds, "Pool", refuse)
    again = record(folder, "random", built_scenarios["aiot-mec"], ARGUMENTS, seed=7, runs=[2, 1])
    assert [one.run for one in again] == [2, 1]
    np.testing.assert_array_equal(again[1].outcomes, recorded[0].outcomes)
    # a look inside is no other episode; another seed, policy or argument is
    looked = (*ARGUMENTS, "--pcap=somewhere/x", "--tables=all")
    assert record(folder, "random", built_scenarios["aiot-mec"], looked, seed=7, runs=[1])
    for change in ({"seed": 8}, {"policy": "best-snr"}, {"arguments": (*ARGUMENTS, "--csi=genie")}):
        asked = {"policy": "random", "arguments": ARGUMENTS, "seed": 7, **change}
        with pytest.raises(AssertionError, match="a simulator was started"):
            record(folder, scenario=built_scenarios["aiot-mec"], **asked, runs=[1])  # type: ignore[arg-type]


def test_an_error_ends_all_episodes_and_leaves_no_half_file(
    tmp_path: Path, built_scenarios: dict[str, Path]
) -> None:
    asked: list[float] = []

    def interrupt(share: float, text: str) -> None:
        del text
        asked.append(share)
        if share > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(
            tmp_path,
            "local-only",
            built_scenarios["aiot-mec"],
            (*ARGUMENTS, "--ticks=400"),
            seed=7,
            runs=[1, 2],
            jobs=2,
            report=interrupt,
        )
    assert max(asked) < 0.5  # the other one did not go on to its end
    assert not [*tmp_path.glob("*.npz")]


def test_policies_share_the_file_of_a_world_and_a_given_world_is_met(
    folder: Path, recorded: list[Trace], built_scenarios: dict[str, Path], tmp_path: Path
) -> None:
    names = sorted(path.name for path in (folder / "worlds").iterdir())
    other = record(folder, "best-snr", built_scenarios["aiot-mec"], ARGUMENTS, seed=7, runs=[1])
    assert sorted(path.name for path in (folder / "worlds").iterdir()) == names
    assert _world(other[0]).fading_db.tobytes() == _world(recorded[0]).fading_db.tobytes()
    exogenous.save(_world(other[0]), tmp_path / "given")
    arguments = (*ARGUMENTS, f"--exogenousIn={tmp_path / 'given'}")
    (given,) = record(
        tmp_path / "traces", "local-only", built_scenarios["aiot-mec"], arguments, seed=9, runs=[5]
    )
    np.testing.assert_array_equal(_world(given).arrives, _world(other[0]).arrives)
    assert given.arguments == ARGUMENTS


def test_actions_of_ns3_replayed_in_ns3_give_the_same_episode(
    recorded: list[Trace], stressed: list[Trace], built_scenarios: dict[str, Path]
) -> None:
    for one in (recorded[1], stressed[0]):
        again = replay_in_ns3(one, scenario=built_scenarios["aiot-mec"])
        np.testing.assert_equal(dict(again.metrics), dict(one.metrics))
        np.testing.assert_array_equal(again.rewards, one.rewards)
        np.testing.assert_array_equal(again.outcomes, one.outcomes)
        assert again.provenance["moved"] == 0


def test_actions_of_the_twin_replayed_in_the_twin_give_the_same_episode(stressed: list[Trace]) -> None:
    made = in_twin(stressed, PolicyId.of("random-offload", HOME), HOME, FIDELITY, mac_seed=2)
    again = replay_in_twin(made, FIDELITY, mac_seed=2)
    np.testing.assert_equal(dict(again[0].metrics), dict(made[0].metrics))
    np.testing.assert_array_equal(again[0].outcomes, made[0].outcomes)
    assert again[0].provenance["replayed"] == "fastsim"
    other = replay_in_twin(made, FIDELITY, mac_seed=3)
    assert other[0].outcomes.tobytes() != made[0].outcomes.tobytes()


def test_replays_across_sides_decide_as_recorded_and_come_close(
    recorded: list[Trace], stressed: list[Trace], built_scenarios: dict[str, Path]
) -> None:
    there = replay_in_twin(recorded, FIDELITY)
    back = [replay_in_ns3(one, scenario=built_scenarios["aiot-mec"]) for one in there]
    for ours, theirs, again in zip(there, recorded, back, strict=True):
        assert (ours.backend, again.backend) == ("fastsim", "ns3")
        np.testing.assert_array_equal(ours.discrete, theirs.discrete)
        np.testing.assert_array_equal(ours.continuous, theirs.continuous)
        # Backoffs and frame errors are others than ns-3's: one episode of 90 tasks.
        assert ours.metrics["completion_ratio"] == pytest.approx(theirs.metrics["completion_ratio"], abs=0.1)
        np.testing.assert_equal(dict(again.metrics), dict(theirs.metrics))
    # Where tasks outlast ticks, the other side may be busy on another channel: the modem stays on it.
    (twin,) = in_twin(stressed, PolicyId.of("random-offload", HOME), HOME, FIDELITY)
    there = [replay_in_ns3(twin, scenario=built_scenarios["aiot-mec"])]
    changed = (there[0].discrete != twin.discrete).any(-1)
    assert there[0].provenance["moved"] == changed.sum()
    np.testing.assert_array_equal(there[0].discrete[..., :2], twin.discrete[..., :2])
    _adds_up(there[0])


def test_validate_writes_both_sides_and_looks_into_the_worst_episode(
    tmp_path: Path, built_scenarios: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["validate", "best-snr", "--against", "local-only", "--episodes", "2", "--out", str(tmp_path)]
    words += ["--set", f"scenario.name={built_scenarios['aiot-mec']}", "--set", "evaluation.bootstrap=200"]
    end = ["--", *ARGUMENTS]
    assert cli.main([*words, "--trace", "pcap", *end]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    said = capsys.readouterr().out
    assert results["verdict"] in said
    assert list(results["policies"]) == ["best-snr", "local-only"]
    local = results["policies"]["local-only"]["gaps"]["completion_ratio"]
    assert local["gap"]["mean"] == 0  # nothing of it depends on the channel
    assert local["ns3"]["mean"] > 0
    assert results["ranking"]["completion_ratio"]["tau"] == 1
    provenance = results["provenance"]
    assert provenance["ns3"]["scenario"]["arguments"] == [*ARGUMENTS]
    assert provenance["fastsim"]["calibration"]["file"] == "shipped with ns3marl"
    worst = results["worst"]
    assert sorted(worst["files"]) == sorted(
        f"worst/frames-seed1001-run{worst['run']}-server{k}-channel{c}.pcap"
        for k in range(3)
        for c in range(2)
    )
    magic, *_ = struct.unpack("<I", (tmp_path / worst["files"][0]).read_bytes()[:4])
    assert magic in {0xA1B2C3D4, 0xA1B23C4D}
    assert (tmp_path / "report.html").stat().st_size > 50_000
    assert results["verdict"] in (tmp_path / "report.md").read_text()
    # the other look inside replaces the first
    (chosen,) = (
        one
        for one in store.load_all(tmp_path / "traces", FIDELITY)
        if (one.policy, one.run) == ("best-snr", worst["run"])
    )
    (name,) = look_inside(chosen, tmp_path, FIDELITY, "netanim", built_scenarios["aiot-mec"])
    assert [path.name for path in (tmp_path / "worst").iterdir()] == [Path(name).name]
    assert (tmp_path / name).read_text().rstrip().endswith("</anim>")


def test_validate_refuses_what_has_no_twin_before_it_plays(tmp_path: Path) -> None:
    shadowed = load(None, ["scenario.name=aiot-mec", 'scenario.arguments=["--shadowing=6"]'])
    with pytest.raises(ConfigError, match="not modelled"):
        validate(shadowed, ["best-snr"], tmp_path)
    with pytest.raises(ConfigError, match="'echo' has no twin"):
        validate(load(None, ["scenario.name=echo"]), ["best-snr"], tmp_path)
    with pytest.raises(ConfigError, match="are both 1001"):
        validate(load(None, ["scenario.name=aiot-mec", "training.seed=1001"]), ["best-snr"], tmp_path)
    assert not any(tmp_path.iterdir())


def test_calibrate_fits_recorded_cells_and_the_twin_takes_the_file(
    tmp_path: Path, built_scenarios: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    del built_scenarios
    out = tmp_path / "fitted.toml"
    words = [
        "calibrate",
        "--cells",
        "6/2",
        "--held-out",
        "8/2",
        "--policies",
        "random-offload",
        "--episodes",
        "1",
    ]
    words += ["--ticks", "20", "--constants", "downlink_us", "--rounds", "1", "--out", str(out)]
    words += ["--traces", str(tmp_path / "traces"), "--", "--channels=2"]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "held out" in said
    fitted = Calibration.load(out)
    notes = fitted.provenance
    assert (notes["cells"], notes["held_out_cells"], notes["fitted"]) == (["6/2"], ["8/2"], ["downlink_us"])
    assert notes["ns3"].startswith("3.")
    assert notes["loss_after"] <= notes["loss_before"]
    assert "held_out_loss_after" in notes
    assert len(store.load_all(tmp_path / "traces", FIDELITY)) == 2
    with FastPool(arguments=ARGUMENTS, num_envs=1, calibration=out) as pool:
        assert pool.sim.model.calibration.downlink_us == fitted.downlink_us
    assert cli.main(words) == 2  # it is not written over
    assert "exists" in capsys.readouterr().err
