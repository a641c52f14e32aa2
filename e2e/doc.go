// Package e2e tests Sluice on a real cluster, with real pods and a real kubelet.
//
// In come a kubeconfig and the programs and images that `make e2e` prepared, by
// environment variables (see harness_test.go); the cluster's addresses must be
// reachable from where the test runs. TestSluice runs all cases in order, since
// they share one installation; what it creates, it deletes.
package e2e
