// Package leaktest looks whether tests leave goroutines behind.
//
// In comes the testing.M of a package; out comes the code to exit with. Only TestMain calls it.
package leaktest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is the time that goroutines have to end behind the last test: all of it is needed
// only where one does not end at all.
const patience = time.Minute

// ours is in the stacks of goroutines that run code of this project.
const ours = "sluice-dev/sluice/pkg/"

// Run runs the tests, and returns the code to exit with: not 0 if one has failed or if a
// goroutine of the project outlives them.
func Run(m *testing.M) int {
	code := m.Run()
	if code != 0 {
		return code
	}
	if left := leaked(); left != "" {
		fmt.Fprintf(os.Stderr, "goroutines outlive the tests:\n%s\n", left)
		return 1
	}
	return 0
}

// leaked returns the stacks of goroutines that run code of the project besides the caller, once
// they have had time to end.
func leaked() string {
	for deadline := time.Now().Add(patience); ; <-time.After(10 * time.Millisecond) {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for _, one := range strings.Split(string(stacks), "\n\n")[1:] {
			if strings.Contains(one, ours) {
				left = append(left, one)
			}
		}
		if len(left) == 0 {
			return ""
		}
		if time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}
