import { t } from "@/i18n";
import type { MoveEffect } from "./stages";

/** What a move does, as one sentence; nothing for a plain move. */
export function sayEffect(e: MoveEffect): string | undefined {
  switch (e.kind) {
    case "close":
      return e.people ? t("move.closes", { count: e.people }) : t("move.closesNobody");
    case "reopen":
      return t("move.reopens");
    case "over":
      return t("move.over", { count: e.count, limit: e.limit });
    case "move":
      return undefined;
  }
}
