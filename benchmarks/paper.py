# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The published tables and figures of IMAPPO, made anew: what `ns3marl reproduce` runs, with its cells as data of the repository.

Finished cells are files under `benchmarks/results/paper/`; a call runs what is missing and writes `docs/paper.md`.
"""

from __future__ import annotations

import cells

from ns3marl.scenarios.aiot_mec.published.publication import PUBLICATION

LICENCE = "<!-- SPDX-FileCopyrightText: The ns3marl authors -->\n<!-- SPDX-License-Identifier: MIT -->\n\n"


def main() -> None:
    """Runs what is missing, writes the page and prints the figures."""
    options = cells.parsed(__doc__)
    every = PUBLICATION.cells(None, False)
    study = PUBLICATION.study(cells.results("paper"), cells.WORK, False)
    done = cells.run_chosen(every, study, options)
    docs = cells.ROOT / "docs"
    page = docs / "paper.md"
    print("\n".join(PUBLICATION.write(done, page, docs / "images", False)))
    page.write_text(LICENCE + page.read_text("utf-8"), "utf-8")
    print(f"cells_done: {len(done)}")
    print(f"cells_missing: {len(every) - len(done)}")


if __name__ == "__main__":
    main()
