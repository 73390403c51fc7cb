# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What other libraries need beyond the wrappers of ``ns3marl.env.wrappers``; each module needs the library that it is named after."""
