import { infiniteQueryOptions, type QueryKey } from "@tanstack/react-query";
import { ask, client } from "./client";

/** What a timeline and its notes are about. */
export interface Subject {
  kind: "feedback" | "issue";
  id: string;
}

export const timelineShows = ["all", "notes", "changes"] as const;
export type TimelineShow = (typeof timelineShows)[number];

/** What of a timeline is shown, as it stands in the URL; absent: all. */
export type TimelineSearch = { timeline?: TimelineShow };

const pageSize = 100;

/** Key of every timeline of a subject, whatever it shows. */
export const timelineKey = (of: Subject): QueryKey => ["timeline", of.kind, of.id];

/** What happened to a feedback or an issue, newest first. */
export const timelineQuery = (of: Subject, show: TimelineShow) =>
  infiniteQueryOptions({
    queryKey: [...timelineKey(of), show],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => {
      const params = {
        path: { id: of.id },
        query: { show, limit: pageSize, cursor: pageParam || undefined },
      };
      return ask(
        of.kind === "feedback"
          ? client.GET("/feedback/{id}/timeline", { params, signal })
          : client.GET("/issues/{id}/timeline", { params, signal }),
      );
    },
    getNextPageParam: (page) => page.next_cursor || undefined,
    placeholderData: (before) => before,
  });

/** Notes that call on me, newest first; each page says how many of all are unread. */
export const mentionsQuery = infiniteQueryOptions({
  queryKey: ["mentions"],
  initialPageParam: "",
  queryFn: ({ pageParam, signal }) =>
    ask(
      client.GET("/me/mentions", {
        params: { query: { limit: 30, cursor: pageParam || undefined } },
        signal,
      }),
    ),
  getNextPageParam: (page) => page.next_cursor || undefined,
});

export const noteApi = {
  add: (on: Subject, text: string, mentions: string[]) => {
    const options = { params: { path: { id: on.id } }, body: { text, mentions } };
    return ask(
      on.kind === "feedback"
        ? client.POST("/feedback/{id}/notes", options)
        : client.POST("/issues/{id}/notes", options),
    );
  },
  edit: (id: string, text: string, mentions: string[]) =>
    ask(client.PATCH("/notes/{id}", { params: { path: { id } }, body: { text, mentions } })),
  remove: (id: string) => ask(client.DELETE("/notes/{id}", { params: { path: { id } } })),
  readMentions: (ids?: string[]) =>
    ask(client.POST("/me/mentions/read", { body: ids ? { ids } : { all: true } })),
};
