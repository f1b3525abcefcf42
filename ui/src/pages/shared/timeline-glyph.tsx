import {
  BookCheck,
  Check,
  CircleDot,
  CircleSlash,
  Clock,
  GitMerge,
  Layers,
  type LucideIcon,
  Pencil,
  PenLine,
  Scissors,
  Sparkles,
  Tag,
  Undo2,
  UserRound,
} from "lucide-react";
import { Avatar } from "@/ui/avatar";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { StageDial } from "@/ui/stage";
import { ChannelIcon } from "../feedback/channel-icon";
import type { Row } from "./timeline-fold";

const ofField: Record<string, LucideIcon> = {
  created: CircleDot,
  feedback: Layers,
  issue: Layers,
  merged: GitMerge,
  merged_into: GitMerge,
  split: Scissors,
  owner: UserRound,
  assignee: UserRound,
  tags: Tag,
  snoozed_until: Clock,
  accepted: Check,
  ignored: CircleSlash,
  spam: CircleSlash,
  new: Undo2,
};

/** The sign on the line of time: whose note it is, or what kind of change. */
export function RowGlyph({ row }: { row: Row }) {
  const e = row.entry;
  if (e.kind === "note") return <Avatar name={e.actor.name} small />;
  return (
    <span className="grid size-[18px] place-items-center text-fg-3">
      <Sign row={row} />
    </span>
  );
}

function Sign({ row }: { row: Row }) {
  const e = row.entry;
  if (e.kind === "arrived") return <ChannelIcon channel={e.channel ?? ""} />;
  if (e.kind === "read") return <Icon of={Sparkles} size={13} />;
  if (e.kind === "rule") return <Icon of={BookCheck} size={13} />;
  if (e.kind === "corrected") return <Icon of={PenLine} size={13} />;
  const field = e.kind === "decided" ? (row.part ?? Object.keys(e.outcome ?? {})[0] ?? "") : (e.field ?? "");
  if (field === "stage") return <StageDial stage={e.to ?? ""} />;
  if (field === "severity" && e.to) return <Glyph state={stateOfSeverity(e.to)} />;
  const sign = field === "state" ? ofField[String(e.outcome?.state)] : ofField[field];
  return <Icon of={sign ?? Pencil} size={13} />;
}
