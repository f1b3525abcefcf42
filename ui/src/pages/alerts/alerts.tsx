import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { alertCountQuery } from "@/api/alerts";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { alertTabs } from "@/app/search";
import { t, word } from "@/i18n";
import { cx } from "@/ui/cx";
import { AlertList, OpenAlert } from "./alert-list";
import { GroupEditor } from "./group-editor";
import { Outside } from "./outside";
import { OutsideDrawer } from "./outside-drawer";
import { newGroup, RuleGroups } from "./rule-groups";

const route = getRouteApi("/app/gateway/alerts");

/** What rules over the metrics found, what they found before, and the rules themselves. */
export default function Alerts() {
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const { tab = "active", alert, group } = search;
  const counts = useQuery(alertCountQuery).data;
  const mayChange = useMe().permissions.includes("manage_launch");
  const past = tab === "history";
  useActions([
    {
      id: "alerts.newGroup",
      keys: ["n"],
      scope: "list",
      label: t("action.newRules"),
      hint: t("hint.newApplication"),
      icon: Plus,
      when: () => mayChange && !group,
      run: () => void navigate({ search: { tab: "rules", group: newGroup } }),
    },
  ]);
  return (
    <Page
      title={t("nav.alerts")}
      note={counts ? t("alerts.note", { firing: counts.firing, pending: counts.pending }) : null}
      actions={
        tab === "rules" && !group && mayChange ? (
          <ActionButton action="alerts.newGroup">{t("groups.new")}</ActionButton>
        ) : null
      }
      drawer={
        tab === "outside" && alert ? (
          <OutsideDrawer
            key={alert}
            id={alert}
            onClose={() => void navigate({ search: { ...search, alert: undefined }, replace: true })}
          />
        ) : tab !== "rules" && alert ? (
          <OpenAlert
            past={past}
            id={alert}
            onClose={() => void navigate({ search: { ...search, alert: undefined }, replace: true })}
          />
        ) : null
      }
    >
      <nav aria-label={t("alerts.parts")} className="flex gap-4 overflow-x-auto border-line border-b">
        {alertTabs.map((one) => (
          <Link
            key={one}
            to="/gateway/alerts"
            search={{ tab: one === "active" ? undefined : one }}
            aria-current={one === tab ? "true" : undefined}
            className={cx(
              "-mb-px flex h-8 flex-none items-center border-b-2 text-row font-medium whitespace-nowrap pointer-coarse:h-10",
              one === tab ? "border-fg text-fg" : "border-transparent text-fg-3 hover:text-fg-2",
            )}
          >
            {word("alertTab", one)}
          </Link>
        ))}
      </nav>
      {tab === "rules" && group ? <GroupEditor name={group} mayChange={mayChange} /> : null}
      {tab === "rules" && !group ? <RuleGroups mayChange={mayChange} /> : null}
      {tab === "outside" ? <Outside search={search} /> : null}
      {tab === "active" || past ? <AlertList past={past} search={search} /> : null}
    </Page>
  );
}
