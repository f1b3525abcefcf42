import type { Plan, PlanQuota, QuotaUsage } from "@/api/types";

type Rate = Plan["limits"][number];

/** The rates out of "100/s, 5000/h burst 200"; nothing where it can't be read. */
export function readRates(text: string): Rate[] | undefined {
  if (!text.trim()) return [];
  const rates: Rate[] = [];
  for (const part of text.split(",")) {
    const m = /^\s*(\d+\s*\/\s*\w+)(?:\s+burst\s+(\d+))?\s*$/i.exec(part);
    if (!m?.[1]) return undefined;
    rates.push({ rate: m[1].replace(/\s/g, ""), ...(m[2] ? { burst: Number(m[2]) } : {}) });
  }
  return rates;
}

export const showRate = (r: Rate): string => (r.burst ? `${r.rate} burst ${r.burst}` : r.rate);

/** The quotas of a plan, out of what stands in the fields; an empty count is no quota. */
export function readQuotas(fields: Record<PlanQuota["per"], { count: string; zone: string }>): PlanQuota[] {
  return (["day", "month"] as const).flatMap((per) => {
    const { count, zone } = fields[per];
    return count.trim() ? [{ per, count: Number(count), zone: zone.trim() || undefined }] : [];
  });
}

/** A quota as it stands: of how many, when it is known, and until when, once something was used. */
export interface Standing {
  /** The name that the gateway counts it by. */
  quota: string;
  subject: string;
  /** Of the plan: per day or month. */
  per?: PlanQuota["per"];
  most?: number;
  used: number;
  ends?: string;
}

/** What the gateway names the quotas of a plan, whichever plan it is. */
const ofPlan = (per: PlanQuota["per"]) => `plan-${per}`;

/** The quotas of the plan first, used or not; then those of documents. */
export function standings(plan: Plan | undefined, usage: QuotaUsage[]): Standing[] {
  const rest = new Set(usage);
  const own = (plan?.quotas ?? []).map((q): Standing => {
    const quota = ofPlan(q.per);
    // One whose time zone was changed has two calendars for a while; the later one is counted by.
    const found = usage
      .filter((u) => u.quota === quota && u.subject === "application")
      .sort((a, b) => b.starts_at.localeCompare(a.starts_at));
    for (const u of found) rest.delete(u);
    const now = found[0];
    return {
      quota,
      subject: "application",
      per: q.per,
      most: q.count,
      used: now?.used ?? 0,
      ends: now?.ends_at,
    };
  });
  const others = [...rest].map((u): Standing => ({ ...u, ends: u.ends_at }));
  return [...own, ...others];
}
