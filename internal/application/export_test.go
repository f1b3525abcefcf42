package application

import "time"

// Trust says how long the ring is believed to be complete, for tests.
func (s *Service) Trust(d time.Duration) { s.ring.trust = d }

// Clock sets the node's clock, for tests.
func (s *Service) Clock(now func() time.Time) { s.now = now }

// Clock sets the node's clock, for tests.
func (c *Counters) Clock(now func() time.Time) { c.now = now }

// Write writes what is due, as Run does.
var Write = (*Counters).write
