package main

import (
	"os"

	"sigs.k8s.io/yaml"
)

// object is a configuration file in the making. YAML sorts its keys, so the
// same object gives the same file.
type object map[string]any

// writeYAML writes an object that only the cluster's own user may read.
func writeYAML(path string, o object) error {
	text, err := yaml.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// A client is someone who talks to the API server by a certificate. Its user
// and groups decide what it may do, by the roles that every API server has.
type client struct {
	file   string // its kubeconfig, below the state directory
	user   string
	groups []string
}

// adminFile is the kubeconfig of people, of tests and of this program.
const adminFile = "kubeconfig"

// clients are all who need a kubeconfig.
var clients = []client{
	{adminFile, "sluice-admin", []string{"system:masters"}},
	{"etc/kube-controller-manager.kubeconfig", "system:kube-controller-manager", nil},
	{"etc/kube-scheduler.kubeconfig", "system:kube-scheduler", nil},
	{"etc/kubelet.kubeconfig", "system:node:" + nodeName, []string{"system:nodes"}},
	{"etc/kube-proxy.kubeconfig", "system:kube-proxy", nil},
}

// writeKubeconfigs gives each client a certificate and a kubeconfig. All of it
// is inside that file, so that it may be copied.
func (c cluster) writeKubeconfigs(a *authority) error {
	for _, cl := range clients {
		cert, key, err := a.issue(cl.user, cl.groups, nil)
		if err != nil {
			return err
		}
		if err := writeYAML(c.path(cl.file), kubeconfig(c.name, cl.user, a.pem, cert, key)); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfig returns the kubeconfig of one user. The context is named after
// the cluster, for people with several.
func kubeconfig(name, user string, ca, cert, key []byte) object {
	context := "sluice-" + name
	return object{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []object{{
			"name":    context,
			"cluster": object{"server": apiURL, "certificate-authority-data": ca},
		}},
		"users": []object{{
			"name": user,
			"user": object{"client-certificate-data": cert, "client-key-data": key},
		}},
		"contexts": []object{{
			"name":    context,
			"context": object{"cluster": context, "user": user},
		}},
		"current-context": context,
	}
}
