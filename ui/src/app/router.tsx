import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { feedbackQuery } from "@/api/feedback";
import { issueQuery } from "@/api/issues";
import { launchesQuery, launchQuery } from "@/api/launches";
import { meQuery, setupQuery } from "@/api/session";
import { viewQuery } from "@/api/views";
import { loadArea } from "@/i18n";
import { pathOf, searchOf } from "@/pages/shared/views";
import { pageCode } from "./page-code";
import { prefs } from "./prefs";
import { NotFound, RouteFailure, RouteWait } from "./route-states";
import {
  alertsSearch,
  apisSearch,
  applicationsSearch,
  boardSearch,
  callsSearch,
  centreSearch,
  channelsSearch,
  decisionSearch,
  deliverySearch,
  errorsSearch,
  feedbackSearch,
  issuePageSearch,
  issueSearch,
  parseSearch,
  peopleSearch,
  rolloutsSearch,
  routesSearch,
  stringifySearch,
  text,
  tidy,
} from "./search";
import { Shell } from "./shell";

interface Context {
  cache: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound });

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (raw): { token?: string } => tidy({ token: text(raw.token) }),
  component: pageCode(() => import("@/pages/setup")),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (raw): { next?: string } => tidy({ next: text(raw.next) }),
  beforeLoad: async ({ context }) => {
    if (await context.cache.ensureQueryData(meQuery)) throw redirect({ to: "/" });
    if ((await context.cache.ensureQueryData(setupQuery)).needed) throw redirect({ to: "/setup" });
  },
  component: pageCode(() => import("@/pages/sign-in")),
});

/** A page with the words of an area that is loaded with it. */
function withWords<T>(area: Parameters<typeof loadArea>[0], load: () => Promise<T>): () => Promise<T> {
  return async () => (await Promise.all([load(), loadArea(area)]))[0];
}

/** Everything behind the sign-in. */
const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    const me = await context.cache.ensureQueryData(meQuery);
    if (!me) throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { next: location.href } });
    return { me };
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => app,
  path: "/",
  validateSearch: centreSearch,
  beforeLoad: async ({ context, search }) => {
    const launches = await context.cache.ensureQueryData(launchesQuery);
    const last = launches.find((l) => l.id === prefs.get().lastLaunch) ?? launches[0];
    if (!last) throw redirect({ to: "/launches/new" });
    throw redirect({ to: "/launches/$launchId", params: { launchId: last.id }, search });
  },
});

const newLaunch = createRoute({
  getParentRoute: () => app,
  path: "/launches/new",
  component: pageCode(() => import("@/pages/launch/new-launch")),
});

const launch = createRoute({
  getParentRoute: () => app,
  path: "/launches/$launchId",
  loader: async ({ context, params }) => {
    await context.cache.ensureQueryData(launchQuery(params.launchId));
    prefs.set({ lastLaunch: params.launchId });
  },
  component: Outlet,
});

const launchHome = createRoute({
  getParentRoute: () => launch,
  path: "/",
  validateSearch: centreSearch,
  component: pageCode(() => import("@/pages/centre/centre")),
});

const send = createRoute({
  getParentRoute: () => launch,
  path: "/send",
  component: pageCode(() => import("@/pages/launch/send")),
});

const feedback = createRoute({
  getParentRoute: () => launch,
  path: "/feedback",
  validateSearch: feedbackSearch,
  staticData: { compactNav: true },
  component: pageCode(() => import("@/pages/feedback/inbox")),
});

const issues = createRoute({
  getParentRoute: () => launch,
  path: "/issues",
  validateSearch: issueSearch,
  component: pageCode(() => import("@/pages/issues/issue-list")),
});

const issue = createRoute({
  getParentRoute: () => launch,
  path: "/issues/$issueId",
  validateSearch: issuePageSearch,
  staticData: { compactNav: true },
  component: pageCode(() => import("@/pages/issue/issue-page")),
});

const board = createRoute({
  getParentRoute: () => launch,
  path: "/board",
  validateSearch: boardSearch,
  staticData: { compactNav: true },
  component: pageCode(() => import("@/pages/board/board")),
});

const imports = createRoute({
  getParentRoute: () => launch,
  path: "/imports",
  component: pageCode(() => import("@/pages/imports/imports")),
});

const oneImport = createRoute({
  getParentRoute: () => launch,
  path: "/imports/$importId",
  component: pageCode(() => import("@/pages/imports/import-page")),
});

const channels = createRoute({
  getParentRoute: () => launch,
  path: "/channels",
  validateSearch: channelsSearch,
  component: pageCode(withWords("channels", () => import("@/pages/channels/channels"))),
});

const errors = createRoute({
  getParentRoute: () => launch,
  path: "/errors",
  validateSearch: errorsSearch,
  component: pageCode(withWords("errors", () => import("@/pages/errors/errors"))),
});

const deliveries = createRoute({
  getParentRoute: () => launch,
  path: "/deliveries",
  validateSearch: deliverySearch,
  component: pageCode(() => import("@/pages/deliveries/deliveries")),
});

const rules = createRoute({
  getParentRoute: () => launch,
  path: "/rules",
  component: pageCode(() => import("@/pages/rules/rules")),
});

const decisions = createRoute({
  getParentRoute: () => launch,
  path: "/decisions",
  validateSearch: decisionSearch,
  component: pageCode(() => import("@/pages/decisions/decisions")),
});

const launchSettings = createRoute({
  getParentRoute: () => launch,
  path: "/settings",
  component: pageCode(() => import("@/pages/launch/launch-settings")),
});

/** A page of the gateway, with the words of its area. */
const traffic = <T,>(load: () => Promise<T>) => withWords("gateway", load);

const calls = createRoute({
  getParentRoute: () => app,
  path: "/gateway/calls",
  validateSearch: callsSearch,
  component: pageCode(traffic(() => import("@/pages/calls/calls"))),
});

const trace = createRoute({
  getParentRoute: () => app,
  path: "/gateway/traces/$traceId",
  validateSearch: (raw): { span?: string } => tidy({ span: text(raw.span) }),
  component: pageCode(
    traffic(async () => (await Promise.all([import("@/pages/trace/trace-page"), loadArea("traces")]))[0]),
  ),
});

const routes = createRoute({
  getParentRoute: () => app,
  path: "/gateway/routes",
  validateSearch: routesSearch,
  component: pageCode(traffic(() => import("@/pages/routes/routes"))),
});

const apis = createRoute({
  getParentRoute: () => app,
  path: "/gateway/apis",
  validateSearch: apisSearch,
  component: pageCode(traffic(() => import("@/pages/apis/apis"))),
});

const editApis = createRoute({
  getParentRoute: () => app,
  path: "/gateway/apis/edit",
  validateSearch: (raw): { from?: string } => tidy({ from: text(raw.from) }),
  component: pageCode(traffic(() => import("@/pages/apis/edit"))),
});

const rollouts = createRoute({
  getParentRoute: () => app,
  path: "/gateway/rollouts",
  validateSearch: rolloutsSearch,
  component: pageCode(traffic(() => import("@/pages/rollouts/rollouts"))),
});

const applications = createRoute({
  getParentRoute: () => app,
  path: "/gateway/applications",
  validateSearch: applicationsSearch,
  component: pageCode(traffic(() => import("@/pages/applications/applications"))),
});

const alerts = createRoute({
  getParentRoute: () => app,
  path: "/gateway/alerts",
  validateSearch: alertsSearch,
  component: pageCode(traffic(() => import("@/pages/alerts/alerts"))),
});

const people = createRoute({
  getParentRoute: () => app,
  path: "/people",
  validateSearch: peopleSearch,
  component: pageCode(withWords("people", () => import("@/pages/people/people"))),
});

const person = createRoute({
  getParentRoute: () => app,
  path: "/people/$personId",
  component: pageCode(withWords("people", () => import("@/pages/person/person"))),
});

/** HC-12 and the id of a feedback resolve from everywhere to where they live. */
const issueLink = createRoute({
  getParentRoute: () => app,
  path: "/issues/$issueId",
  beforeLoad: async ({ context, params }) => {
    const found = await context.cache.fetchQuery(issueQuery(params.issueId));
    throw redirect({
      to: "/launches/$launchId/issues/$issueId",
      params: { launchId: found.launch_id, issueId: found.key },
      replace: true,
    });
  },
});

const feedbackLink = createRoute({
  getParentRoute: () => app,
  path: "/feedback/$feedbackId",
  beforeLoad: async ({ context, params }) => {
    const found = await context.cache.fetchQuery(feedbackQuery(params.feedbackId));
    throw redirect({
      to: "/launches/$launchId/feedback",
      params: { launchId: found.launch_id },
      search: { tab: "all", item: found.id },
      replace: true,
    });
  },
});

/** A shared view's own address leads to the list that it names. */
const viewLink = createRoute({
  getParentRoute: () => app,
  path: "/views/$viewId",
  beforeLoad: async ({ context, params }) => {
    const view = await context.cache.fetchQuery(viewQuery(params.viewId));
    throw redirect({ href: pathOf(view) + stringifySearch(searchOf(view)), replace: true });
  },
});

const settings = createRoute({
  getParentRoute: () => app,
  path: "/settings",
  component: pageCode(() => import("@/pages/settings/settings")),
});
const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/settings/profile" });
  },
});
const profile = createRoute({
  getParentRoute: () => settings,
  path: "/profile",
  component: pageCode(() => import("@/pages/settings/profile")),
});
const shortcuts = createRoute({
  getParentRoute: () => settings,
  path: "/shortcuts",
  component: pageCode(() => import("@/pages/settings/shortcuts")),
});
const workspace = createRoute({
  getParentRoute: () => settings,
  path: "/workspace",
  component: pageCode(() => import("@/pages/settings/workspace")),
});
const members = createRoute({
  getParentRoute: () => settings,
  path: "/members",
  component: pageCode(() => import("@/pages/settings/members")),
});
const tokens = createRoute({
  getParentRoute: () => settings,
  path: "/tokens",
  component: pageCode(() => import("@/pages/settings/tokens")),
});
const appearance = createRoute({
  getParentRoute: () => settings,
  path: "/appearance",
  component: pageCode(() => import("@/pages/settings/appearance")),
});
const privacy = createRoute({
  getParentRoute: () => settings,
  path: "/privacy",
  component: pageCode(
    async () => (await Promise.all([import("@/pages/settings/privacy"), loadArea("privacy")]))[0],
  ),
});
const audit = createRoute({
  getParentRoute: () => settings,
  path: "/audit",
  component: pageCode(() => import("@/pages/settings/audit")),
});

const tree = root.addChildren([
  setup,
  signIn,
  app.addChildren([
    home,
    newLaunch,
    launch.addChildren([
      launchHome,
      send,
      feedback,
      issues,
      issue,
      board,
      imports,
      oneImport,
      channels,
      errors,
      deliveries,
      rules,
      decisions,
      launchSettings,
    ]),
    calls,
    trace,
    routes,
    apis,
    editApis,
    rollouts,
    applications,
    alerts,
    people,
    person,
    issueLink,
    feedbackLink,
    viewLink,
    settings.addChildren([
      settingsHome,
      profile,
      appearance,
      shortcuts,
      workspace,
      members,
      tokens,
      privacy,
      audit,
    ]),
  ]),
]);

export function makeRouter(cache: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { cache },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 200,
    defaultErrorComponent: RouteFailure,
    defaultNotFoundComponent: NotFound,
    defaultPendingComponent: RouteWait,
    scrollRestoration: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
  interface StaticDataRouteOption {
    /** The page brings its own columns, so the navigation shrinks to the rail. */
    compactNav?: boolean;
  }
}
