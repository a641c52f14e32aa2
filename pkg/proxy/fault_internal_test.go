package proxy

import (
	"errors"
	"testing"

	"github.com/sluice-dev/sluice/pkg/upstream"
)

func TestWhyAnEndpointCannotBeConnectedToIsTold(t *testing.T) {
	tests := map[string]struct {
		failed upstream.Error
		want   *fault
	}{
		"nothing listens":              {upstream.Error{Phase: upstream.PhaseConnect, Retryable: true}, faultConnect},
		"it has not proved who it is":  {upstream.Error{Phase: upstream.PhaseTLS, Retryable: true}, faultConnectTLS},
		"it does not end a handshake":  {upstream.Error{Phase: upstream.PhaseTLS, Retryable: true, Timeout: true}, faultConnectSlow},
		"another try would not help":   {upstream.Error{Phase: upstream.PhaseResolve}, faultConnectFinal},
		"the process is out of ports":  {upstream.Error{Phase: upstream.PhaseConnect, Fault: upstream.FaultInternal}, faultConnectOwn},
		"the exchange's time was over": {upstream.Error{Phase: upstream.PhaseTLS, Fault: upstream.FaultDownstream, Timeout: true}, faultRequestSlow},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.failed.Err = errors.New("x")
			if got := ofConnect(&tt.failed); got != tt.want {
				t.Errorf("got %s, want %s", got.reason, tt.want.reason)
			}
		})
	}
}
