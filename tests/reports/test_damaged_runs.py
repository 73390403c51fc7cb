# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Damaged files of runs and evaluations: named where they cannot be read, and what can be read is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_runs import config, quiet, run, toy_pool

from ns3marl import config as configuration
from ns3marl.cli import main
from ns3marl.errors import ConfigError
from ns3marl.evaluation import comparison
from ns3marl.evaluation.episode_table import EpisodeTable, scenario_of
from ns3marl.evaluation.evaluate import evaluate
from ns3marl.evaluation.tables import TICKS
from ns3marl.reporting.report import report
from ns3marl.training import checkpoint, experiment, metrics

NOISE = b"\xff\xfe\x00{\x9d"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an evaluation."""
    folder = run(tmp_path_factory.mktemp("run") / "run", "training.ticks=40")
    evaluate(config(), ["random"], folder / "evaluation", console=quiet(), make_pool=toy_pool)
    return folder


def copied(source: Path, target: Path) -> Path:
    for path in source.rglob("*"):
        if path.is_file():
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (target / path.relative_to(source)).write_bytes(path.read_bytes())
    return target


@pytest.mark.report("M5")
@pytest.mark.report("M35")
@pytest.mark.parametrize(
    ("file", "content"),
    [
        *(
            ("manifest.json", text)
            for text in (b"{", b"[]", b"3", NOISE, b'{"scenario": 3}', b'{"seeds": []}', b"[" * 9999)
        ),
        *(
            (f"evaluation/{comparison.FILE}", text)
            for text in (
                b"{",
                b"[]",
                NOISE,
                b"{}",
                b'{"metrics": 3}',
                b'{"summary": {}, "policies": [{}], "metrics": {}}',
            )
        ),
        ("config.toml", NOISE),
    ],
)
def test_a_report_names_the_damaged_file(trained: Path, tmp_path: Path, file: str, content: bytes) -> None:
    folder = copied(trained, tmp_path)
    (folder / file).write_bytes(content)
    with pytest.raises(ConfigError, match=rf"{file} cannot be read: "):
        report(folder)


@pytest.mark.report("M5")
@pytest.mark.parametrize(
    "file", ["manifest.json", f"evaluation/{comparison.FILE}", "config.toml", metrics.FILE]
)
def test_a_folder_in_the_place_of_a_file_is_named(trained: Path, tmp_path: Path, file: str) -> None:
    folder = copied(trained, tmp_path)
    (folder / file).unlink()
    (folder / file).mkdir()
    with pytest.raises(ConfigError, match=rf"{file} cannot be read: Is a directory"):
        report(folder)


DAMAGED_LINES = [
    NOISE,
    b'{"ticks": 100, "upd',
    b"[1, 2]",
    b'{"ticks": "many", "update": 1}',
    b'{"reward_per_tick": 1}',
    b"[" * 9999,
]


@pytest.mark.report("M5")
def test_the_lines_of_a_log_that_can_be_read_are_read(trained: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path)
    rows = metrics.read(folder)
    first, second = (folder / metrics.FILE).read_bytes().splitlines()
    (folder / metrics.FILE).write_bytes(b"\n".join([first, *DAMAGED_LINES, second]))
    assert metrics.read(folder) == rows
    page = report(folder).read_text()
    assert "metrics.jsonl, which is damaged in line 2, 3, 4, 5, 6, 7" in page
    run(folder, resume=True)
    assert [row["update"] for row in metrics.read(folder)] == [1, 2, 3]
    assert metrics.unreadable(folder) == []


@pytest.mark.report("M5")
def test_rows_without_a_reward_leave_the_curve_out(tmp_path: Path) -> None:
    (tmp_path / metrics.FILE).write_text('{"ticks": 100, "update": 1}\n')
    with pytest.raises(ConfigError, match="has nothing to report"):
        report(tmp_path)


@pytest.mark.report("M5")
@pytest.mark.parametrize("content", [b"{", b"[]", NOISE])
def test_a_run_with_a_damaged_manifest_goes_on(trained: Path, tmp_path: Path, content: bytes) -> None:
    folder = copied(trained, tmp_path)
    (folder / "manifest.json").write_bytes(content)
    run(folder, resume=True)
    assert checkpoint.load(folder).progress.ticks == 60
    report(folder)


@pytest.mark.report("M5")
@pytest.mark.parametrize("content", ["{", "3", '["a"]', "{}", "[1.5]"])
def test_seeds_of_an_experiment(tmp_path: Path, content: str) -> None:
    (tmp_path / experiment.SEEDS).write_text(content)
    with pytest.raises(ConfigError, match=experiment.SEEDS):
        experiment.seeds_of(tmp_path)


@pytest.mark.report("M35")
def test_a_configuration_in_utf_16_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[training]\nseed = 3\n", encoding="utf-16")
    with pytest.raises(
        ConfigError, match=r"cannot read the configuration .*mine.toml: it is no text in UTF-8"
    ):
        configuration.load(path)
    assert main(["train", str(path)]) == 2
    assert "mine.toml" in capsys.readouterr().err


@pytest.mark.report("M35")
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_tables_without_their_end(tmp_path: Path, share: float, capsys: pytest.CaptureFixture[str]) -> None:
    tables = tmp_path / "tables"
    evaluate(config(), ["random"], tmp_path, console=quiet(), make_pool=toy_pool, tables=tables)
    assert EpisodeTable(tables, TICKS).columns
    path = tables / f"{TICKS}.parquet"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    for read in (lambda: scenario_of(tables), lambda: EpisodeTable(tables, TICKS)):
        with pytest.raises(
            ConfigError,
            match=r"ticks.parquet cannot be read: .*; write|ticks.parquet cannot be read: .* again",
        ):
            read()
    assert main(["plot-run", str(tables)]) == 2
    assert "ticks.parquet cannot be read" in capsys.readouterr().err


@pytest.mark.report("P21")
def test_the_report_of_a_run_without_updates(  # pytest makes errors of warnings
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "training.ticks=2", "ippo.rollout_ticks=20")
    with pytest.raises(
        ConfigError, match=r"has nothing to report yet: .* no update; go on with `ns3marl train --resume"
    ):
        report(tmp_path)
    assert main(["report", str(tmp_path)]) == 2
    assert "Warning" not in capsys.readouterr().err
    evaluate(config(), ["random"], tmp_path / "evaluation", console=quiet(), make_pool=toy_pool)
    assert report(tmp_path).exists()
