# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
import pytest
import twin_oracle

from ns3marl.scenarios.aiot_mec.twin import channels, knowledge, servers


@pytest.fixture(params=["compiled", "oracle"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs on the compiled stages, and on the tensor operations that test them."""
    if request.param == "oracle":
        monkeypatch.setattr(channels, "run", twin_oracle.run)
        monkeypatch.setattr(knowledge, "hear", twin_oracle.hear)
        monkeypatch.setattr(servers, "close_intervals", twin_oracle.close_intervals)
    return str(request.param)
