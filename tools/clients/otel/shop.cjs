// A shop that knows nothing of hypercare: it is started with OpenTelemetry's
// own auto-instrumentation, whose exporters are told where to send by the
// usual variables. It serves one payment that fails, pays once, and ends.
const http = require("node:http");
const { trace, SpanStatusCode } = require("@opentelemetry/api");
const { logs, SeverityNumber } = require("@opentelemetry/api-logs");

const tracer = trace.getTracer("shop");
const log = logs.getLogger("shop");

async function pay() {
  const span = trace.getActiveSpan();
  span.setAttribute("user.id", "u-otel");
  span.setAttribute("session.id", "s-otel");
  log.emit({ severityNumber: SeverityNumber.WARN, severityText: "WARN", body: "no free connection, 41 wait" });
  await tracer.startActiveSpan("pool.acquire card-processor", async (inner) => {
    await new Promise((done) => setTimeout(done, 120));
    inner.recordException(new TypeError("no connection within 8000 ms"));
    inner.setStatus({ code: SpanStatusCode.ERROR });
    inner.end();
  });
}

const server = http.createServer(async (q, s) => {
  await pay();
  s.statusCode = 504;
  s.end("late");
});
server.listen(0, "127.0.0.1", () => {
  http.get({ port: server.address().port, path: "/checkout/pay?order=7" }, (answer) => {
    answer.resume();
    answer.on("end", () => server.close());
  });
});
