# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The structure of the package as its imports show it."""

from __future__ import annotations

import grimp
import networkx as nx


def import_circles(package: str = "ns3marl") -> list[list[str]]:
    """Modules of a package that import each other in a circle, imports for type checking included; one list a circle."""
    graph = grimp.build_graph(package, cache_dir=None)
    arrows = nx.DiGraph()
    arrows.add_edges_from(
        (module, imported)
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    )
    return [sorted(circle) for circle in nx.strongly_connected_components(arrows) if len(circle) > 1]
