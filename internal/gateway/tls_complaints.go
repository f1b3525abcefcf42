package gateway

import (
	"log/slog"
	"sync"
	"time"
)

// complaints logs what strangers do wrong, but no more than so many lines a
// minute: whoever wants to fill a disk would only have to do it often.
type complaints struct {
	mu     sync.Mutex
	minute time.Time
	said   int
	unsaid int
}

const complaintsAMinute = 30

func (c *complaints) say(log *slog.Logger, what string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.minute) >= time.Minute {
		if c.unsaid > 0 {
			log.Warn(what, "not_logged", c.unsaid)
		}
		c.minute, c.said, c.unsaid = now, 0, 0
	}
	if c.said++; c.said > complaintsAMinute {
		c.unsaid++
		return
	}
	log.Warn(what, args...)
}
