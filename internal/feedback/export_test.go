package feedback

import "time"

// SetNow puts tests in charge of time.
func (s *Service) SetNow(now func() time.Time) { s.now = now }
