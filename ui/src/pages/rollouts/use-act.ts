import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type RolloutVerb, rolloutApi } from "@/api/rollouts";
import type { Rollout } from "@/api/types";
import { toasts } from "@/app/toasts";
import type { MessageKey } from "@/i18n";
import { t } from "@/i18n";

const said: Record<RolloutVerb, MessageKey> = {
  pause: "toast.rolloutPaused",
  resume: "toast.rolloutResumed",
  advance: "toast.rolloutAdvanced",
  promote: "toast.rolloutPromoted",
  abort: "toast.rolloutBack",
};

/** Everything that shows a rollout, or what it ends in. */
export const afterRollout = ["rollouts", "rollout", "gateway-state", "gateway-outline", "publications"];

/** Does one of the verbs with a rollout. */
export function useAct(r: Rollout, done?: () => void) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, reason }: { verb: RolloutVerb; reason?: string }) =>
      rolloutApi.act(r.id, verb, reason),
    onSuccess: (_, { verb }) => {
      toasts.show(t(said[verb], { name: verb === "abort" ? (r.stable ?? "") : r.canary }));
      done?.();
    },
    onSettled: () => Promise.all(afterRollout.map((key) => cache.invalidateQueries({ queryKey: [key] }))),
  });
}
