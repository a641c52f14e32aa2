package controller

import (
	"maps"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// secretTypes keeps out of the watch the types of Secret that are never a
// certificate and that a cluster has many of, before they cross the network.
var secretTypes = fields.AndSelectors(
	fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockercfg)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockerConfigJson)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeBootstrapToken)),
)

// secretKeys are the keys of a Secret that are kept in memory.
var secretKeys = []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey, corev1.ServiceAccountRootCAKey, UsersKey}

// UsersKey is the key of a Secret with an htpasswd file, as ingress-nginx has it.
const UsersKey = "auth"

// longestParameter is how long a value of a ConfigMap may be to be kept: bundles
// of CA certificates are, and settings of a Gateway, but not what programs keep there.
const longestParameter = 1024

// newCache returns the live copy of all objects. Reads give its own objects, not
// copies: nobody may change what comes out of it.
func newCache(o Options, scheme *runtime.Scheme, mapper meta.RESTMapper, client *http.Client) (cache.Cache, error) {
	shared := true
	opts := cache.Options{
		HTTPClient:                   client,
		Scheme:                       scheme,
		Mapper:                       mapper,
		DefaultTransform:             trim,
		DefaultUnsafeDisableDeepCopy: &shared,
		ReaderFailOnMissingInformer:  true,
	}
	secrets := cache.ByObject{Field: secretTypes}
	services := cache.ByObject{}
	slices := cache.ByObject{}
	if o.Namespace != "" {
		opts.DefaultNamespaces = map[string]cache.Config{o.Namespace: {}}
		secrets.Namespaces = scope(o.Namespace, o.Certificate.Namespace, o.Certificate.Name)
		services.Namespaces = scope(o.Namespace, o.PublishService.Namespace, o.PublishService.Name)
		slices.Namespaces = map[string]cache.Config{o.Namespace: {}}
		if o.Pods.Name != "" && o.Pods.Namespace != o.Namespace {
			slices.Namespaces[o.Pods.Namespace] = cache.Config{
				LabelSelector: labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: o.Pods.Name}),
			}
		}
	}
	opts.ByObject = byObject(secrets, services, slices)
	return cache.New(o.Config, opts)
}

func byObject(secrets, services, slices cache.ByObject) map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&corev1.Secret{}:             secrets,
		&corev1.Service{}:            services,
		&discoveryv1.EndpointSlice{}: slices,
	}
}

// scope returns the namespace as a whole and, where it lies in another one, the
// single object of the given name.
func scope(namespace, otherNamespace, name string) map[string]cache.Config {
	namespaces := map[string]cache.Config{namespace: {}}
	if name != "" && otherNamespace != namespace {
		namespaces[otherNamespace] = cache.Config{FieldSelector: fields.OneTermEqualSelector("metadata.name", name)}
	}
	return namespaces
}

// trim drops from an object, before it is stored, what no snapshot reads.
func trim(in any) (any, error) {
	if object, err := meta.Accessor(in); err == nil {
		object.SetManagedFields(nil)
		object.SetOwnerReferences(nil)
		delete(object.GetAnnotations(), corev1.LastAppliedConfigAnnotation)
	}
	switch object := in.(type) {
	case *corev1.Secret:
		object.Data = secretData(object.Data)
	case *corev1.ConfigMap:
		object.BinaryData = nil
		maps.DeleteFunc(object.Data, func(key, value string) bool {
			return key != corev1.ServiceAccountRootCAKey && len(value) > longestParameter
		})
	case *discoveryv1.EndpointSlice:
		for i := range object.Endpoints {
			object.Endpoints[i].DeprecatedTopology = nil
		}
	}
	return in, nil
}

// secretData keeps the keys that a certificate is made of, and lists of users. The others are
// secrets that are none of Sluice's business.
func secretData(data map[string][]byte) map[string][]byte {
	kept := make(map[string][]byte, len(secretKeys))
	for _, key := range secretKeys {
		if value, found := data[key]; found {
			kept[key] = value
		}
	}
	return kept
}
