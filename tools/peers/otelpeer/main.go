// Otelpeer sends one trace with OpenTelemetry's own SDK for Go, to where the
// usual variables say, and prints the trace's id.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "otelpeer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return err
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	tracer := provider.Tracer("shop")
	ctx, root := tracer.Start(ctx, "GET /stock", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("user.id", "u-go"), attribute.String("http.route", "/stock")))
	_, query := tracer.Start(ctx, "SELECT stock", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("db.system.name", "postgresql")))
	time.Sleep(20 * time.Millisecond)
	query.RecordError(errors.New("deadlock detected"))
	query.SetStatus(codes.Error, "deadlock detected")
	query.End()
	root.End()
	fmt.Println(root.SpanContext().TraceID())
	return provider.Shutdown(context.Background())
}
