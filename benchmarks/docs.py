# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The documentation: pages of the site, links in it that lead nowhere, and public names of the package without a docstring."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import built_site


def main() -> None:
    """Builds the site from nothing, with warnings as errors, and prints what is wrong and the figures."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "html")
        begun_s = time.perf_counter()
        built_site.build(Path(folder, "source"), site)
        build_s = time.perf_counter() - begun_s
        pages, dead = built_site.pages(site), built_site.dead_links(site)
        size = sum(
            path.stat().st_size
            for path in site.rglob("*")
            if path.is_file() and ".doctrees" not in path.parts
        )
    without = built_site.without_docstring()
    for wrong in (*dead, *without):
        print(wrong)
    print(f"docs_pages: {len(pages)} pages")
    print(f"public_names_without_docstring: {len(without)} names")
    print(f"dead_links: {len(dead)} links")
    print(f"docs_build_s: {build_s:.0f} s")
    print(f"docs_mb: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
