package controller

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// candidate is one replica that stands for election.
type candidate struct {
	began, ended chan struct{} // one value for each term
	exited       chan error
	stop         context.CancelFunc
}

// stand starts a candidate with short terms.
func stand(t *testing.T, namespace, identity string) *candidate {
	t.Helper()
	c := &candidate{began: make(chan struct{}, 100), ended: make(chan struct{}, 100), exited: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	c.stop = cancel
	election := Election{
		Config:        server.Config(t),
		Logger:        logger,
		Namespace:     namespace,
		Name:          "sluice-leader",
		Identity:      identity,
		LeaseDuration: 3 * time.Second,
		RenewDeadline: 2 * time.Second,
		RetryPeriod:   100 * time.Millisecond,
	}
	go func() {
		c.exited <- election.Run(ctx, func(ctx context.Context) {
			c.began <- struct{}{}
			<-ctx.Done()
			c.ended <- struct{}{}
		})
	}()
	t.Cleanup(cancel)
	return c
}

func expect(t *testing.T, events <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-events:
	case <-time.After(patience):
		t.Fatal("this did not happen: " + what)
	}
}

func TestTheSecondReplicaLeadsAfterTheFirst(t *testing.T) {
	namespace := server.Namespace(t)
	first := stand(t, namespace, "first")
	expect(t, first.began, "the first replica leads")
	second := stand(t, namespace, "second")

	first.stop()
	expect(t, first.ended, "the first replica stops leading")
	if err := <-first.exited; err != nil {
		t.Errorf("the first replica ended with %v", err)
	}
	expect(t, second.began, "the second replica leads")
}

func TestALostLeaseEndsTheTermAndNothingElse(t *testing.T) {
	namespace := server.Namespace(t)
	replica := stand(t, namespace, "first")
	expect(t, replica.began, "the replica leads")

	clients, err := kubernetes.NewForConfig(server.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	leases := clients.CoordinationV1().Leases(namespace)
	for thief := "thief"; ; { // Until no renewal came in between.
		lease, err := leases.Get(t.Context(), "sluice-leader", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		now := metav1.NowMicro()
		lease.Spec.HolderIdentity, lease.Spec.AcquireTime, lease.Spec.RenewTime = &thief, &now, &now
		if _, err := leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err == nil {
			break
		}
	}
	expect(t, replica.ended, "the replica stops leading")
	select {
	case err := <-replica.exited:
		t.Fatalf("the replica ended with its term: %v", err)
	default:
	}
	expect(t, replica.began, "the replica leads again, after the thief's lease ran out")
}

func TestAnElectionNeedsALeaseAndAnIdentity(t *testing.T) {
	err := Election{}.Run(t.Context(), func(context.Context) {})
	if err == nil {
		t.Error("no error")
	}
}
