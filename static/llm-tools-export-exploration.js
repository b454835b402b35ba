// In an exported file of an exploration without charts: paints its tables and widgets.

import { paintFrames } from "./export-frames.js";
import { paintTables } from "./export-tables.js";
import { prepareToPrint } from "./export-printing.js";

paintTables();
paintFrames();
prepareToPrint();
