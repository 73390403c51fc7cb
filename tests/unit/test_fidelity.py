# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Files of traces, rank agreement, gaps and where they come from, on episodes whose answer is known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ns3marl import cli
from ns3marl.errors import ConfigError, TraceError
from ns3marl.fidelity import archive, compare, fitting, report, states, store, trace, validate, worlds
from ns3marl.fidelity.scenario import fidelity_of
from ns3marl.fidelity.trace import Trace
from ns3marl.fidelity.verdict import verdict
from ns3marl.scenarios.aiot_mec.exogenous import FADING_STEP_DB, WORLDS, Exogenous
from ns3marl.scenarios.aiot_mec.fidelity import FIDELITY, OUTCOMES, TwinCalibrator, factors, twin_spec
from ns3marl.scenarios.aiot_mec.twin.pool import FastPool

TICKS, DEVICES, SERVERS = 6, 4, 2
ARGUMENTS = (f"--devices={DEVICES}", f"--servers={SERVERS}", "--channels=2", f"--ticks={TICKS}")
COMPLETED, LOST = OUTCOMES.index("completed"), OUTCOMES.index("uplink_lost")


def world(run: int = 1) -> Exogenous:
    """Every device has a task of 12 kB in every tick; devices stand 10, 20, 30, … m from server 0, without fading."""
    shape = (TICKS + 1, DEVICES)
    placement = np.stack([10.0 * np.arange(1, DEVICES + 1), np.zeros(DEVICES), np.full(DEVICES, 6.0)], 1)
    return Exogenous(
        placement_m=placement,
        servers_m=np.array([[0.0, 0, 6], [100, 0, 6]]),
        device_hz=np.full(DEVICES, 1e9),
        server_hz=np.array([1e10, 2e10]),
        placement_shadowing_db=np.zeros((DEVICES, SERVERS)),
        fading_db=np.zeros((*shape, SERVERS)),
        arrives=np.ones(shape, np.bool_),
        size_bytes=np.full(shape, 12_000, np.int32),
        density_cycles_per_bit=np.full(shape, 1000.0),
        deadline_ns=np.full(shape, 50_000_000),
        premium=np.zeros(shape, np.bool_),
        jitter_ns=np.zeros(shape, np.int64),
        channels=2,
        run=run,
    )


def episode(run: int = 1, outcomes: Any = COMPLETED, policy: str = "known", **changes: Any) -> Trace:
    """All tasks go in full to server 0 on channel (device mod 2) at 20 dBm; completed ones take 10 ms."""
    shape = (TICKS, DEVICES)
    discrete = np.zeros((*shape, 3), np.int16)
    discrete[..., 0], discrete[..., 2] = 2, np.arange(DEVICES) % 2
    ends = np.broadcast_to(np.asarray(outcomes, np.int8), shape).copy()
    latency = np.where(ends == COMPLETED, np.float32(0.01), np.float32(np.nan))
    share = float((ends == COMPLETED).mean())
    metrics = {metric.name: np.nan for metric in twin_spec(ARGUMENTS).metrics}
    metrics |= {
        "completion_ratio": share,
        "latency_mean_s": 0.01,
        "energy_efficiency_tasks_per_j": 2.0,
        "aoi_mean_ticks": 3.0,
    }
    made = Trace(
        backend="ns3",
        scenario="aiot-mec",
        arguments=ARGUMENTS,
        policy=policy,
        policy_key=policy,
        seed=5,
        run=run,
        noise_seed=5,
        world=world(run),
        discrete=discrete,
        continuous=np.full((*shape, 2), 20, np.float32),
        active=np.ones(shape, np.bool_),
        rewards=np.full(TICKS, 70, np.float32),
        columns={"outcomes": ends, "latency_s": latency, "age_ticks": np.ones(shape, np.uint8)},
        metrics=metrics,
        provenance={"versions": {"ns3": "3.44", "ns3_build_profile": "release", "ns3marl": "0"}},
    )
    return dataclasses.replace(made, **changes)


# ------------------------------------------------------------------------------------------------------------------ files


def test_a_trace_comes_back_as_it_was_and_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    made = episode()
    first = store.save(made, tmp_path, "one.npz", "world.npz", FIDELITY).read_bytes()
    read = store.load(tmp_path / "one.npz", FIDELITY)
    for field in dataclasses.fields(Trace):
        if field.name not in {"world", "metrics"}:
            np.testing.assert_equal(getattr(read, field.name), getattr(made, field.name), field.name)
    np.testing.assert_equal(dict(read.metrics), dict(made.metrics))
    assert isinstance(read.world, Exogenous)
    for field in dataclasses.fields(Exogenous):
        np.testing.assert_equal(getattr(read.world, field.name), getattr(made.world, field.name), field.name)
    assert store.save(read, tmp_path, "two.npz", "world.npz", FIDELITY).read_bytes() == first
    assert [one.run for one in store.load_all(tmp_path, FIDELITY)] == [1, 1]


def test_a_world_is_kept_exactly_whether_its_fading_is_whole_steps_or_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    drawn = rng.normal(-2, 6, (TICKS + 1, DEVICES, SERVERS))
    rounded = np.round(drawn / FADING_STEP_DB) * FADING_STEP_DB
    sizes = []
    for fading_db in (drawn, rounded):
        one = dataclasses.replace(world(), fading_db=fading_db)
        worlds.save(one, tmp_path / "world.npz", WORLDS)
        read = worlds.load(tmp_path / "world.npz", WORLDS)
        assert isinstance(read, Exogenous)
        np.testing.assert_array_equal(read.fading_db, fading_db)
        sizes.append((tmp_path / "world.npz").stat().st_size)
    assert sizes[1] < sizes[0]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


def _pickled(path: Path) -> None:
    np.savez(path, header=np.array([{"format": "ns3marl-trace"}], object))


def _other_version(path: Path) -> None:
    head, arrays = archive.load(path, store.FORMAT, store.VERSION)
    archive.save(path, {**head, "version": 99}, arrays)


def _no_metrics(path: Path) -> None:
    head, arrays = archive.load(path, store.FORMAT, store.VERSION)
    archive.save(path, {name: value for name, value in head.items() if name != "metrics"}, arrays)


def _shorter(path: Path) -> None:
    head, arrays = archive.load(path, store.FORMAT, store.VERSION)
    archive.save(path, head, {**arrays, "discrete": arrays["discrete"][:-1]})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, "there is no file"),
        (lambda path: path.write_bytes(b""), "damaged or no ns3marl-trace"),
        (lambda path: path.write_text("hello"), "damaged or no ns3marl-trace"),
        (_cut, "damaged or no ns3marl-trace"),
        (_flip, "damaged or no ns3marl-trace"),
        (_pickled, "damaged or no ns3marl-trace"),
        (lambda path: np.savez(path, x=np.zeros(3)), "damaged or no ns3marl-trace"),
        (lambda path: worlds.save(world(), path, WORLDS), "expected format and version .*ns3marl-world"),
        (_other_version, "expected format and version .*99"),
        (_no_metrics, "lacks metrics"),
        (_shorter, r"discrete is int16 \(5, 4, 3\), expected int16 \(6, 4, 3\)"),
        (lambda path: (path.parent / "worlds" / "world.npz").unlink(), "there is no file .*world.npz"),
    ],
)
def test_files_that_are_damaged_or_foreign_are_refused(
    tmp_path: Path, spoil: Callable[[Path], Any], words: str
) -> None:
    path = store.save(episode(), tmp_path, "one.npz", "world.npz", FIDELITY)
    spoil(path)
    with pytest.raises(TraceError, match=words):
        store.load(path, FIDELITY)


def test_a_world_that_cannot_be_is_refused(tmp_path: Path) -> None:
    worlds.save(world(), tmp_path / "world.npz", WORLDS)
    head, arrays = archive.load(tmp_path / "world.npz", worlds.FORMAT, worlds.VERSION)
    archive.save(tmp_path / "world.npz", head, {**arrays, "device_hz": 0 * arrays["device_hz"]})
    with pytest.raises(TraceError, match="holds no world: 'device_hz'"):
        worlds.load(tmp_path / "world.npz", WORLDS)
    with pytest.raises(TraceError, match="holds no trace"):
        store.load_all(tmp_path / "nowhere", FIDELITY)


def test_traces_are_sorted_for_pools() -> None:
    some = [episode(run) for run in (4, 1, 2, 9)] + [episode(3, seed=6), episode(2, policy="other")]
    found = {(run_batch.seed, run_batch.runs): run_batch.places for run_batch in trace.run_batches(some, 2)}
    assert found == {(5, (1, 2)): (1, 2), (5, (4,)): (0,), (5, (9,)): (3,), (6, (3,)): (4,), (5, (2,)): (5,)}


# ------------------------------------------------------------------------------------------------------------ comparison


def _agreement(ns3: list[list[float]], twin: list[list[float]]) -> compare.Agreement:
    names = "abcdef"[: len(ns3)]
    theirs, ours = ({n: np.array(row) for n, row in zip(names, side, strict=True)} for side in (ns3, twin))
    return compare.agreement("completion_ratio", theirs, ours)


def test_tau_is_1_where_the_order_is_the_same_and_minus_1_where_it_is_turned_round() -> None:
    levels = [[x + noise for noise in (0, 0.01, -0.01, 0.02)] for x in (0.1, 0.5, 0.9)]
    same = _agreement(levels, levels)
    assert (same.tau, same.pairs, same.discordant, same.undecided) == (1, 3, (), ())
    turned = _agreement(levels, levels[::-1])
    assert (turned.tau, turned.pairs) == (-1, 3)
    assert set(turned.discordant) == {("b", "a"), ("c", "a"), ("c", "b")}  # the better one in ns-3 first


def test_pairs_that_ns3_does_not_tell_apart_do_not_count() -> None:
    ns3 = [[0.5, 0.6, 0.4, 0.5], [0.6, 0.5, 0.5, 0.4], [0.9, 0.9, 0.8, 0.9]]
    twin = [[0.5] * 4, [0.1] * 4, [0.8] * 4]  # a and b the other way round: nobody can say
    found = _agreement(ns3, twin)
    assert (found.tau, found.pairs, found.undecided) == (1, 2, (("a", "b"),))
    swapped = _agreement(ns3, [twin[2], twin[1], twin[0]])
    assert swapped.discordant == (("c", "a"),)
    assert swapped.tau == 0  # one of two
    alone = _agreement(ns3[:1], twin[:1])
    assert np.isnan(alone.tau)
    assert alone.pairs == 0


def test_paired_differences_decide_though_episodes_differ_more_than_policies() -> None:
    episodes = np.array([0.2, 0.4, 0.6, 0.8, 0.9])
    found = compare.agreement(
        "x", {"a": episodes, "b": episodes + 0.01}, {"a": episodes, "b": episodes + 0.001}
    )
    assert (found.tau, found.pairs) == (1, 1)


def test_gaps_are_twin_minus_ns3_of_pairs_that_both_could_measure() -> None:
    def with_metric(values: list[float]) -> list[Trace]:
        some = [episode(run) for run in range(1, len(values) + 1)]
        return [
            dataclasses.replace(one, metrics={**one.metrics, "latency_mean_s": value})
            for one, value in zip(some, values, strict=True)
        ]

    ns3, twin = with_metric([0.020, 0.030, np.nan, 0.010]), with_metric([0.021, 0.033, 0.5, np.nan])
    found = compare.gap(ns3, twin, "latency_mean_s", FIDELITY)
    assert found.gap.value == pytest.approx(0.002)
    assert found.relative == pytest.approx(0.002 / 0.025)
    assert found.tolerance == pytest.approx(0.0025)
    assert found.within is True
    assert (found.gap.low, found.gap.high) == pytest.approx((0.001, 0.003))
    assert not found.is_settled  # the interval reaches beyond 0.0025
    assert compare.gap(ns3, ns3, "latency_mean_s", FIDELITY).is_settled
    none = compare.gap(ns3, twin, "first_death_s", FIDELITY)
    assert (none.within, none.tolerance) == (None, None)
    assert np.isnan(none.gap.value)


def test_completion_is_judged_in_points_and_the_worst_episode_is_found() -> None:
    half = np.array([[COMPLETED] * 2 + [LOST] * 2])
    ns3, twin = [episode(1), episode(2)], [episode(1), episode(2, half)]
    found = compare.gap(ns3, twin, "completion_ratio", FIDELITY)
    assert found.gap.value == pytest.approx(-0.25)
    assert found.tolerance == 0.02
    assert found.within is False
    index, metric, off = compare.worst(ns3, twin, FIDELITY)
    assert (index, metric) == (1, "completion_ratio")
    assert off == pytest.approx(-25)


def test_episodes_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(TraceError, match="different episodes"):
        compare.pair([episode(1)], [episode(2)])
    with pytest.raises(TraceError, match="expected as many"):
        compare.pair([episode(1)], [])


# ---------------------------------------------------------------------------------------------------------------- states


def test_factors_follow_from_the_world_and_the_actions() -> None:
    found = factors(episode())
    np.testing.assert_allclose(found["distance"][0], [10, 20, 30, 40])
    loss = 46.68 + 30 * np.log10([10, 20, 30, 40])
    noise_dbm = 10 * np.log10(1.3803e-23 * 290 * 20e6 * 1e3) + 7
    np.testing.assert_allclose(found["snr"][3], 20 - loss - noise_dbm, atol=1e-6)
    np.testing.assert_allclose(found["deadline"], 50)
    np.testing.assert_allclose(found["size"], 12)
    np.testing.assert_allclose(found["server_load"], 4 * 96_000 * 1000 / 1e10 / 0.1)
    # SNR 37.3, 28.3, 23.0, 19.2 dB less 2 dB of margin: MCS 10, 7, 4, 3 with 1755, 1170, 702, 468 bits a symbol of 13.6 us
    air_s = 96_000 * 13.6e-6 / np.array([1755, 1170, 702, 468])
    channel = air_s[:2] + air_s[2:]
    np.testing.assert_allclose(found["channel_load"][0], np.tile(channel / 0.1, 2), rtol=1e-6)
    local = episode(discrete=np.zeros((TICKS, DEVICES, 3), np.int16))
    assert np.isnan(factors(local)["snr"]).all()
    assert np.isfinite(factors(local)["deadline"]).all()


def test_the_snr_is_the_one_that_devices_know_with_perfect_knowledge() -> None:
    arguments = (*ARGUMENTS, "--csi=genie")
    with FastPool(arguments=arguments, num_envs=1, seed=3) as pool:
        batch = pool.reset()
        scene, tick = pool.sim.state.scene, pool.sim.state.boundary.draws
    base = world()
    fading = base.fading_db.copy()
    fading[0] = tick.fading_db[0].numpy()
    placement, servers_m = (places[0].double().numpy() for places in (scene.devices, scene.servers))
    met = dataclasses.replace(base, placement_m=placement, servers_m=servers_m, fading_db=fading)
    full = np.full((TICKS, DEVICES, 2), 30, np.float32)
    found = factors(episode(world=met, arguments=arguments, continuous=full))["snr"][0]
    np.testing.assert_allclose(found, batch.groups[0].observations[0, :, 22], atol=2e-3)


def test_a_gap_that_only_far_devices_have_shows_at_their_distance_and_adds_up() -> None:
    far_fail = np.array([[COMPLETED, COMPLETED, COMPLETED, LOST]])
    ns3, twin = (
        [episode(run, far_fail) for run in (1, 2, 3)],
        [episode(run) for run in (1, 2, 3)],
    )
    found = states.bins(ns3, twin, "distance", FIDELITY, count=4)
    assert [round(one.gap.value, 6) for one in found][-1] > 0
    assert all(one.gap.value == 0 for one in found[:-1])
    whole = compare.gap(ns3, twin, "completion_ratio", FIDELITY).gap.value
    assert sum(one.contribution or 0 for one in found) == pytest.approx(whole)
    assert sum(one.share for one in found) == pytest.approx(1)
    assert found[0].low == 10
    assert found[-1].high == 40
    assert found[0].latency_gap_s.value == pytest.approx(0, abs=1e-9)
    by_deadline = states.bins(ns3, twin, "deadline", FIDELITY)
    assert len(by_deadline) == 1  # all deadlines are equal
    assert by_deadline[0].gap.value == pytest.approx(whole)


def test_intervals_of_bins_are_over_episodes() -> None:
    lost = np.full((1, DEVICES), LOST)
    ns3, twin = [episode(1), episode(2, lost), episode(3)], [episode(1), episode(2), episode(3)]
    (found,) = states.bins(ns3, twin, "deadline", FIDELITY)
    assert found.gap.value == pytest.approx(1 / 3)
    assert found.gap.low == 0
    assert found.gap.high == pytest.approx(1)


# ------------------------------------------------------------------------------------------------------- results, report


def results(ns3: dict[str, list[Trace]], twin: dict[str, list[Trace]]) -> dict[str, Any]:
    made = validate.summarise(ns3, twin, twin_spec(ARGUMENTS).metrics, FIDELITY, 200)
    made |= {"seed": 5, "greedy": False, "sources": {name: name for name in ns3}}
    return {**made, "verdict": verdict(made)}


def _half(runs: int, **changes: Any) -> list[Trace]:
    return [episode(run, np.array([[COMPLETED] * 2 + [LOST] * 2]), **changes) for run in range(1, runs + 1)]


def _whole(runs: int, **changes: Any) -> list[Trace]:
    return [episode(run, **changes) for run in range(1, runs + 1)]


def test_the_verdict_says_whether_it_holds_and_whether_the_order_does() -> None:
    good, bad = {"policy": "good"}, {"policy": "bad"}
    ns3 = {"good": _whole(3, **good), "bad": _half(3, **bad)}
    same = results(ns3, ns3)["verdict"]
    assert same.startswith("good holds packet by packet over 3 episodes: completion, latency mean")
    assert "ranks the 2 policies as ns-3 does (tau 1.00 over 1 pairs)" in same
    turned = results(ns3, {"good": _half(3, **good), "bad": _whole(3, **bad)})["verdict"]
    assert turned.startswith(
        "good does not hold packet by packet over 3 episodes: completion is 100 % in ns-3, 50 % in the twin"
    )
    assert "(allowed: ±2 points)" in turned
    assert "not always as ns-3 does (tau -1.00 over 1 pairs)" in turned
    assert "ranks" not in results({"good": ns3["good"]}, {"good": ns3["good"]})["verdict"]


def test_what_more_episodes_could_change_is_said() -> None:
    ns3 = {"known": _whole(4)}
    spread = [
        dataclasses.replace(one, metrics={**one.metrics, "completion_ratio": 1 - off})
        for one, off in zip(ns3["known"], (0, 0, 0, 0.06), strict=True)
    ]
    said = results(ns3, {"known": spread})["verdict"]
    assert "known holds" in said
    assert "interval of completion crosses its bound" in said
    alone = results({"known": _whole(1)}, {"known": _whole(1)})["verdict"]
    assert "over 1 episode:" in alone
    assert "one episode has no interval" in alone


def test_endings_are_shares_of_tasks_on_both_sides() -> None:
    found = compare.endings(_half(2), _whole(2), FIDELITY)
    assert {name: (ours.value, theirs.value) for name, (ours, theirs, _) in found.items()} == {
        "completed": (1.0, 0.5),
        "uplink_lost": (0.0, 0.5),
    }


def test_the_range_that_adds_most_is_named() -> None:
    far_fail = [
        np.array([[COMPLETED, COMPLETED, COMPLETED, LOST if run > 1 else COMPLETED]]) for run in range(1, 9)
    ]
    ns3 = [episode(run, outcomes) for run, outcomes in enumerate(far_fail, start=1)]
    said = report.where(results({"known": ns3}, {"known": _whole(8)}))
    assert "SNR of the chosen link at the chosen power of 19.2 to 23 dB: 25 % of the decisions" in said
    assert "which adds +21.88 points to the whole" in said
    assert "No range" in report.where(results({"known": ns3}, {"known": ns3}))


def test_the_report_needs_nothing_but_the_results(tmp_path: Path) -> None:
    made = results({"known": _half(3)}, {"known": _whole(3)})
    twin = {
        **made["provenance"]["fastsim"],
        "calibration": {"file": "f", "constants": {"a": 1.0}, "provenance": {}},
    }
    scenario = {"name": "aiot-mec", "arguments": [*ARGUMENTS], "ticks": TICKS}
    made["provenance"] = {"ns3": {**made["provenance"]["ns3"], "scenario": scenario}, "fastsim": twin}
    made["worst"] = {
        "run": 2,
        "metric": "completion_ratio",
        "tolerances": 25.0,
        "files": ["worst/a.pcap"],
        "kind": "pcap",
    }
    (tmp_path / "results.json").write_text(json.dumps(made, allow_nan=False))
    assert cli.main(["report", str(tmp_path)]) == 0
    html = (tmp_path / "report.html").read_text()
    text = (tmp_path / "report.md").read_text()
    for page in (html, text):
        assert made["verdict"].replace("±", "±") in page
        assert "outside" in page
        assert "worst/a.pcap" in page
    assert "http" not in html.replace("http://www.w3.org", "")  # self-contained
    assert {path.stem for path in (tmp_path / "plots").iterdir()} == {
        "gaps",
        "sides",
        "states",
        "endings",
        "distributions",
    }


def test_results_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        report.report(tmp_path)
    (tmp_path / "results.json").write_text('{"format": "something"}')
    with pytest.raises(ConfigError, match=r"expected .*ns3marl-validation"):
        report.report(tmp_path)


def test_cells_are_devices_and_servers_and_none_is_fitted_and_held_out(tmp_path: Path) -> None:
    calibrator = TwinCalibrator()
    assert not set(calibrator.cells) & set(calibrator.held_out)
    plan = fitting.plan("aiot-mec", ticks=7, arguments=("--preset=stress",))
    assert (plan.cells, plan.ticks) == (calibrator.cells, 7)
    assert fitting.arguments_of("50/9", plan, calibrator) == (
        "--devices=50",
        "--servers=9",
        "--ticks=7",
        "--preset=stress",
    )
    for wrong in ("50", "50/", "a/b", "50/0"):
        with pytest.raises(ConfigError):
            fitting.fit_cells(dataclasses.replace(plan, cells=(wrong,)), tmp_path, None)  # type: ignore[arg-type]
    both = dataclasses.replace(plan, cells=("10/3",), held_out=("10/3",))
    with pytest.raises(ConfigError, match="both fitted and held out"):
        fitting.fit_cells(both, tmp_path, None)  # type: ignore[arg-type] # it is refused before anything is shown


def test_a_scenario_without_a_twin_is_refused_and_those_with_one_are_named() -> None:
    with pytest.raises(ConfigError, match=r"'echo' has no twin .* \(scenarios that have: aiot-mec\)"):
        fidelity_of("echo")
    with pytest.raises(ConfigError, match="its descriptor names no calibrator"):
        fitting.calibrator_of(dataclasses.replace(FIDELITY, calibrator=None), "mine")


def test_arguments_that_say_where_files_go_do_not_change_an_episode() -> None:
    said = ("--pcap=a", "--tables=all", "--exogenousIn=b", "--devices=3", "--log=x")
    assert FIDELITY.without_files(said) == ("--devices=3",)
