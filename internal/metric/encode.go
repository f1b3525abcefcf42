package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// appendValue writes the result of a query as Prometheus' HTTP API has it
// (https://prometheus.io/docs/prometheus/latest/querying/api/).
func appendValue(b []byte, v parser.Value) ([]byte, error) {
	b = append(b, `{"resultType":"`...)
	b = append(b, v.Type()...)
	b = append(b, `","result":`...)
	switch v := v.(type) {
	case promql.Vector:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendMetric(append(b, '{'), s.Metric)
			if s.H != nil {
				b = appendHistogram(append(b, `,"histogram":`...), s.T, s.H)
			} else {
				b = appendPoint(append(b, `,"value":`...), s.T, s.F)
			}
			b = append(b, '}')
		}
		b = append(b, ']')
	case promql.Matrix:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendSeries(b, s)
		}
		b = append(b, ']')
	case promql.Scalar:
		b = appendPoint(b, v.T, v.V)
	case promql.String:
		b = appendTime(append(b, '['), v.T)
		b = append(b, ',')
		b = appendText(b, v.V)
		b = append(b, ']')
	default:
		return nil, fmt.Errorf("a result of type %s has no form in JSON", v.Type())
	}
	return append(b, '}'), nil
}

func appendSeries(b []byte, s promql.Series) []byte {
	b = appendMetric(append(b, '{'), s.Metric)
	if len(s.Floats) > 0 {
		b = append(b, `,"values":[`...)
		for k, p := range s.Floats {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendPoint(b, p.T, p.F)
		}
		b = append(b, ']')
	}
	if len(s.Histograms) > 0 {
		b = append(b, `,"histograms":[`...)
		for k, p := range s.Histograms {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendHistogram(b, p.T, p.H)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendMetric(b []byte, l labels.Labels) []byte {
	return appendLabels(append(b, `"metric":`...), l)
}

func appendLabels(b []byte, l labels.Labels) []byte {
	b = append(b, '{')
	first := true
	l.Range(func(one labels.Label) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendText(b, one.Name)
		b = appendText(append(b, ':'), one.Value)
	})
	return append(b, '}')
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			q, err := json.Marshal(s)
			if err != nil { // strings always have a form
				return append(b, `""`...)
			}
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendPoint(b []byte, t int64, v float64) []byte {
	b = appendTime(append(b, '['), t)
	b = appendFloat(append(b, ','), v)
	return append(b, ']')
}

// appendTime writes milliseconds as seconds.
func appendTime(b []byte, t int64) []byte {
	if t < 0 {
		b, t = append(b, '-'), -t
	}
	b = strconv.AppendInt(b, t/1000, 10)
	if ms := t % 1000; ms != 0 {
		b = append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return b
}

// appendFloat writes a number as a text, since JSON knows no infinity.
func appendFloat(b []byte, v float64) []byte {
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && !math.IsInf(v, 0) && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(append(b, '"'), v, format, -1, 64)
	return append(b, '"')
}

func appendHistogram(b []byte, t int64, h *histogram.FloatHistogram) []byte {
	b = appendTime(append(b, '['), t)
	b = appendFloat(append(b, `,{"count":`...), h.Count)
	b = appendFloat(append(b, `,"sum":`...), h.Sum)
	first := true
	for it := h.AllBucketIterator(); it.Next(); {
		k := it.At()
		if k.Count == 0 {
			continue
		}
		if first {
			b = append(b, `,"buckets":[`...)
		} else {
			b = append(b, ',')
		}
		first = false
		ends := byte('2') // open on both sides
		switch {
		case k.LowerInclusive && k.UpperInclusive:
			ends = '3'
		case k.LowerInclusive:
			ends = '1'
		case k.UpperInclusive:
			ends = '0'
		}
		b = append(b, '[', ends, ',')
		b = appendFloat(b, k.Lower)
		b = appendFloat(append(b, ','), k.Upper)
		b = appendFloat(append(b, ','), k.Count)
		b = append(b, ']')
	}
	if !first {
		b = append(b, ']')
	}
	return append(b, `}]`...)
}
