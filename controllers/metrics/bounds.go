// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// The labels.
var (
	armVerb = Label{Name: "verb", Bound: "the method, with LIST and POLL told from GET", Values: []string{"GET", "LIST", "POLL", "PUT", "PATCH", "DELETE", "POST"}}
	code    = Label{Name: "code", Bound: "the class of the HTTP status, and by itself what needs another answer each; `none`: no answer came",
		Values: []string{"2xx", "3xx", "4xx", "401", "403", "404", "409", "429", "5xx", "none"}, Outside: true}
	resourceType = Label{Name: "resource_type", Bound: "the resource type, `operation` for a poll", Values: resourceTypes, Outside: true}
	loginResult  = Label{Name: "result", Bound: "`Failed`: it could not be asked", Values: []string{string(Succeeded), string(Refused), string(Failed)}}

	vcenterMethod = Label{Name: "method", Bound: "the SOAP method", Values: soapMethods, Outside: true}
	callResult    = Label{Name: "result", Bound: "`Fault`: the vCenter answered with a fault; `Failed`: no answer came",
		Values: []string{string(Succeeded), "Fault", string(Failed)}}

	kindLabel = Label{Name: "kind", Bound: "the kind of the object", Values: kinds}
	verb      = Label{Name: "verb", Bound: "of a write to Azure the method, of a call to a vCenter what it does",
		Values: append([]string{"PUT", "PATCH", "DELETE", "POST"}, moveTasks...)}
	result = Label{Name: "result", Bound: resultsBound, Values: results}

	laneLabel = Label{Name: "lane", Bound: "what takes turns: changes of hosts, of NSX networks, and those that touch neither",
		Values: []string{"Hosts", "Network", "Light"}}

	moveMethod = Label{Name: "method", Bound: "spec.method", Values: slices.DeleteFunc(slices.Clone(moveMethods), isAuto)}
	moveStep   = Label{Name: "step", Bound: "status.step; `Pending`: it has none yet", Values: append([]string{noStep}, moveSteps...)}

	conditionLabel = Label{Name: "condition", Bound: "the type of the condition", Values: conditionTypes}
	statusLabel    = Label{Name: "status", Bound: "the status of the condition",
		Values: []string{string(metav1.ConditionTrue), string(metav1.ConditionFalse), string(metav1.ConditionUnknown)}}
	reasonLabel = Label{Name: "reason", Bound: "the reason of the condition, see [reasons.md](reasons.md); the name of a concern of a move is `other`",
		Values: append([]string{"None", "NoneFailed", "NotSelected"}, reasons...), Outside: true}
)

// operationPoll stands for the resource type of a poll, whose URL names none.
const operationPoll = "operation"

// resourceTypes are the types that the operator asks Azure about: those of the kinds, which are generated, and what else it reads.
var resourceTypes = append([]string{
	"Microsoft.AVS",
	"Microsoft.AVS/locations",
	"Microsoft.AVS/privateClouds/clusters/hosts",
	"Microsoft.AVS/privateClouds/maintenances",
	"Microsoft.AVS/privateClouds/scriptPackages",
	"Microsoft.AVS/privateClouds/scriptPackages/scriptCmdlets",
	"Microsoft.AVS/privateClouds/workloadNetworks",
	"Microsoft.AVS/privateClouds/workloadNetworks/gateways",
	"Microsoft.AVS/privateClouds/workloadNetworks/virtualMachines",
	"Microsoft.AVS/skus",
	"Microsoft.Insights/metrics",
	"Microsoft.Resources/resourceGroups",
	"Microsoft.Resources/subscriptions",
	operationPoll,
}, kindTypes...)

// soapMethods are the calls that the operator makes to vCenters.
var soapMethods = []string{
	"CancelTask", "CancelWaitForUpdates", "CheckRelocate_Task", "ContinueRetrievePropertiesEx", "CreateCollectorForTasks", "CreateContainerView", "CreateFilter",
	"CreateListView", "CreatePropertyCollector", "CurrentTime", "DestroyCollector", "DestroyPropertyCollector", "DestroyView", "FindAllByUuid",
	"HasUserPrivilegeOnEntities", "Login", "Logout", "ModifyListView", "PowerOffVM_Task", "PowerOnVM_Task", "QueryOptions", "ReadNextTasks", "RelocateVM_Task",
	"RetrieveProperties", "RetrievePropertiesEx", "RetrieveServiceContent", "ShutdownGuest", "TerminateSession", "WaitForUpdatesEx",
}

// noStep is the step of a move that was not looked at yet.
const noStep = "Pending"

// isAuto is the one value of MoveMethod that no machine moves by: a WorkloadMove asks for it.
func isAuto(method string) bool { return method == string(v1alpha1.MoveMethodAuto) }

// kinds are the custom resources.
var kinds = kindsOf(scheme())

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(s); err != nil {
		panic(err) // two types of one name: no program can go on with that
	}
	return s
}

// kindsOf are the kinds that have a list.
func kindsOf(s *runtime.Scheme) []string {
	known := s.KnownTypes(v1alpha1.GroupVersion)
	var out []string
	for name := range known {
		if _, listed := known[name+"List"]; listed {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// kindOf is the kind of an object of a typed list, which does not say it.
func kindOf(object runtime.Object) string {
	name := fmt.Sprintf("%T", object)
	return name[strings.LastIndex(name, ".")+1:]
}

// value is what a label shows for a value: itself, as the bound writes it, if it is in there. Azure does not keep to a case.
func (l Label) value(v string) string {
	if slices.Contains(l.Values, v) {
		return v
	}
	if i := slices.IndexFunc(l.Values, func(known string) bool { return strings.EqualFold(known, v) }); i >= 0 {
		return l.Values[i]
	}
	return Other
}

// codeOf is the code label of an HTTP status, 0 for none.
func codeOf(status int) string {
	switch status {
	case 0:
		return "none"
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests:
		return strconv.Itoa(status)
	}
	if class := status / 100; class >= 2 && class <= 5 {
		return strconv.Itoa(class) + "xx"
	}
	return Other
}
