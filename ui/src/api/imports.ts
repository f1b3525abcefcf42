import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import { ApiError, type Problem } from "./error";
import type { Import, ImportMapping } from "./types";

/** States in which something still moves, so the page keeps asking beside the live stream. */
const moving = new Set(["queued", "running", "triaging", "undoing"]);

export const isMoving = (i: Import): boolean =>
  moving.has(i.state) || (i.state === "done" && i.progress.embedded < i.progress.accepted);

export const importsQuery = (launch: string) =>
  queryOptions({
    queryKey: ["imports", launch],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/launches/{id}/imports", { params: { path: { id: launch } }, signal }))).items,
    refetchInterval: (q) => (q.state.data?.some(isMoving) ? 3_000 : false),
  });

export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ["import", id],
    queryFn: ({ signal }) => ask(client.GET("/imports/{id}", { params: { path: { id } }, signal })),
    refetchInterval: (q) => (q.state.data && isMoving(q.state.data) ? 1_000 : false),
  });

/**
 * Sends a file. XMLHttpRequest, because fetch does not tell how much of a body has gone out, and 512 MB
 * without a moving bar looks like a hang.
 */
export function uploadImport(
  launch: string,
  file: File,
  onSent: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<Import> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", `/api/v1/launches/${encodeURIComponent(launch)}/imports`);
    xhr.responseType = "json";
    xhr.upload.onprogress = (e) => onSent(e.lengthComputable ? e.loaded / e.total : 0);
    xhr.onerror = () => reject(new ApiError({ status: 0, code: "offline" }));
    xhr.onabort = () => reject(new DOMException("upload stopped", "AbortError"));
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) resolve(xhr.response as Import);
      else reject(new ApiError({ ...((xhr.response as Problem | null) ?? {}), status: xhr.status }));
    };
    signal?.addEventListener("abort", () => xhr.abort(), { once: true });
    const form = new FormData();
    form.append("file", file);
    xhr.send(form);
  });
}

export const importApi = {
  preview: (id: string, mapping: ImportMapping, dryRun: boolean) =>
    ask(
      client.POST("/imports/{id}/preview", {
        params: { path: { id } },
        body: { mapping, dry_run: dryRun },
      }),
    ),
  start: (id: string, mapping: ImportMapping) =>
    ask(client.POST("/imports/{id}/start", { params: { path: { id } }, body: { mapping } })),
  undo: (id: string) => ask(client.POST("/imports/{id}/undo", { params: { path: { id } } })),
  cancel: (id: string) => ask(client.POST("/imports/{id}/cancel", { params: { path: { id } } })),
  errorsURL: (id: string) => `/api/v1/imports/${encodeURIComponent(id)}/errors`,
};
