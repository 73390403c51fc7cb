# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Two threads step one pool: the second one is refused and nothing deadlocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import right_actions

from ns3marl.env.pool import Pool
from ns3marl.errors import OutOfStep


@pytest.mark.report("M12")
def test_second_thread_is_refused(scenario_path: Callable[[str], Path]) -> None:
    inside, may_go_on, failures = threading.Event(), threading.Event(), list[BaseException]()

    def hold(*_: object) -> None:
        inside.set()
        may_go_on.wait(30)

    def play() -> None:
        try:
            pool.reset()
        except BaseException as error:  # noqa: BLE001 - the test's own thread looks at it
            failures.append(error)

    with Pool(scenario_path("echo"), arguments=("--ticks=5",), on_frame=hold, resumable=True) as pool:
        thread = threading.Thread(target=play)
        thread.start()
        assert inside.wait(30)
        uses: list[Callable[[], Any]] = [pool.reset, pool.recv, pool.close, lambda: pool.step([])]
        for use in uses:
            with pytest.raises(OutOfStep, match="another thread is in a method of the pool"):
                use()
        may_go_on.set()
        thread.join(30)
        assert failures == []
        assert pool.step(right_actions(pool.reset())).tick.tolist() == [
            1
        ]  # one thread after the other is fine
