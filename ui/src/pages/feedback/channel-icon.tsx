import {
  AtSign,
  Bell,
  Braces,
  Bug,
  FileSpreadsheet,
  Hash,
  type LucideIcon,
  Mail,
  MessageSquare,
  MonitorSmartphone,
  NotebookPen,
  Smartphone,
  Star,
  Waypoints,
  Webhook,
} from "lucide-react";
import { word } from "@/i18n";
import { Icon } from "@/ui/icon";

const drawings: [RegExp, LucideIcon][] = [
  [/alert|grafana|pagerduty/, Bell],
  [/webhook|cloudevents/, Webhook],
  [/widget|web/, MonitorSmartphone],
  [/slack/, Hash],
  [/^note$/, NotebookPen],
  [/sentry/, Bug],
  [/otlp|access/, Waypoints],
  [/app|mobile|ios|android/, Smartphone],
  [/mail/, Mail],
  [/review|store/, Star],
  [/chat|portal|survey/, MessageSquare],
  [/import|csv|file/, FileSpreadsheet],
  [/api/, Braces],
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
