// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// scriptExecutions run a cmdlet once. One of a name that exists is refused: Azure does not run it again.
func scriptExecutions(cloud *resourceType) *resourceType {
	p := "properties."
	return &resourceType{
		segment: "scriptExecutions", parent: cloud, class: hostClass,
		put: viaAsyncOperation, remove: viaLocation, creating: "Pending", updating: "Pending", cancellable: true,
		required:  []string{p + "timeout", p + "scriptCmdletId"},
		immutable: []string{p + "timeout", p + "scriptCmdletId", p + "parameters", p + "hiddenParameters", p + "retention"},
		optional:  []string{p + "failureReason", p + "output", p + "namedOutputs"},
		readOnly:  []string{p + "provisioningState", p + "submittedAt", p + "startedAt", p + "finishedAt", p + "information", p + "warnings", p + "errors"},
		writeOnly: []string{p + "parameters[].secureValue", p + "parameters[].password", p + "hiddenParameters[].secureValue", p + "hiddenParameters[].password"},
		// Hidden parameters are "not visible to ARM", as the description says, and a GET has no output in Microsoft's examples: the streams come by
		// getExecutionLogs.
		unshown:  []string{p + "hiddenParameters"},
		onAction: []string{p + "output", p + "namedOutputs", p + "information", p + "warnings", p + "errors"},
		kept:     []string{"systemData"},
		newer:    map[string]string{"systemData": "2023-09-01"},
		defaults: map[string]any{"properties": map[string]any{"retention": "P60D"}},
		elements: map[string][]string{
			p + "parameters":       {"type", "name", "value", "username"},
			p + "hiddenParameters": {"type", "name", "value", "username"},
		},
		validate: validateExecution, fill: fillExecution, work: executionWork, length: executionLength, finish: finishExecution,
		actions: map[string]action{"getexecutionlogs": {name: "getExecutionLogs", list: true, run: executionLogs}},
	}
}

func validateExecution(_ *Server, ch *change) *answer {
	if !ch.create() {
		return refuse(http.StatusConflict, "Conflict", "The script execution '%s' exists already. Give another name to run a script again.", ch.r.id)
	}
	for _, path := range []string{"properties.timeout", "properties.retention"} {
		if length, ok := parseISO(lookupString(ch.after, path)); !ok || length <= 0 {
			return invalid("The value '%s' of '%s' is not a duration as ISO 8601 writes it.", lookupString(ch.after, path), path)
		}
	}
	id := lookupString(ch.after, "properties.scriptCmdletId")
	c := cmdletOf(ch.cloud(), id)
	if c == nil {
		return invalid("The script cmdlet '%s' does not exist.", id)
	}
	given := map[string]string{}
	for _, path := range []string{"properties.parameters", "properties.hiddenParameters"} {
		v, ok := lookup(ch.after, path)
		list, isList := v.([]any)
		if ok && !isList {
			return invalid("The value of '%s' is not a list.", path)
		}
		for _, item := range list {
			parameter, _ := item.(map[string]any)
			kind := lookupString(parameter, "type")
			if !slices.Contains([]string{"Value", "SecureValue", "Credential"}, kind) || lookupString(parameter, "name") == "" {
				return invalid("Every parameter in '%s' needs a 'name' and a 'type': Value, SecureValue or Credential.", path)
			}
			given[strings.ToLower(lookupString(parameter, "name"))] = kind
		}
	}
	return checkParameters(c, given)
}

func checkParameters(c *cmdlet, given map[string]string) *answer {
	kinds := map[string]string{"String": "Value", "SecureString": "SecureValue", "Credential": "Credential"}
	for _, par := range c.parameters {
		kind, ok := given[strings.ToLower(par.name)]
		if par.required && !ok {
			return invalid("The cmdlet %s needs the parameter '%s'.", c.name, par.name)
		}
		if ok && kind != kinds[par.kind] {
			return invalid("The parameter '%s' of %s is a %s, given as %s.", par.name, c.name, kinds[par.kind], kind)
		}
		delete(given, strings.ToLower(par.name))
	}
	for _, name := range sortedKeys(given) {
		return invalid("The cmdlet %s has no parameter '%s'.", c.name, name)
	}
	return nil
}

// fillExecution also lets it run a little later: it waits for a worker first.
func fillExecution(s *Server, ch *change) {
	put(ch.r.body, "properties.submittedAt", timestamp(time.Now()))
	for _, path := range []string{"failureReason", "output", "namedOutputs"} {
		remove(ch.r.body, "properties."+path) // writable in the schema, and yet the service's to write
	}
	stamp(ch)
	r := ch.r
	s.after(s.config.Durations.RunScript.Min/4, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.resources[r.key()] == r && r.state() == "Pending" {
			put(r.body, "properties.startedAt", timestamp(time.Now()))
			r.setState("Running")
			if r.target != nil {
				put(r.target, "properties.startedAt", timestamp(time.Now()))
			}
		}
	})
}

func executionLength(s *Server, ch *change) Span {
	if ch.remove {
		return s.config.Durations.Network
	}
	return s.config.Durations.RunScript
}

// executionWork runs the cmdlet. It may look into the vCenter, so it runs without the lock and is told what it needs.
func executionWork(s *Server, ch *change) func() error {
	if ch.remove || lookupString(ch.after, "properties.finishedAt") != "" {
		return nil // the second: a loaded state, and it has run
	}
	cloud, id := ch.cloud(), lookupString(ch.after, "properties.scriptCmdletId")
	run := &scriptRun{server: s, cloud: cloud, cmdlet: cmdletOf(cloud, id), given: givenValues(ch.after, ch.secret), named: map[string]any{}}
	ch.script = run
	return func() error {
		vcenter, err := s.vcenterOf(cloud.key())
		if err != nil {
			return err
		}
		run.vcenter = vcenter
		run.cmdlet.run(run)
		return nil
	}
}

// givenValues are the parameters by lower-case name; secret are the write-only values by their paths.
func givenValues(body map[string]any, secret map[string]string) map[string]string {
	out := map[string]string{}
	for _, path := range []string{"properties.parameters", "properties.hiddenParameters"} {
		v, _ := lookup(body, path)
		list, _ := v.([]any)
		for _, item := range list {
			parameter, _ := item.(map[string]any)
			name := lookupString(parameter, "name")
			out[strings.ToLower(name)] = cmp.Or(lookupString(parameter, "value"), secret[path+"["+name+"].secureValue"], lookupString(parameter, "username"))
		}
	}
	return out
}

// finishExecution writes what came out. A script that failed still Succeeded as a resource: failureReason tells.
func finishExecution(_ *Server, r *resource, ch *change) {
	now := timestamp(time.Now())
	run := ch.script
	if lookupString(r.body, "properties.startedAt") == "" {
		put(r.body, "properties.startedAt", now)
	}
	put(r.body, "properties.finishedAt", now)
	if f := ch.fault; f != nil && f.FailureReason != "" {
		run.fail("%s", f.FailureReason)
	}
	if run.failure != "" {
		put(r.body, "properties.failureReason", run.failure)
		run.errors = append(run.errors, run.failure)
	}
	put(r.body, "properties.output", append([]any{}, clone(run.output).([]any)...))
	put(r.body, "properties.namedOutputs", clone(run.named))
	for name, lines := range run.logs() {
		put(r.body, "properties."+name, append([]any{}, clone(lines).([]any)...))
	}
}

// executionLogs answers the execution, and what a GET does not show of it, with the streams that were asked for; without a body, with all.
func executionLogs(_ *Server, in *scoped, r *resource) *answer {
	var wanted []string
	if len(in.raw) > 0 {
		if err := json.Unmarshal(in.raw, &wanted); err != nil {
			return refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content must be a list of Information, Warning, Output and Error.")
		}
	}
	streams := map[string]string{"Information": "information", "Warning": "warnings", "Output": "output", "Error": "errors"}
	for _, stream := range wanted {
		if streams[stream] == "" {
			return invalid("The stream '%s' is not one of: Information, Warning, Output, Error.", stream)
		}
	}
	body := r.typ.revealed(r.body, in.version())
	for stream, name := range streams {
		if len(wanted) > 0 && !slices.Contains(wanted, stream) {
			remove(body, "properties."+name)
			continue
		}
		lines := hostList(body, "properties."+name)
		slices.Reverse(lines) // the most recent first, as Microsoft's example has them
		put(body, "properties."+name, append([]any{}, clone(lines).([]any)...))
	}
	return reply(http.StatusOK, body)
}
