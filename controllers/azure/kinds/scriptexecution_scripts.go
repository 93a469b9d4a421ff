// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// scriptName is the object's name with a hash of what it runs. Where secrets come from is part of that, what they are is not.
func scriptName(e *v1alpha1.ScriptExecution) string {
	s := &e.Spec
	text, err := json.Marshal([]any{s.ScriptPackage, s.ScriptCmdlet, s.Parameters, s.HiddenParameters, s.TimeoutSeconds, s.RetentionSeconds})
	if err != nil {
		panic(fmt.Sprintf("a spec that came as JSON cannot be written as JSON: %v", err))
	}
	sum := sha256.Sum256(text)
	return e.Name[:min(len(e.Name), 53)] + "-" + hex.EncodeToString(sum[:5])
}

// isoDuration writes seconds as ISO 8601 does, with days as the largest unit.
func isoDuration(seconds int32) string {
	d := time.Duration(seconds) * time.Second
	days, rest := d/(24*time.Hour), d%(24*time.Hour)
	out := "P"
	if days > 0 {
		out += fmt.Sprintf("%dD", days)
	}
	if rest > 0 || days == 0 {
		out += "T" + strings.ToUpper(rest.String())
	}
	return out
}

// scriptParameters are parameters as ARM has them. Secrets are filled in where they go.
func scriptParameters(parameters []v1alpha1.ScriptParameter) []any {
	out := make([]any, 0, len(parameters))
	for _, p := range parameters {
		one := map[string]any{"name": p.Name}
		switch {
		case p.CredentialsRef != nil:
			one["type"] = "Credential"
		case p.ValueSecretRef != nil:
			one["type"] = "SecureValue"
		default:
			one["type"] = "Value"
			if p.Value != nil {
				one["value"] = *p.Value
			}
		}
		out = append(out, one)
	}
	return out
}

func scriptSecrets(under string, parameters []v1alpha1.ScriptParameter) []kind.SecretValue {
	var out []kind.SecretValue
	for i, p := range parameters {
		at := under + "/" + strconv.Itoa(i)
		if p.ValueSecretRef != nil {
			out = append(out, kind.SecretValue{Path: at + "/secureValue", Ref: *p.ValueSecretRef})
		}
		if p.CredentialsRef != nil {
			out = append(out, credentialsAt(at, *p.CredentialsRef)...)
		}
	}
	return out
}

// credentialsAt puts a basic-auth Secret into a body.
func credentialsAt(at string, ref v1alpha1.CredentialsReference) []kind.SecretValue {
	return []kind.SecretValue{
		{Path: at + "/username", Ref: v1alpha1.SecretKeyReference{Name: ref.Name, Key: "username"}},
		{Path: at + "/password", Ref: v1alpha1.SecretKeyReference{Name: ref.Name, Key: "password"}},
	}
}

func versioned(name string) bool { return strings.Contains(name, "@") }

// runsCmdlet says whether an id is of the cmdlet that the spec names, in any version if it names none.
func runsCmdlet(id arm.ID, spec *v1alpha1.ScriptExecutionSpec) bool {
	name := id.Parent().Name()
	if !versioned(spec.ScriptPackage) {
		name, _, _ = strings.Cut(name, "@")
	}
	return strings.EqualFold(name, spec.ScriptPackage) && strings.EqualFold(id.Name(), spec.ScriptCmdlet)
}

// newestPackage is the package in its highest version, empty if there is none.
func newestPackage(name string, packages []*arm.Resource) string {
	newest, highest := "", []int(nil)
	for _, p := range packages {
		of, version, _ := strings.Cut(p.Name, "@")
		if numbers := versionOf(version); strings.EqualFold(of, name) && (newest == "" || slices.Compare(numbers, highest) > 0) {
			newest, highest = p.Name, numbers
		}
	}
	return newest
}

// versionOf is a version as numbers; what is no number counts as zero.
func versionOf(text string) []int {
	var out []int
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == '-' }) {
		n, _ := strconv.Atoi(part)
		out = append(out, n)
	}
	return out
}

const (
	// everyOutput in secretOutputs stands for all of them.
	everyOutput = "*"
	mostOutputs = 64
	mostLines   = 64
)

// executionLogs are what an execution wrote. Without a body Azure answers all streams.
func executionLogs(ctx context.Context, w kind.World[*v1alpha1.ScriptExecution]) (*arm.Resource, error) {
	logs := &arm.Resource{ID: w.ID, Name: w.ID.Name()}
	if err := w.ARM.Post(ctx, w.ID, "getExecutionLogs", nil, &logs.Body); err != nil {
		return nil, err
	}
	return logs, nil
}

// linesOf a stream in the order in which they were written. Azure answers the most recent first, as Microsoft's example of GetExecutionLogs says.
func linesOf(logs *arm.Resource, stream string) []string {
	lines := logs.Texts("/properties/" + stream)
	slices.Reverse(lines)
	return lines
}

// lastLines of a stream: the end tells more than the beginning.
func lastLines(logs *arm.Resource, stream string) []string {
	lines := linesOf(logs, stream)
	lines = lines[max(0, len(lines)-mostLines):]
	for i, line := range lines {
		lines[i] = text.Cut(line, 1024)
	}
	return lines
}

// namedOutputs are the results by name; a text as it is, anything else as JSON.
func namedOutputs(actual *arm.Resource) map[string]string {
	value, _ := actual.Value("/properties/namedOutputs")
	outputs, _ := value.(map[string]any)
	out := map[string]string{}
	for name, value := range outputs {
		if text, ok := value.(string); ok {
			out[name] = text
			continue
		}
		text, err := json.Marshal(value)
		if err == nil {
			out[name] = string(text)
		}
	}
	return out
}

func isSecretOutput(e *v1alpha1.ScriptExecution, name string) bool {
	return slices.ContainsFunc(e.Spec.SecretOutputs, func(one string) bool { return one == everyOutput || strings.EqualFold(one, name) })
}

// publicOutputs are those that may be shown, by name.
func publicOutputs(e *v1alpha1.ScriptExecution, actual *arm.Resource) []v1alpha1.ScriptOutput {
	var out []v1alpha1.ScriptOutput
	for name, value := range namedOutputs(actual) {
		if !isSecretOutput(e, name) && name != "" {
			shown := text.Cut(value, 2048)
			out = append(out, v1alpha1.ScriptOutput{Name: text.Cut(name, 128), Value: &shown})
		}
	}
	slices.SortFunc(out, func(a, b v1alpha1.ScriptOutput) int { return cmp.Compare(a.Name, b.Name) })
	out = slices.CompactFunc(out, func(a, b v1alpha1.ScriptOutput) bool { return a.Name == b.Name })
	return out[:min(len(out), mostOutputs)]
}

var noSecretKey = regexp.MustCompile(`[^-._a-zA-Z0-9]`)

// secretOutputs are those that go into the Secret, whole. What no key of a Secret may have becomes an underscore.
func secretOutputs(e *v1alpha1.ScriptExecution, actual *arm.Resource) map[string][]byte {
	out := map[string][]byte{}
	for name, value := range namedOutputs(actual) {
		if isSecretOutput(e, name) {
			out[noSecretKey.ReplaceAllString(name, "_")] = []byte(value)
		}
	}
	if slices.Contains(e.Spec.SecretOutputs, everyOutput) {
		for _, stream := range []string{"output", "information", "warnings", "errors"} {
			out[stream] = []byte(strings.Join(linesOf(actual, stream), "\n"))
		}
	}
	return out
}
