package files

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// checkPorts refuses a Service with a port that is none.
func (e *entry) checkPorts(service *corev1.Service) {
	for i := range service.Spec.Ports {
		p := &service.Spec.Ports[i]
		at := "spec.ports[" + strconv.Itoa(i) + "]"
		if p.Port < 1 || p.Port > 65535 {
			e.refuse(at+".port", fmt.Sprintf("%d is not between 1 and 65535", p.Port))
		} else if p.TargetPort.Type == intstr.Int && (p.TargetPort.IntVal < 1 || p.TargetPort.IntVal > 65535) {
			e.refuse(at+".targetPort", fmt.Sprintf("%d is not between 1 and 65535", p.TargetPort.IntVal))
		}
	}
}
