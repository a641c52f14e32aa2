package jwks

import (
	"os"
	"testing"

	"github.com/sluice-dev/sluice/pkg/internal/leaktest"
)

// TestMain fails where a goroutine of ours outlives the tests.
func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }
