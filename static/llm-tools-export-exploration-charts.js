// In an exported file of an exploration with charts: paints these, its tables and its widgets.

import { paintCharts } from "./export-charts.js";
import { paintFrames } from "./export-frames.js";
import { paintTables } from "./export-tables.js";
import { prepareToPrint } from "./export-printing.js";

paintTables();
paintFrames();
prepareToPrint();
paintCharts();
