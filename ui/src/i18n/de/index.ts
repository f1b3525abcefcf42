import type { Catalogue } from "..";
import { app } from "./app";
import { centre } from "./centre";
import { engine } from "./engine";
import { inbox } from "./inbox";
import { intake } from "./intake";
import { issues } from "./issues";
import { settings } from "./settings";
import { words } from "./words";

/** Every word the interface says, in German, by area; the keys are those of English. */
export const de: Catalogue = {
  ...app,
  ...words,
  ...inbox,
  ...issues,
  ...settings,
  ...intake,
  ...engine,
  ...centre,
};
