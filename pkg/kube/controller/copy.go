package controller

import (
	"bytes"
	"maps"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
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
var secretKeys = []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey, corev1.ServiceAccountRootCAKey, "tls.ocsp-staple", UsersKey, "jwks", "pem", "hmac"}

// UsersKey is the key of a Secret with an htpasswd file, as ingress-nginx has it. The keys
// of tokens are settings.JWKSKey, settings.PEMKey and settings.HMACKey.
const UsersKey = "auth"

// tokensType is the type of Secrets of which all keys are kept: settings.TokensType.
const tokensType = "sluice.dev/tokens"

// hashes are what the values of a Secret begin with that is a map of users (ingress-nginx,
// auth-secret-type auth-map).
var hashes = [][]byte{[]byte("$2a$"), []byte("$2b$"), []byte("$2y$"), []byte("$apr1$"), []byte("{SHA}")}

// longestParameter is how long a value of a ConfigMap may be to be kept: bundles
// of CA certificates are, and settings of a Gateway, but not what programs keep there. One with
// snapshot.ContentLabel is kept whole.
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
	sliced := cache.ByObject{}
	if o.Namespace != "" {
		opts.DefaultNamespaces = map[string]cache.Config{o.Namespace: {}}
		secrets.Namespaces = scope(o.Namespace, o.Certificate.Namespace, o.Certificate.Name)
		services.Namespaces = scope(o.Namespace, o.PublishService.Namespace, o.PublishService.Name)
		sliced.Namespaces = map[string]cache.Config{o.Namespace: {}}
		if o.Pods.Name != "" && o.Pods.Namespace != o.Namespace {
			sliced.Namespaces[o.Pods.Namespace] = cache.Config{
				LabelSelector: labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: o.Pods.Name}),
			}
		}
	}
	opts.ByObject = byObject(secrets, services, sliced)
	return cache.New(o.Config, opts)
}

func byObject(secrets, services, sliced cache.ByObject) map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&corev1.Secret{}:             secrets,
		&corev1.Service{}:            services,
		&discoveryv1.EndpointSlice{}: sliced,
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
		if object.Type != tokensType {
			object.Data = secretData(object.Data)
		}
	case *corev1.ConfigMap:
		object.BinaryData = nil
		whole := object.Labels[snapshot.ContentLabel] == "true"
		maps.DeleteFunc(object.Data, func(key, value string) bool {
			return !whole && key != corev1.ServiceAccountRootCAKey && len(value) > longestParameter
		})
	case *metav1.PartialObjectMetadata:
		object.Finalizers = nil
		maps.DeleteFunc(object.Annotations, func(key, _ string) bool { return key != snapshot.ReadyAnnotation })
	case *discoveryv1.EndpointSlice:
		for i := range object.Endpoints {
			object.Endpoints[i].DeprecatedTopology = nil
		}
	}
	return in, nil
}

// secretData keeps the keys that a certificate is made of, those of tokens, and lists of users. The others are
// secrets that are none of Sluice's business.
func secretData(data map[string][]byte) map[string][]byte {
	kept := make(map[string][]byte, len(secretKeys))
	for key, value := range data {
		if slices.Contains(secretKeys, key) || slices.ContainsFunc(hashes, func(h []byte) bool { return bytes.HasPrefix(value, h) }) {
			kept[key] = value
		}
	}
	return kept
}
