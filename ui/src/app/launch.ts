import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useMatch, useParams } from "@tanstack/react-router";
import { launchesQuery, launchQuery } from "@/api/launches";
import { meQuery } from "@/api/session";
import type { Launch, Me } from "@/api/types";
import { usePrefs } from "./use-prefs";

/** The launch of the URL. Only for pages under /launches/$launchId, which loads it first. */
export function useLaunch(): Launch {
  const { launchId } = useParams({ from: "/app/launches/$launchId" });
  return useSuspenseQuery(launchQuery(launchId)).data;
}

/** The launch that navigation points at: of the URL, else the one last looked at, else the first. */
export function useNavLaunch(): { launch: Launch | undefined; launches: Launch[] } {
  const match = useMatch({ from: "/app/launches/$launchId", shouldThrow: false });
  const last = usePrefs().lastLaunch;
  const { data: launches = [] } = useQuery(launchesQuery);
  const here = match?.params.launchId;
  const one = useQuery({ ...launchQuery(here ?? ""), enabled: here !== undefined }).data;
  return { launch: one ?? launches.find((l) => l.id === last) ?? launches[0], launches };
}

/** Who is signed in. Only behind the sign-in. */
export function useMe(): Me {
  const { data } = useSuspenseQuery(meQuery);
  if (!data) throw new Error("page behind the sign-in was shown to nobody");
  return data;
}
