/** RFC 9457 body of every error the API answers. */
export interface Problem {
  status?: number;
  title?: string;
  detail?: string;
  code?: string;
  errors?: { location?: string; message?: string; value?: unknown }[] | null;
}

/** An answer that was not 2xx, or none at all (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly fields: { location: string; message: string }[];

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail || problem.title || `HTTP ${problem.status ?? 0}`, options);
    this.name = "ApiError";
    this.status = problem.status ?? 0;
    this.code = problem.code || (this.status ? String(this.status) : "offline");
    this.title = problem.title ?? "";
    this.detail = problem.detail ?? "";
    this.fields = (problem.errors ?? []).map((e) => ({
      location: e.location ?? "",
      message: e.message ?? "",
    }));
  }

  /** The message for one field of a form: the server names it "body.name". */
  field(name: string): string | undefined {
    return this.fields.find((f) => f.location === name || f.location.endsWith(`.${name}`))?.message;
  }
}

export const isStatus = (e: unknown, status: number): boolean => e instanceof ApiError && e.status === status;
