# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Watching episodes and trainings in a browser: recording, a local server, and the page itself (``assets/``)."""
