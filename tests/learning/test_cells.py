# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A study at tiny size, on a game."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import games
import pytest
from rich.console import Console

from ns3marl.algorithms import registry
from ns3marl.errors import CheckpointError
from ns3marl.games import library
from ns3marl.studies import cells, page, runner
from ns3marl.studies.cells import Cell, Study
from ns3marl.training import checkpoint

TINY = 400  # ticks
CELLS = [Cell("imappo", "climbing", 1), Cell("imappo", "climbing", 2), Cell("iql", "climbing", 1)]


def study(folder: Path, ticks: int = TINY) -> Study:
    return dataclasses.replace(games.study_of(ticks), results=folder / "results", work=folder / "work")


def run(chosen: list[Cell], folder: Path) -> bool:
    return runner.run_missing(chosen, study(folder), 2, Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    assert run(CELLS, folder)
    return folder


def test_every_learner_plays_every_game_with_every_seed() -> None:
    every = games.every_cell(3)
    assert set(games.LEARNERS) == set(registry.BUNDLED)
    assert len(every) == len(set(every)) == 3 * len(games.LEARNERS) * len(games.GAMES)
    config = games.configure(Cell("imappo", "climbing", 2), 30_000)
    assert config.training.seed == 2
    assert config.training.ticks == 30_000
    assert config.evaluation.seed not in range(1, 100)


def test_a_cell_says_where_it_comes_from(done: Path) -> None:
    content = json.loads((study(done).results / "climbing" / "imappo-1.json").read_text())
    assert content["cell"] == {"policy": "imappo", "setting": "climbing", "seed": 1}
    assert content["optimum"] == library.CLIMBING.max()
    assert len(content["values"]["reward_per_tick"]) == len(content["runs"]) == games.EPISODES
    assert len(content["values"]["reward_likeliest"]) == games.EPISODES
    assert 1 <= len(content["curve"]) <= cells.CURVE_POINTS
    assert content["manifest"]["git_commit"]
    assert 'algorithm = "imappo"' in content["config"]
    assert content["central"] is False


def test_policies_stay_without_their_experience(done: Path) -> None:
    run_folder = study(done).run_folder(CELLS[0])
    (kept,) = run_folder.rglob("*.pt")
    groups = checkpoint.load(kept).team["groups"]
    assert {key for group in groups.values() for key in group} == {"learned"}
    assert not (run_folder / "evaluation").exists()
    config = study(done).trained(CELLS[0])
    with study(done).make_pool("climbing", config, 5, 1, 1) as pool:
        team = registry.team(pool.spec, config.learner_of, seed=1)
    with pytest.raises(CheckpointError, match="cannot continue; begin a new run with --from"):
        checkpoint.load(kept).restore(team)


def test_studies_share_a_training(done: Path, tmp_path: Path) -> None:
    other = dataclasses.replace(study(done), results=tmp_path)
    kept = other.run_folder(CELLS[0]) / "checkpoints" / "last.pt"
    before = checkpoint.digest(kept)
    assert runner.run_missing(CELLS[:1], other, 1, Console(file=io.StringIO()))
    first, second = (cells.finished(CELLS[0], one) for one in (study(done), other))
    assert first is not None
    assert second is not None
    assert second["curve"] == first["curve"]
    assert second["values"] == first["values"]
    assert checkpoint.digest(kept) == before
    assert dataclasses.replace(other, version=1).run_folder(CELLS[0]) != other.run_folder(CELLS[0])


def test_options_that_came_later_count_by_their_defaults(done: Path) -> None:
    path = study(done).results / CELLS[1].path
    content = json.loads(path.read_text())
    whole = content["config"]
    for removed, counts in (("bfloat16 = false\n", True), ("discount = 0.5\n", False)):
        assert removed in whole
        path.write_text(json.dumps(content | {"config": whole.replace(removed, "", 1)}))
        assert (
            cells.finished(CELLS[1], study(done)) is not None
        ) is counts  # the game's discount is not the default
    path.write_text(json.dumps(content))


def test_only_what_is_missing_runs(done: Path, tmp_path: Path) -> None:
    path = study(done).results / CELLS[0].path
    before = path.stat().st_mtime_ns
    assert run(CELLS, done)
    assert path.stat().st_mtime_ns == before
    assert cells.finished(CELLS[0], study(done)) is not None
    assert cells.finished(CELLS[0], study(done, 500)) is None  # another budget is another cell
    content = json.loads(path.read_text())
    other = study(tmp_path).results / CELLS[0].path
    other.parent.mkdir(parents=True)
    for option in ("greedy = false", "discount = 0.5"):
        assert option in content["config"]
        changed = content["config"].replace(option, option.replace("false", "true").replace("0.5", "0.6"))
        other.write_text(json.dumps(content | {"config": changed}))
        assert cells.finished(CELLS[0], study(tmp_path)) is None  # so are other options


def test_the_page_shows_intervals_choices_and_curves(done: Path, tmp_path: Path) -> None:
    contents = [cells.finished(cell, study(done)) for cell in CELLS[:2]]
    known = [content for content in contents if content is not None]
    # A policy that earns one less on every episode, to compare with.
    other = json.loads(json.dumps(known))
    for content in other:
        content["cell"]["policy"], content["central"], content["notes"] = "dqn", True, "5 levels"
        content["values"] = {name: [v - 1 for v in values] for name, values in content["values"].items()}
    target, images = tmp_path / "benchmarks" / "games.md", tmp_path / "docs" / "images"
    figures = page.write([*known, *other], target, images, ("climbing",), games.LEARNERS, games.HEAD)
    text = target.read_text()
    assert "| imappo (2 seeds) | own |" in text
    assert "| dqn (2 seeds; 5 levels) | central |" in text
    assert "reward, likeliest actions" in text
    assert "its optimum is a reward of 11" in text
    assert "../docs/images/games-climbing-curves.png" in text
    assert (images / "games-climbing-scores.png").stat().st_size > 2000
    assert (images / "games-climbing-curves.png").stat().st_size > 2000
    rewards = {line.split(":")[0]: float(line.split()[1]) for line in figures}
    assert rewards["best_baseline_reward_climbing"] == pytest.approx(
        rewards["imappo_reward_climbing"] - 1, abs=2e-3
    )


def test_cells_of_one_training_share_it(tmp_path: Path) -> None:
    at_home, carried = Cell("ippo", "climbing", 1), Cell("ippo", "penalty", 1, trained="climbing")
    assert run([at_home, carried], tmp_path)
    first, second = (cells.finished(cell, study(tmp_path)) for cell in (at_home, carried))
    assert first is not None
    assert second is not None
    assert (study(tmp_path).results / "penalty" / "ippo-from-climbing-1.json").exists()
    assert second["cell"] == {"policy": "ippo", "setting": "penalty", "seed": 1, "trained": "climbing"}
    assert first["curve"] == second["curve"]
    assert first["optimum"] != second["optimum"]
    assert first["values"]["reward_per_tick"] != second["values"]["reward_per_tick"]
    assert cells.finished(Cell("ippo", "penalty", 1), study(tmp_path)) is None
    assert len(list((tmp_path / "work").rglob("*.pt"))) == 1
