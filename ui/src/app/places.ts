import {
  AppWindow,
  BellRing,
  BookCheck,
  Braces,
  Bug,
  Building2,
  Cable,
  CircleUser,
  ContactRound,
  Contrast,
  EyeOff,
  Inbox,
  Keyboard,
  KeyRound,
  type LucideIcon,
  PackageOpen,
  Radar,
  ScrollText,
  Settings,
  Sigma,
  Split,
  SquareKanban,
  SquareStack,
  Target,
  Upload,
  Users,
  Waypoints,
} from "lucide-react";
import type { MessageKey } from "@/i18n";

/** The places in the order of the navigation; `keys` goes there from everywhere. */
export interface Place {
  id: string;
  /** Those under /gateway and the people are of the workspace, the others of a launch. */
  to:
    | "/gateway/calls"
    | "/gateway/routes"
    | "/gateway/rollouts"
    | "/gateway/apis"
    | "/gateway/applications"
    | "/gateway/alerts"
    | "/people"
    | "/launches/$launchId"
    | "/launches/$launchId/feedback"
    | "/launches/$launchId/issues"
    | "/launches/$launchId/board"
    | "/launches/$launchId/channels"
    | "/launches/$launchId/errors"
    | "/launches/$launchId/deliveries"
    | "/launches/$launchId/imports"
    | "/launches/$launchId/rules"
    | "/launches/$launchId/decisions"
    | "/launches/$launchId/settings";
  label: MessageKey;
  /** A word for where there is no room. */
  short?: MessageKey;
  icon: LucideIcon;
  keys: string;
  count?: "to_triage" | "issues_open";
  /** Every other place lies below it: it is here only when none of them is. */
  exact?: boolean;
  /** A line above it in the navigation. */
  group?: MessageKey;
}

export const places: Place[] = [
  {
    id: "centre",
    to: "/launches/$launchId",
    label: "nav.centre",
    short: "nav.centreShort",
    icon: Radar,
    keys: "g c",
    exact: true,
  },
  {
    id: "inbox",
    to: "/launches/$launchId/feedback",
    label: "nav.inbox",
    icon: Inbox,
    keys: "g i",
    count: "to_triage",
  },
  {
    id: "issues",
    to: "/launches/$launchId/issues",
    label: "nav.issues",
    icon: Target,
    keys: "g s",
    count: "issues_open",
  },
  { id: "board", to: "/launches/$launchId/board", label: "nav.board", icon: SquareKanban, keys: "g b" },
  { id: "errors", to: "/launches/$launchId/errors", label: "nav.errors", icon: Bug, keys: "g x" },
  { id: "people", to: "/people", label: "nav.people", icon: ContactRound, keys: "g y" },
  {
    id: "calls",
    to: "/gateway/calls",
    label: "nav.calls",
    icon: ScrollText,
    keys: "g t",
    group: "nav.gateway",
  },
  { id: "routes", to: "/gateway/routes", label: "nav.routes", icon: Waypoints, keys: "g r" },
  { id: "rollouts", to: "/gateway/rollouts", label: "nav.rollouts", icon: Split, keys: "g o" },
  { id: "apis", to: "/gateway/apis", label: "nav.apis", icon: Braces, keys: "g a" },
  {
    id: "applications",
    to: "/gateway/applications",
    label: "nav.applications",
    icon: AppWindow,
    keys: "g p",
  },
  { id: "alerts", to: "/gateway/alerts", label: "nav.alerts", icon: BellRing, keys: "g w" },
  {
    id: "channels",
    to: "/launches/$launchId/channels",
    label: "nav.channels",
    icon: Cable,
    keys: "g h",
    group: "nav.intake",
  },
  { id: "imports", to: "/launches/$launchId/imports", label: "nav.imports", icon: Upload, keys: "g m" },
  {
    id: "deliveries",
    to: "/launches/$launchId/deliveries",
    label: "nav.deliveries",
    icon: PackageOpen,
    keys: "g d",
  },
  {
    id: "rules",
    to: "/launches/$launchId/rules",
    label: "nav.rules",
    icon: BookCheck,
    keys: "g u",
    group: "nav.engine",
  },
  { id: "decisions", to: "/launches/$launchId/decisions", label: "nav.decisions", icon: Sigma, keys: "g e" },
  {
    id: "launch",
    to: "/launches/$launchId/settings",
    label: "nav.launch",
    icon: SquareStack,
    keys: "g l",
    group: "nav.setup",
  },
];

/** Whether a place is there without any launch. */
export const ofWorkspace = (p: Place): boolean => p.to.startsWith("/gateway/") || p.to === "/people";

export const settingsIcon = Settings;

/** The pages of the settings: one's own first, then what is of the workspace. */
export interface SettingsPlace {
  id: "profile" | "appearance" | "shortcuts" | "workspace" | "members" | "tokens" | "privacy" | "audit";
  icon: LucideIcon;
  group: MessageKey;
  /** The permission without which the server shows nothing of it. */
  needs?: "manage_members";
}

export const settingsPlaces: SettingsPlace[] = [
  { id: "profile", icon: CircleUser, group: "settings.you" },
  { id: "appearance", icon: Contrast, group: "settings.you" },
  { id: "shortcuts", icon: Keyboard, group: "settings.you" },
  { id: "workspace", icon: Building2, group: "settings.all" },
  { id: "members", icon: Users, group: "settings.all" },
  { id: "tokens", icon: KeyRound, group: "settings.all", needs: "manage_members" },
  { id: "privacy", icon: EyeOff, group: "settings.all" },
  { id: "audit", icon: ScrollText, group: "settings.all", needs: "manage_members" },
];

/** Those that somebody with these permissions can use. */
export const settingsFor = (permissions: readonly string[]): SettingsPlace[] =>
  settingsPlaces.filter((p) => !p.needs || permissions.includes(p.needs));
