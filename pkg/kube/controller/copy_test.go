package controller

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

func TestTrimDropsWhatNoSnapshotReads(t *testing.T) {
	full := metav1.ObjectMeta{
		Name:            "a",
		ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		OwnerReferences: []metav1.OwnerReference{{Name: "owner"}},
		Annotations:     map[string]string{corev1.LastAppliedConfigAnnotation: "{}", "kept": "yes"},
	}
	trimmed := metav1.ObjectMeta{Name: "a", Annotations: map[string]string{"kept": "yes"}}
	cases := map[string]struct{ in, want any }{
		"bookkeeping of any object": {
			in:   &networkingv1.Ingress{ObjectMeta: *full.DeepCopy()},
			want: &networkingv1.Ingress{ObjectMeta: trimmed},
		},
		"keys of a Secret that no certificate is made of": {
			in: &corev1.Secret{
				ObjectMeta: *full.DeepCopy(),
				Data:       map[string][]byte{"tls.crt": []byte("c"), "tls.key": []byte("k"), "ca.crt": []byte("a"), "password": []byte("p")},
			},
			want: &corev1.Secret{
				ObjectMeta: trimmed,
				Data:       map[string][]byte{"tls.crt": []byte("c"), "tls.key": []byte("k"), "ca.crt": []byte("a")},
			},
		},
		"hashes of a map of users stay": {
			in:   &corev1.Secret{Data: map[string][]byte{"alice": []byte("$2y$05$abc"), "bob": []byte("{SHA}x"), "password": []byte("p$2y$")}},
			want: &corev1.Secret{Data: map[string][]byte{"alice": []byte("$2y$05$abc"), "bob": []byte("{SHA}x")}},
		},
		"tokens stay": {
			in:   &corev1.Secret{Type: "sluice.dev/tokens", Data: map[string][]byte{"ci": []byte("t")}},
			want: &corev1.Secret{Type: "sluice.dev/tokens", Data: map[string][]byte{"ci": []byte("t")}},
		},
		"long texts of a ConfigMap go": {
			in:   &corev1.ConfigMap{Data: map[string]string{"a": "short", "b": strings.Repeat("x", 2000), "ca.crt": strings.Repeat("x", 2000)}},
			want: &corev1.ConfigMap{Data: map[string]string{"a": "short", "ca.crt": strings.Repeat("x", 2000)}},
		},
		"long texts stay where they are content": {
			in:   &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"sluice.dev/content": "true"}}, Data: map[string]string{"b": strings.Repeat("x", 2000)}},
			want: &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"sluice.dev/content": "true"}}, Data: map[string]string{"b": strings.Repeat("x", 2000)}},
		},
		"something that is no object stays": {in: "text", want: "text"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := trim(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSecretsThatAreNeverACertificateAreNotWatched(t *testing.T) {
	cases := map[corev1.SecretType]bool{
		corev1.SecretTypeTLS:                 true,
		corev1.SecretTypeOpaque:              true,
		"example.com/own":                    true,
		"helm.sh/release.v1":                 false,
		corev1.SecretTypeServiceAccountToken: false,
		corev1.SecretTypeDockerConfigJson:    false,
	}
	for kind, want := range cases {
		if got := secretTypes.Matches(fields.Set{"type": string(kind)}); got != want {
			t.Errorf("Secret of type %s is watched: %t, want %t", kind, got, want)
		}
	}
}
