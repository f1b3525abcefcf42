import type { Catalogue } from "..";
import { app } from "./app";
import { board } from "./board";
import { centre } from "./centre";
import { engine } from "./engine";
import { inbox } from "./inbox";
import { intake } from "./intake";
import { issues } from "./issues";
import { live } from "./live";
import { settings } from "./settings";
import { talk } from "./talk";
import { words } from "./words";

/** Every word the interface says, in German, by area; the keys are those of English. */
export const de: Catalogue = {
  ...app,
  ...words,
  ...inbox,
  ...issues,
  ...board,
  ...settings,
  ...intake,
  ...engine,
  ...talk,
  ...live,
  ...centre,
};
