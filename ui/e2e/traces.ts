import type { Api } from "./workspace";

/** The trace of the design: a payment that waited for a connection until the gateway gave up. */
export const traceId = "7f3c91ae04d27f3c91ae04d2aa55aa55";

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** Sends the trace, with what was logged in it, as OTLP in JSON; once for all files. */
export async function shopTrace(by: Api): Promise<string> {
  const { items } = await by.get<{ items: unknown[] }>(`/spans?trace=${traceId}`);
  if (items.length > 0) return traceId;
  const begin = Date.now() - 60_000;
  const nano = (ms: number) => `${begin + ms}000000`;
  const span = (
    id: string,
    parent: string,
    name: string,
    [from, took]: [number, number],
    more: Record<string, unknown> = {},
  ) => ({
    traceId,
    spanId: id.repeat(16),
    parentSpanId: parent.repeat(16),
    name,
    kind: 1,
    startTimeUnixNano: nano(from),
    endTimeUnixNano: nano(from + took),
    ...more,
  });
  const exception = {
    timeUnixNano: nano(7950),
    name: "exception",
    attributes: [
      text("exception.type", "DeadlineExceeded"),
      text("exception.message", "8 s are over"),
      text("exception.stacktrace", "at charge (processor.js:41)\nat pay (processor.js:12)"),
    ],
  };
  const of = (service: string, spans: unknown[]) => ({
    resource: { attributes: [text("service.name", service), text("service.version", "3.0.4")] },
    scopeSpans: [{ spans }],
  });
  await by.post("/otlp/v1/traces", {
    resourceSpans: [
      of("shop-edge", [
        span("1", "", "POST /checkout/pay", [0, 8004], {
          kind: 2,
          status: { code: 2, message: "answered 504" },
          attributes: [
            text("http.request.method", "POST"),
            text("http.route", "/checkout/pay"),
            text("user.id", "priya"),
            { key: "http.response.status_code", value: { intValue: "504" } },
          ],
        }),
        span("6", "1", "timeout at 8,000, reply 504", [8000, 4]),
      ]),
      of("checkout", [
        span("2", "1", "authorise order 88-20431", [2, 7981]),
        span("3", "2", "pool.acquire card-processor", [10, 7402]),
        span("4", "2", "tls handshake", [7412, 318]),
      ]),
      of("processor", [
        span("5", "2", "POST /v2/charges", [7735, 214], {
          kind: 3,
          status: { code: 2 },
          events: [exception],
        }),
      ]),
    ],
  });
  await by.post("/otlp/v1/logs", {
    resourceLogs: [
      {
        resource: { attributes: [text("service.name", "checkout")] },
        scopeLogs: [
          {
            logRecords: [
              {
                traceId,
                timeUnixNano: nano(2000),
                severityNumber: 13,
                body: { stringValue: "no free connection to card-processor, 41 wait" },
              },
              {
                traceId,
                timeUnixNano: nano(7950),
                severityNumber: 17,
                body: { stringValue: "charge was not answered" },
              },
            ],
          },
        ],
      },
    ],
  });
  return traceId;
}
