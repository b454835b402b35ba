// The rows of an exported exploration, read out of the file once.

const { rows, document: written } = JSON.parse(document.getElementById("exploration").textContent, exact);

/** [{article, kind, block, frozen}] of all blocks that have rows in this file. */
export function shownBlocks() {
  const blocks = new Map(written.blocks.map((block) => [block.id, block]));
  return [...document.querySelectorAll("article[data-block]")]
    .map((article) => {
      const { block: id, kind } = article.dataset;
      return { article, kind, block: blocks.get(id), frozen: rows[id] };
    })
    .filter(({ frozen }) => frozen && frozen.refused === null);
}

/** Whole numbers beyond 2⁵³ stay as they are written, where the browser tells how that is. */
function exact(key, value, context) {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !Number.isInteger(value)) return value;
  return /^-?\d+$/.test(context?.source ?? "") ? BigInt(context.source) : value;
}
