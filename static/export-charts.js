// Charts of an exported exploration, painted one after the other.

import { check } from "./chart-checking.js";
import { Marks } from "./chart-marks.js";
import { Picture } from "./chart-picture.js";
import { shownBlocks } from "./export-rows.js";

export async function paintCharts() {
  for (const { article, kind, frozen } of shownBlocks()) {
    if (kind !== "chart") continue;
    const said = article.querySelector(".said");
    try {
      await paint(article, drawnOf(frozen), (text) => (said.textContent = text));
    } catch (error) {
      said.textContent = `The chart could not be drawn (${error.message}); its rows are in the table.`;
    }
  }
}

async function paint(article, drawn, say) {
  const place = article.querySelector(".chart");
  const marks = new Marks(place, drawn, say);
  const picture = new Picture(place, drawn, (painted) => {
    marks.attach(painted);
    article.querySelector(".check").textContent = check(painted).said;
    // Paper has no other colours than those that it was painted in.
    place.style.setProperty("--painted-on", getComputedStyle(place).backgroundColor);
    place.classList.add("painted");
  });
  await picture.paint();
}

/** What the chart is drawn from; nothing that leads back to the server. */
function drawnOf({ more, rows, columns }) {
  const plain = rows.map((row) => row.map((value) => (typeof value === "bigint" ? Number(value) : value)));
  return { titles: columns, ...more, rows: plain, behind: null };
}
