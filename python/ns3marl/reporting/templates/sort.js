/* SPDX-FileCopyrightText: The ns3marl authors
 * SPDX-License-Identifier: MIT
 *
 * A click on a header sorts the rows of its table, the better values first; another click turns the order. The first column sorts by
 * name, the others by number. What is missing stays last.
 */
for (const table of document.querySelectorAll("table.sorts")) {
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = Number.parseFloat(text);
    return column === 0 || Number.isNaN(number) ? text : number;
  };
  const isMissing = (one) => one === "" || one === "\u2013";
  const order = (a, b) =>
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), undefined, { numeric: true });
  heads.forEach((head, column) => {
    const sort = () => {
      const before = head.getAttribute("aria-sort");
      const first = head.textContent.includes("\u2191") ? "descending" : "ascending";
      const turned = first === "ascending" ? "descending" : "ascending";
      const direction = before === first ? turned : first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", direction);
      const sign = direction === "ascending" ? 1 : -1;
      const rows = [...table.tBodies[0].rows].map((row) => [value(row, column), row]);
      rows.sort(([a], [b]) => isMissing(a) - isMissing(b) || sign * order(a, b));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    };
    head.tabIndex = 0;
    head.title = "sort by this column";
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sort();
    });
  });
}
