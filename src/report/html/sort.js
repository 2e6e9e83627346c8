// Sorts a table by a column when its heading is clicked: numbers from the highest, names from the first, a second click turns it round.
document.querySelectorAll("table.sortable").forEach((table) => {
  const headings = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
  headings.forEach((heading, column) => {
    heading.tabIndex = 0;
    heading.title = "sort";
    const sort = () => {
      const isNumber = heading.classList.contains("n");
      const was = heading.getAttribute("aria-sort");
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      const now = was === first ? second : first;
      const turn = now === "ascending" ? 1 : -1;
      const key = (row) => {
        const cell = row.cells[column];
        return isNumber ? parseFloat(cell.dataset.v) : cell.textContent;
      };
      const compare = (a, b) => {
        const x = key(a), y = key(b);
        if (!isNumber) { return turn * x.localeCompare(y); }
        // What is missing stays at the end.
        if (isNaN(x)) { return isNaN(y) ? 0 : 1; }
        return isNaN(y) ? -1 : turn * (x - y);
      };
      const body = table.tBodies[0];
      Array.from(body.rows).sort(compare).forEach((row) => {
        row.classList.remove("block");
        Array.from(row.querySelectorAll(".again")).forEach((cell) => cell.classList.remove("again"));
        body.appendChild(row);
      });
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", now);
    };
    heading.addEventListener("click", sort);
    heading.addEventListener("keydown", (event) => { if (event.key === "Enter") { sort(); } });
  });
});
