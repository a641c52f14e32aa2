package health

// Thresholds are after how many probes in a row a verdict changes; each is at least 1.
type Thresholds struct {
	// Unhealthy is after how many that failed.
	Unhealthy int
	// Healthy is after how many that went well.
	Healthy int
}

// Probed is the verdict of the probes of one endpoint. The zero value is healthy: what Kubernetes
// calls ready is believed until probes say otherwise. It is used by one goroutine at a time.
type Probed struct {
	down bool
	// run counts the latest probes in a row that contradict the verdict.
	run int
}

// Observe takes the outcome of a probe, and says whether the verdict changed.
func (p *Probed) Observe(good bool, t Thresholds) (changed bool) {
	if good != p.down {
		p.run = 0
		return false
	}
	p.run++
	needed := t.Unhealthy
	if p.down {
		needed = t.Healthy
	}
	if p.run < needed {
		return false
	}
	p.down, p.run = !p.down, 0
	return true
}

// Down says that the endpoint is unhealthy.
func (p *Probed) Down() bool { return p.down }
