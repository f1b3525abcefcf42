import {
  AtSign,
  Bell,
  Braces,
  FileSpreadsheet,
  type LucideIcon,
  Mail,
  MessageSquare,
  MonitorSmartphone,
  Smartphone,
  Star,
} from "lucide-react";
import { word } from "@/i18n";
import { Icon } from "@/ui/icon";

const drawings: [RegExp, LucideIcon][] = [
  [/widget|web(?!hook)/, MonitorSmartphone],
  [/app|mobile|ios|android/, Smartphone],
  [/mail/, Mail],
  [/review|store/, Star],
  [/chat|portal|survey|slack|note/, MessageSquare],
  [/import|csv|file/, FileSpreadsheet],
  [/sentry|alert|otlp|grafana|pager/, Bell],
  [/api|hook|events|access/, Braces],
];

/** The glyph of the way something came in, with its name as tooltip. */
export function ChannelIcon({ channel, size = 13 }: { channel: string; size?: number }) {
  const drawing = drawings.find(([re]) => re.test(channel.toLowerCase()))?.[1] ?? AtSign;
  return (
    <span title={word("channel", channel)} className="inline-flex text-fg-3">
      <Icon of={drawing} size={size} />
      <span className="sr-only">{word("channel", channel)}</span>
    </span>
  );
}
