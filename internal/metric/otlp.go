package metric

import (
	"context"

	"github.com/prometheus/prometheus/config"
	otlptranslator "github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// WriteOTLP stores metrics as OTLP has them, named as Prometheus' own endpoint
// names them. What can't be stored is in the tally.
func (p Space) WriteOTLP(ctx context.Context, metrics pmetric.Metrics) (Tally, error) {
	cfg := config.DefaultOTLPConfig
	var bad error
	tally, err := p.Write(ctx, func(w *Writer) error {
		notes, err := otlptranslator.NewPrometheusConverter(w).FromMetrics(ctx, metrics, otlptranslator.Settings{
			AddMetricSuffixes:         cfg.TranslationStrategy.ShouldAddSuffixes(),
			AllowUTF8:                 !cfg.TranslationStrategy.ShouldEscape(),
			PromoteResourceAttributes: otlptranslator.NewPromoteResourceAttributes(cfg),
			LookbackDelta:             lookback,
		})
		_ = notes // names that fall together, empty lists: nothing was lost
		if ctx.Err() != nil {
			return ctx.Err()
		}
		bad = err // metrics that have no translation, such as deltas
		return nil
	})
	if err == nil && bad != nil {
		list := flatten(bad)
		tally.Refused += len(list)
		if tally.First == "" {
			tally.First = list[0].Error()
		}
		p.store.series.of(p.ws).refused.Add(uint64(len(list)))
	}
	return tally, err
}

// flatten lists the errors that were joined.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // only what errors.Join itself made
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, flatten(e)...)
		}
		return out
	}
	return []error{err}
}
