package controller

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// sliceReader lists the slices that it holds, by the index of their Service.
type sliceReader struct {
	client.Reader
	slices []discoveryv1.EndpointSlice
}

func (r *sliceReader) List(_ context.Context, into client.ObjectList, opts ...client.ListOption) error {
	var by client.ListOptions
	by.ApplyOptions(opts)
	list := into.(*discoveryv1.EndpointSliceList)
	for _, slice := range r.slices {
		name, _ := by.FieldSelector.RequiresExactMatch(serviceIndex)
		if slice.Namespace == by.Namespace && slices.Contains(serviceOf(&slice), name) {
			list.Items = append(list.Items, slice)
		}
	}
	return nil
}

func endpointSlice(namespace, name, service string) discoveryv1.EndpointSlice {
	return discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service},
	}}
}

func TestLaneSendsTheSlicesOfAServiceAsTheyAreNow(t *testing.T) {
	one, two, other := endpointSlice("default", "web-1", "web"), endpointSlice("default", "web-2", "web"), endpointSlice("other", "web-1", "web")
	web := types.NamespacedName{Namespace: "default", Name: "web"}
	type sent struct {
		Service types.NamespacedName
		Slices  []string
	}
	cases := map[string]struct {
		do   func(ctx context.Context, l *lane, r *sliceReader) error
		want []sent
	}{
		"nothing is sent before the first build": {
			do: func(ctx context.Context, l *lane, _ *sliceReader) error { return l.changed(ctx, &one) },
		},
		"all slices of the Service are sent, and of no other": {
			do: func(ctx context.Context, l *lane, _ *sliceReader) error {
				l.begin()
				if err := l.end(ctx); err != nil {
					return err
				}
				return l.changed(ctx, &one)
			},
			want: []sent{{web, []string{"web-1", "web-2"}}},
		},
		"the last slice of a Service leaves none": {
			do: func(ctx context.Context, l *lane, r *sliceReader) error {
				l.begin()
				if err := l.end(ctx); err != nil {
					return err
				}
				r.slices = nil
				return l.changed(ctx, &two)
			},
			want: []sent{{Service: web}},
		},
		"what is sent during a build is sent again after it": {
			do: func(ctx context.Context, l *lane, r *sliceReader) error {
				l.begin()
				if err := l.changed(ctx, &one); err != nil {
					return err
				}
				r.slices = r.slices[:1]
				return l.end(ctx)
			},
			want: []sent{{web, []string{"web-1", "web-2"}}, {web, []string{"web-1"}}},
		},
		"what is sent before a build is not sent again": {
			do: func(ctx context.Context, l *lane, _ *sliceReader) error {
				l.begin()
				if err := l.end(ctx); err != nil {
					return err
				}
				if err := l.changed(ctx, &one); err != nil {
					return err
				}
				l.begin()
				return l.end(ctx)
			},
			want: []sent{{web, []string{"web-1", "web-2"}}},
		},
		"a slice of no Service is left alone": {
			do: func(ctx context.Context, l *lane, _ *sliceReader) error {
				l.begin()
				return l.changed(ctx, &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "own"}})
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []sent
			reader := &sliceReader{slices: []discoveryv1.EndpointSlice{one, two, other}}
			l := &lane{slices: reader, mark: func() {}, endpoints: func(service types.NamespacedName, list []*discoveryv1.EndpointSlice, _ snapshot.Pods) bool {
				s := sent{Service: service}
				for _, slice := range list {
					s.Slices = append(s.Slices, slice.Name)
				}
				got = append(got, s)
				return false
			}}
			if err := c.do(t.Context(), l, reader); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
