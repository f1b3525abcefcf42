package otlp

import (
	"net/http"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// takeMetrics takes metrics. What can't be stored is told as a partial
// success, which says: don't send again.
func (s *Service) takeMetrics(w http.ResponseWriter, r *http.Request) {
	req := pmetricotlp.NewExportRequest()
	s.exchange(w, r, req, func(r *http.Request, f *sender) (answer, error) {
		tally, err := s.metrics.In(f.ws).WriteOTLP(r.Context(), req.Metrics())
		if err != nil {
			return nil, err
		}
		why := ""
		res := pmetricotlp.NewExportResponse()
		if tally.Lost() > 0 {
			why = tally.Error()
			res.PartialSuccess().SetRejectedDataPoints(int64(tally.Lost()))
			res.PartialSuccess().SetErrorMessage(why)
		}
		s.arrived(f, tally.Stored, why)
		return res, nil
	})
}
