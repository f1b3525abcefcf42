package metric

import (
	"sync"

	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"
)

// wordbook keeps what is known of metrics beside their samples: type, unit and
// help, as senders told since the process started.
type wordbook struct {
	mu   sync.Mutex
	list map[string]map[string]metadata.Metadata // workspace, metric
}

const (
	maxWords = 10_000 // metrics of a workspace of which that is kept
	maxUnit  = 100    // bytes
)

func (b *wordbook) learn(ws, name string, o storage.AppendV2Options) {
	if o.Metadata.IsEmpty() {
		return
	}
	if o.MetricFamilyName != "" {
		name = o.MetricFamilyName
	}
	b.set(ws, name, o.Metadata)
}

func (b *wordbook) set(ws, name string, m metadata.Metadata) {
	if len(m.Help) > 1000 {
		m.Help = clip(m.Help)
	}
	if len(name) > maxValue {
		return // no series has such a name
	}
	if len(m.Unit) > maxUnit {
		m.Unit = ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.list[ws]
	if own == nil {
		if b.list == nil {
			b.list = map[string]map[string]metadata.Metadata{}
		}
		own = map[string]metadata.Metadata{}
		b.list[ws] = own
	}
	if _, known := own[name]; known || len(own) < maxWords {
		own[name] = m
	}
}

// of copies what is known of one metric, or of all for "".
func (b *wordbook) of(ws, name string) map[string]metadata.Metadata {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]metadata.Metadata{}
	for k, m := range b.list[ws] {
		if name == "" || k == name {
			out[k] = m
		}
	}
	return out
}
