# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The images and the compose file, as users run them. Needs a Docker engine with Compose: ``make test-docker``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ns3marl import new_scenario

COMPOSE = Path(__file__).parents[1] / "compose.yaml"
SCENARIOS = COMPOSE.parent / "ns3-scenarios" / "scenarios"
PROJECT = "ns3marl-test"
SETTINGS = {
    "NS3MARL_CHECKPOINT_EVERY": "1",
    "NS3MARL_MINUTES": "0",
    "NS3MARL_TICKS": "1000000",  # until the test has done with it
    "NS3MARL_PORT": "15555",
    "NS3MARL_TENSORBOARD_PORT": "16006",
}


def compose(*words: str, timeout_s: float = 120, **variables: str) -> str:
    """Runs Compose; its output."""
    done = subprocess.run(
        ["docker", "compose", "-f", str(COMPOSE), "-p", PROJECT, *words],
        env=os.environ | SETTINGS | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def docker(*words: str) -> str:
    """Runs Docker; its output."""
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True, timeout=120).stdout


def containers(service: str) -> list[str]:
    """Names of a service's containers, also of those that have ended."""
    return sorted(
        name for name in compose("ps", "-a", "--format", "{{.Name}}", service).split() if service in name
    )


def inspect(name: str) -> Any:
    """What the engine knows of a container."""
    return json.loads(docker("inspect", name))[0]


def wait_for(what: Callable[[], Any], limit_s: float = 400.0) -> Any:
    """Until it is true; what it was."""
    deadline_s = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < deadline_s, compose("logs", "--tail=30")
        time.sleep(0.5)
    return found


def rows(run: str = "compose") -> list[dict[str, float]]:
    """The figures of a run so far."""
    text = docker(
        "run", "--rm", "--network=none", "--entrypoint=cat", "-v", f"{PROJECT}_runs:/runs", "ns3marl-learner",
        *("/dev/null", f"/runs/{run}/metrics.jsonl"),
    )  # fmt: skip
    return [json.loads(line) for line in text.splitlines()]


def has_rows(number: int, run: str = "compose") -> bool:
    """Whether a run has made so many updates."""
    try:
        return len(rows(run)) >= number
    except subprocess.CalledProcessError:  # no file yet
        return False


def lost(run: str = "compose") -> float:
    """Simulators lost so far."""
    return sum(row["simulators_lost"] for row in rows(run))


def loses_a_simulator(
    blow: Callable[[], Any], afterwards: Callable[[], Any] = lambda: None, *, limit_s: float = 60.0
) -> None:
    """Hits simulators until the learner says that it has lost one; those that are hit may serve nobody at the moment."""
    before = lost()
    for _ in range(4):
        blow()
        with suppress(AssertionError):
            wait_for(lambda: lost() > before, limit_s)
        afterwards()
        if lost() > before:
            return
    raise AssertionError(compose("logs", "--tail=30"))


def exhaust_memory(container: str) -> None:
    """Takes more memory than the container may have; of its processes the kernel kills simulators first."""
    script = """
import pathlib
held, marked = [], 0
while True:
    for process in pathlib.Path("/proc").glob("[0-9]*"):  # a simulator lives for an episode only
        try:
            if (process / "comm").read_text().strip() == "aiot-mec":
                (process / "oom_score_adj").write_text("1000")
                marked += 1
        except OSError:  # it has ended
            pass
    print(marked, flush=True)
    held.append(b"x" * (16 << 20))
"""
    command = ["docker", "exec", container, "python3", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 137, done.stderr  # it is killed too, in the end
    assert int(done.stdout.split()[-1]) > 0


def is_healthy(name: str) -> bool:
    """Whether its health check says so."""
    return bool(inspect(name)["State"]["Health"]["Status"] == "healthy")


@pytest.fixture(scope="module", autouse=True)
def images() -> Iterator[None]:
    """The images, built; nothing is left of containers and volumes."""
    compose("--profile=tcp", "down", "-v", "--remove-orphans")
    compose("build", timeout_s=3000)
    yield
    compose("--profile=tcp", "--profile=tensorboard", "down", "-v", "--remove-orphans", "-t", "1")


@pytest.fixture(autouse=True)
def nothing_runs() -> Iterator[None]:
    """Each test begins without containers; runs stay."""
    yield
    compose("--profile=tcp", "--profile=tensorboard", "down", "-t", "1")


@pytest.mark.timeout(1200)
def test_training_without_a_network_survives_what_happens_to_containers() -> None:
    compose("up", "-d")
    (learner,) = containers("learner")
    simulators = containers("simulator")
    assert len(simulators) == 2
    for name in (learner, *simulators):
        found = inspect(name)
        assert found["HostConfig"]["NetworkMode"] == "none"
        assert found["HostConfig"]["ReadonlyRootfs"]
        assert found["HostConfig"]["CapDrop"] == ["ALL"]
        assert found["HostConfig"]["Memory"] > 0
        assert found["Config"]["User"] == "10001:10001"
        wait_for(partial(is_healthy, name))
    wait_for(lambda: has_rows(1))

    compose("up", "-d", "--no-recreate", "--scale", "simulator=3")
    third = (set(containers("simulator")) - set(simulators)).pop()
    wait_for(
        lambda: (
            "serves aiot-mec at ipc:///run/ns3marl/pool" in compose("logs", "simulator", "--no-log-prefix")
            and is_healthy(third)
        )
    )
    docker("kill", simulators[0])  # in the middle of an episode
    updates = len(rows())
    wait_for(lambda: has_rows(updates + 2))  # it goes on
    loses_a_simulator(
        lambda: docker("pause", simulators[1]), afterwards=lambda: docker("unpause", simulators[1])
    )

    docker("stop", simulators[1])  # the third serves all
    updates = len(rows())
    wait_for(lambda: has_rows(updates + 2))
    loses_a_simulator(lambda: exhaust_memory(third), limit_s=150)

    docker("kill", learner)
    before = rows()
    budget = before[-1]["ticks"] + 2 * before[0]["ticks"]  # two more updates
    compose("up", "-d", "--no-deps", "learner", NS3MARL_TICKS=f"{budget:.0f}")
    wait_for(lambda: inspect(containers("learner")[0])["State"]["Status"] == "exited")
    assert inspect(containers("learner")[0])["State"]["ExitCode"] == 0, compose("logs", "learner")
    table = rows()
    assert table[: len(before)] == before  # what was done before counts
    assert [row["update"] for row in table] == list(
        range(1, len(before) + 3)
    )  # nothing twice, nothing left out
    assert table[-1]["ticks"] == budget
    assert "has spent its budget" not in compose("logs", "learner")
    again = command("learner", NS3MARL_TICKS=f"{budget:.0f}")
    assert "has spent its budget" in compose("run", "--rm", "--no-deps", "learner", *again)


def command(service: str, **variables: str) -> list[str]:
    """What a service runs."""
    found: list[str] = json.loads(compose("config", "--format=json", **variables))["services"][service][
        "command"
    ]
    return found


@pytest.mark.timeout(1200)
def test_over_tcp_with_keys() -> None:
    compose("--profile=tcp", "run", "--rm", "keys")
    compose(
        *("--profile=tcp", "up", "-d", "learner-tcp", "simulator-tcp"),
        NS3MARL_RUN="tcp",
        NS3MARL_TICKS="1000",
    )
    (learner,) = containers("learner-tcp")
    wait_for(lambda: inspect(learner)["State"]["Status"] == "exited")
    assert inspect(learner)["State"]["ExitCode"] == 0, compose("logs", "learner-tcp")
    assert rows("tcp")[-1]["ticks"] == 1000


@pytest.mark.timeout(120)
def test_a_worker_that_is_not_wanted_ends_with_the_reason() -> None:
    listed = compose("run", "--rm", "--no-deps", "simulator", "scenarios").split()[::2]
    assert listed == sorted(file.stem for file in SCENARIOS.glob("*.cc"))
    compose("up", "-d", "--no-deps", "learner", NS3MARL_RUN="refusing")
    wait_for(partial(is_healthy, containers("learner")[0]))
    done = subprocess.run(
        [
            *("docker", "compose", "-f", str(COMPOSE), "-p", PROJECT, "run", "--rm", "--no-deps"),
            *("simulator", "serve", "echo", "--connect=ipc:///run/ns3marl/pool"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 2
    assert (
        "sent this worker away: this learner trains on scenario 'aiot-mec', the worker serves 'echo'"
        in done.stderr
    )


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A scenario that is the user's own, where the images find it; the image keeps it until it is built anew."""
    folder = COMPOSE.parent / "docker" / "scenarios" / "net-of-a-test"
    shutil.rmtree(folder, ignore_errors=True)
    yield new_scenario.create(folder.name, folder.parent)
    shutil.rmtree(folder)


@pytest.mark.report("T6")
@pytest.mark.timeout(1200)
def test_a_scenario_of_your_own_with_arguments(own_folder: Path) -> None:
    variables: dict[str, Any] = {
        "NS3MARL_SCENARIO": own_folder.name,
        "NS3MARL_ARGUMENTS": "--ticks=25",
        "NS3MARL_RUN": "own",
        "NS3MARL_TICKS": "500",
    }
    compose("up", "-d", "--build", timeout_s=1000, **variables)
    wait_for(lambda: inspect(containers("learner")[0])["State"]["Status"] == "exited")
    assert inspect(containers("learner")[0])["State"]["ExitCode"] == 0, compose("logs", "learner")
    assert rows("own")[-1]["ticks"] == 500
    folder = f"{PROJECT}_runs:/runs"
    words = ("--entrypoint=cat", "-v", folder, "ns3marl-learner", "/runs/own/config.toml")
    config = docker("run", "--rm", "--network=none", *words)
    assert f'name = "{own_folder.name}"' in config
    assert '"--ticks=25"' in config
