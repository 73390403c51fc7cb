# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The twin on every device that is there: a GPU plays what a processor plays, and counter-based draws are those of Philox."""

from __future__ import annotations

import ctypes
import dataclasses
import re
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from torch import Tensor
from torch.utils import cpp_extension

from ns3marl.errors import BuildError, ConfigError
from ns3marl.scenarios.aiot_mec.twin import kernel, radio
from ns3marl.scenarios.aiot_mec.twin import tasks as task
from ns3marl.scenarios.aiot_mec.twin.aiot_mec import AiotMec
from ns3marl.scenarios.aiot_mec.twin.drawn import Drawn
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.world import Draws, Scene

CPU = torch.device("cpu")
DEVICES = [CPU, *(torch.device("cuda", i) for i in range(min(1, torch.cuda.device_count())))]
ENVIRONMENTS = 200
WORDS = 2**32
KERNELS = Path(kernel.__file__).with_name("kernels")

Arrays = TypeVar("Arrays", Scene, Draws)


class Brought:
    """What a processor drew, brought to a device."""

    def __init__(self, settings: Settings, seed: int, device: torch.device) -> None:
        self._world, self._device = Drawn(settings, seed, CPU), device

    def begin(self, runs: list[int]) -> Scene:
        return self._bring(self._world.begin(runs))

    def next(self) -> Draws:
        return self._bring(self._world.next())

    def _bring(self, arrays: Arrays) -> Arrays:
        fields = {f.name: getattr(arrays, f.name).to(self._device) for f in dataclasses.fields(arrays)}
        return type(arrays)(**fields)


def play(
    settings: Settings, runs: range, device: torch.device, ticks: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """Ends of uploads and results and what is left of them in each tick, [T, B, N, L, 3]; metrics."""
    sim = AiotMec(settings, len(runs), device=device, world=Brought(settings, 9, device))
    sim.reset(list(runs))
    rows = []
    for tick in range(ticks):
        generator = torch.Generator().manual_seed(tick)
        every = (ENVIRONMENTS, settings.devices)
        choices = (3, settings.servers, settings.channels)
        discrete = torch.stack([torch.randint(0, n, every, generator=generator) for n in choices], 2)
        real = torch.rand(*every, 2, generator=generator) * torch.tensor([30.0, 0.9]) + 0.05
        mine = torch.tensor(runs) - 1
        sim.step(discrete[mine].to(device), real[mine].clamp(max=30).to(device))
        rows.append(sim.state.tasks.changing[..., [task.LEFT, task.UPLINK_END, task.RESULT]].cpu())
    return torch.stack(rows), {name: values.cpu() for name, values in sim.metrics().items()}


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("preset", ["default", "stress"])
def test_a_device_sees_the_events_that_a_processor_sees(device: torch.device, preset: str) -> None:
    # All environments at once on the device, in two parts on the processor.
    settings = Settings.parse(
        [f"--preset={preset}", "--devices=20", "--servers=5", "--channels=3", "--ticks=30"]
    )
    together, metrics = play(settings, range(1, ENVIRONMENTS + 1), device, 8)
    halves = [play(settings, runs, CPU, 8) for runs in (range(1, 91), range(91, ENVIRONMENTS + 1))]
    alone = torch.cat([events for events, _ in halves], 1)
    same = torch.isclose(together, alone, atol=0.5, rtol=1e-5)
    assert same.float().mean().item() > 0.999
    for name, values in metrics.items():
        expected = torch.cat([of[name] for _, of in halves])
        torch.testing.assert_close(
            values.nanmean(), expected.nanmean(), rtol=2e-3, atol=1e-6, equal_nan=True, msg=name
        )


def fields(header: str, structure: str) -> list[str]:
    """Names in a structure of a header, as Python writes them."""
    text = KERNELS.joinpath(header).read_text()
    body = re.search(rf"struct (?:alignas\(\d+\) )?{structure}\n{{(.*?)\n}};", text, re.DOTALL)
    assert body is not None
    code = re.sub(r"//.*", "", body[1])
    names = [
        re.split(r"[\s*]+", part.strip())[-1]
        for declaration in code.split(";")
        for part in declaration.split(",")
        if part.strip()
    ]
    return [re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names]


@pytest.mark.parametrize(
    ("header", "name", "structure"),
    [
        ("contention.h", "Constants", kernel.Constants),
        ("contention.h", "Run", kernel.Run),
        ("knowledge.h", "Hear", kernel.Hear),
        ("status.h", "Status", kernel.Status),
        ("draws.h", "Draw", kernel.Draw),
        ("draws.h", "Fading", kernel.Fading),
    ],
)
def test_structures_have_the_fields_of_the_headers_in_their_order(
    header: str, name: str, structure: type[ctypes.Structure]
) -> None:
    assert [field[0] for field in structure._fields_] == fields(header, name)


@pytest.mark.parametrize(("name", "count"), [("Fixed", task.FIXED), ("Changing", task.CHANGING)])
def test_columns_of_tasks_are_the_fields_of_the_header(name: str, count: int) -> None:
    names = fields("contention.h", name)
    assert [getattr(task, field.upper()) for field in names] == list(range(count))


def test_phases_of_tasks_are_those_of_the_header() -> None:
    found = re.search(r"enum Phase : int8_t\n{([^}]*)}", KERNELS.joinpath("contention.h").read_text())
    assert found is not None
    names = [name.strip() for name in found[1].split(",")]
    assert [getattr(task, name) for name in names] == list(range(len(names)))


def philox(counter: tuple[int, int, int, int], key: int) -> list[int]:
    """Philox 4x32-10 (Salmon et al. 2011) in whole numbers."""
    a, b, c, d = counter
    low, high = key % WORDS, key // WORDS
    for _ in range(10):
        first, second = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = second // WORDS ^ b ^ low, second % WORDS, first // WORDS ^ d ^ high, first % WORDS
        low, high = (low + 0x9E3779B9) % WORDS, (high + 0xBB67AE85) % WORDS
    return [a, b, c, d]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), 0, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ((WORDS - 1,) * 4, 2**64 - 1, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            0x299F31D0A4093822,
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_the_tests_own_philox_gives_the_published_vectors(
    counter: tuple[int, int, int, int], key: int, expected: list[int]
) -> None:
    assert philox(counter, key) == expected


def draw(
    device: torch.device, runs: list[int], seed: int, number: int, uniforms: int, normals: int
) -> list[Tensor]:
    library = kernel.load(device)
    out = [torch.full((len(runs), count), torch.nan, device=device) for count in (uniforms, normals)]
    numbers = torch.tensor(runs, device=device)
    pointers = [library.pointer(values) for values in (numbers, *out)]
    library.draw_numbers(kernel.Draw(len(runs), uniforms, normals, seed, number, *pointers))
    return [values.cpu() for values in out]


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_draws_are_philox_over_number_draw_and_run(device: torch.device) -> None:
    seed, runs = 2**63 + 12345678901, [1, 2**33 + 5]
    uniform, normal = draw(device, runs, seed, 7, 6, 3)
    for b, run in enumerate(runs):
        words = [philox((i, 7, run % WORDS, run // WORDS), seed) for i in range(3)]
        expected = torch.tensor([(word >> 8) / 2**24 for word in (*words[0], *words[1][:2])])
        torch.testing.assert_close(uniform[b], expected, rtol=0, atol=0)
        length, angle = (torch.tensor(words[2][i::2], dtype=torch.float64) / WORDS for i in range(2))
        radius, turn = (-2 * length.log()).sqrt(), 2 * torch.pi * angle
        pairs = torch.stack([radius * turn.cos(), radius * turn.sin()], 1).flatten()[:3]
        torch.testing.assert_close(normal[b].double(), pairs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_draws_have_the_moments_of_their_distributions(device: torch.device) -> None:
    uniform, normal = draw(device, list(range(1, 101)), 3, 1, 1000, 2001)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    # Five standard errors of mean, variance and kurtosis.
    assert uniform.mean().item() == pytest.approx(0.5, abs=5 * (1 / 12 / 1e5) ** 0.5)
    assert normal.mean().item() == pytest.approx(0, abs=5 * 2e5**-0.5)
    assert normal.square().mean().item() == pytest.approx(1, abs=5 * (2 / 2e5) ** 0.5)
    assert normal.pow(4).mean().item() == pytest.approx(3, abs=5 * (96 / 2e5) ** 0.5)
    between = torch.corrcoef(normal[:, :1000]).fill_diagonal_(0)
    assert between.abs().max().item() < 6 * 1000**-0.5


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_fading_moves_by_drawn_numbers(device: torch.device) -> None:
    library = kernel.load(device)
    runs, rho, shape = [4, 9], 0.8, (2, 2, 1, 5)
    gain = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    _, normals = draw(device, runs, 6, 2, 0, 10)
    # A block's four numbers are the real and imaginary parts of two links.
    innovation = normals.view(2, 5, 2).transpose(1, 2).reshape(shape)
    expected = radio.advance_fading(gain.clone(), innovation, rho)
    moved, decibels = gain.to(device), torch.full((2, 1, 5), torch.nan, device=device)
    numbers = torch.tensor(runs, device=device)
    arrays = [library.pointer(values) for values in (numbers, moved, decibels)]
    library.advance_fading(kernel.Fading(2, 5, 6, 2, *arrays, rho, radio.innovation_weight(rho)))
    torch.testing.assert_close(moved.cpu(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(decibels.cpu(), radio.fading_db(expected), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_a_world_of_counters_follows_from_seed_and_run_alone(device: torch.device) -> None:
    settings = Settings(devices=7, servers=3, ticks=9)

    def ticks(seed: int, runs: list[int]) -> Tensor:
        world = Drawn(settings, seed, device, counters=True)
        scene = world.begin(runs)
        rows = [world.next() for _ in range(3)]
        numbers = [
            torch.cat([row.size_bytes, row.broadcast_uniform, row.fading_db.flatten(1)], 1) for row in rows
        ]
        return torch.cat([scene.devices.flatten(1), scene.server_hz, *numbers], 1)

    beside = ticks(4, [3, 1, 8])
    torch.testing.assert_close(ticks(4, [8]), beside[2:], rtol=0, atol=0)
    assert not torch.isclose(beside[0], beside[1])[21 + 3 :].any()
    assert not torch.isclose(ticks(5, [3]), beside[:1])[:, 21 + 3 :].any()


def test_kernels_that_do_not_compile_are_an_error_that_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("Ninja is required")

    monkeypatch.setattr(cpp_extension, "load", fails)
    kernel.load.cache_clear()
    try:
        with pytest.raises(BuildError, match=r"Ninja is required.*C\+\+17 compiler and ninja.*ns-3"):
            AiotMec(Settings(), 1)
        with pytest.raises(BuildError, match=r"processor\.cc"):
            Drawn(Settings(), 1, CPU, counters=True)
    finally:
        kernel.load.cache_clear()


def test_a_device_without_kernels_is_refused() -> None:
    with pytest.raises(ConfigError, match="'meta', expected one of type cpu or cuda"):
        AiotMec(Settings(), 1, device="meta")
