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

/**
 * Every word the interface says, in English, by area. A message is a whole sentence with {placeholders}; one
 * with plural forms chooses by {count}. Values that come from the server have keys of the form "noun.value".
 */
export const en = {
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
} as const;
