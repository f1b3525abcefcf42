import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { arrivedKey, changedKey, issuesArrivedKey } from "./cache";
import { movedRows } from "./moved";

export type LiveList = "feedback-list" | "issue-list";

export interface News {
  /** How many came since the list was read. */
  arrived: number;
  /** More of it changed than could be put in place. */
  changed: boolean;
}

const arrivals = (list: LiveList, launch: string) =>
  list === "feedback-list" ? arrivedKey(launch) : issuesArrivedKey(launch);

/** What waits behind a list until its reader asks for it; nothing moves before. */
export function useNews(list: LiveList, launch: string): News {
  const arrived = useQuery<number>({
    queryKey: [...arrivals(list, launch)],
    queryFn: () => 0,
    enabled: false,
    initialData: 0,
  }).data;
  const changed = useQuery<boolean>({
    queryKey: [...changedKey(list, launch)],
    queryFn: () => false,
    enabled: false,
    initialData: false,
  }).data;
  return { arrived, changed };
}

/** Whatever was read just now is no news any more: call it with whether the list is being read. */
export function useNewsRead(list: LiveList, launch: string, reading: boolean): void {
  const cache = useQueryClient();
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !reading) {
      cache.setQueryData([...arrivals(list, launch)], 0);
      cache.setQueryData([...changedKey(list, launch)], false);
      movedRows.clear();
    }
    was.current = reading;
  }, [cache, list, launch, reading]);
}
