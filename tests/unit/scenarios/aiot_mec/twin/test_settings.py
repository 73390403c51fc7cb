# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import pytest

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin import arguments
from ns3marl.scenarios.aiot_mec.twin.settings import Settings


def test_arguments_are_read_as_the_scenario_reads_them() -> None:
    settings = Settings.parse(
        ["--devices=10", "--preset=stress", "--deadlineMax=0.1s", "--sizeMin=9", "--devices=12"]
    )
    assert (settings.devices, settings.tick, settings.deadlineMax, settings.sizeMin) == (12, 25e3, 100e3, 9.0)
    assert settings.task_slots == 4
    dense = Settings.parse(["--preset=dense", "--devices=200"])
    assert (dense.area, dense.channels) == (240.0, 8)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("--nonsense=1", "unknown argument"),
        ("--shadowing=6", "not modelled"),
        ("--devices=0", "expected 1 to 61439"),
        ("--devices=many", "cannot be read"),
        ("--tick=3parsec", "cannot be read"),
        ("--preset=holiday", "expected one of"),
        ("--channels=9", "expected 1 to 8"),
    ],
)
def test_arguments_that_it_does_not_know_are_refused(word: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Settings.parse([word])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--sizeMin=31"], "--sizeMax=30.0, expected at least --sizeMin"),
        (["--jitter=25ms", "--preset=stress"], "--jitter=25000.0, expected 0ms to below --tick"),
        (["--fadingRho=1"], "expected 0 to below 1"),
        (["--densityMin=0"], "expected above 0 cycles/bit"),
        (["--csi=both"], "expected measured or genie"),
        (["--rewardLatency=-1"], "expected at least 0"),
        (["--rewardUtilisation=1e7"], "expected at most 1000000"),
        (["--serverRates=1,2"], "expected 9 rates above 0 GHz"),
        (["--servers=1", "--serverRates=-1"], "expected 1 rates above 0 GHz"),
    ],
)
def test_limits_are_the_scenarios_in_its_words(words: list[str], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Settings.parse(words)


def test_what_is_not_modelled_is_taken_at_its_default_alone() -> None:
    words = ["--shadowing=0.0", "--mute=true", "--mobility=static", "--serverFailures=", "--tables=all"]
    assert Settings.parse(words) == Settings()
    with pytest.raises(ConfigError, match="the twin knows mobility at 'static' only"):
        Settings.parse(["--mobility=trace"])


def test_a_preset_gives_way_to_arguments_wherever_they_stand() -> None:
    settings = Settings.parse(["--densityMax=700", "--preset=balanced"])
    assert (settings.tick, settings.densityMin, settings.densityMax) == (25e3, 100.0, 700.0)
    assert set(arguments.load().presets) == {"default", "stress", "easy", "balanced", "dense", "mixed"}
