// In an exported file: paints its chart from the rows that lie in it.

import { check } from "./chart-checking.js";
import { Marks } from "./chart-marks.js";
import { Picture } from "./chart-picture.js";

const drawn = JSON.parse(document.getElementById("drawn").textContent);
const place = document.querySelector(".chart");
const said = document.querySelector(".said");
const marks = new Marks(place, drawn, (text) => (said.textContent = text));
const picture = new Picture(place, drawn, (painted) => {
  marks.attach(painted);
  document.querySelector(".check").textContent = check(painted).said;
  place.classList.add("painted");
});

picture.paint().catch((error) => {
  said.textContent = `The chart could not be drawn (${error.message}); its rows are in the table.`;
});
