package gateway

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/report"
)

// fault is why something does not hold; its zero value means that it does.
type fault struct {
	reason  report.Reason
	message string
}

// ok reports whether there is no fault.
func (f fault) ok() bool { return f == fault{} }

// or returns the first of two faults.
func (f fault) or(g fault) fault {
	if f.ok() {
		return g
	}
	return f
}

// condition returns a condition that is true unless there is a fault. The reason of a
// true one is that of the same name as its type.
func condition(kind string, generation int64, f fault, good string) metav1.Condition {
	c := metav1.Condition{Type: kind, ObservedGeneration: generation, Status: metav1.ConditionTrue, Reason: kind, Message: good}
	if !f.ok() {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(f.reason), f.message
	}
	return c
}

// warning returns a condition that is true where there is a fault.
func warning(kind string, generation int64, f fault) metav1.Condition {
	return metav1.Condition{Type: kind, ObservedGeneration: generation, Status: metav1.ConditionTrue, Reason: string(f.reason), Message: f.message}
}
