import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { stages } from "@/api/issue-filter";
import type { IssueBulk, User } from "@/api/types";
import { usersQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import { Menu, MenuChoice } from "@/ui/menu";
import { StageDial } from "@/ui/stage";
import { Person } from "../feedback/feedback-facts";
import { severities } from "../shared/vocabulary";

export type MenuName = "severity" | "owner" | "stage";
type Owner = { id: string; name: string };

interface Props {
  name: MenuName;
  /** The value that is ticked; several issues share none. */
  value?: string;
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onPick: (change: IssueBulk, owner?: Owner) => void;
}

/** Chooses a severity, an owner or a stage for one issue or for all that are marked. */
export function IssueMenu({ name, value = "", trigger, open, onOpenChange, onPick }: Props) {
  const people = useQuery({ ...usersQuery, retry: false }).data ?? [];
  return (
    <Menu trigger={trigger} open={open} onOpenChange={onOpenChange}>
      <MenuChoice
        value={value}
        options={options(name, people)}
        onChange={(v) =>
          onPick(changeOf(name, v), name === "owner" ? people.find((p) => p.id === v) : undefined)
        }
      />
    </Menu>
  );
}

function changeOf(name: MenuName, value: string): IssueBulk {
  if (name === "owner") return { owner_id: value };
  return { [name]: value } as IssueBulk;
}

function options(name: MenuName, people: User[]): { value: string; label: ReactElement; keys?: string }[] {
  switch (name) {
    case "severity":
      return severities.map((s, i) => ({
        value: s,
        keys: String(i + 1),
        label: (
          <>
            <Glyph state={stateOfSeverity(s)} />
            {word("severity.long", s)}
          </>
        ),
      }));
    case "stage":
      return stages.map((s) => ({
        value: s,
        label: (
          <>
            <span className="text-fg-3">
              <StageDial stage={s} />
            </span>
            {word("stage", s)}
          </>
        ),
      }));
    case "owner":
      return [
        { value: "", label: <span className="text-fg-2">{t("common.nobody")}</span> },
        ...people.map((p) => ({ value: p.id, label: <Person name={p.name} /> })),
      ];
  }
}
