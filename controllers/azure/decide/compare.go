// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// compare works out the body that Azure should have, and where Azure differs from it. The body is what the spec asks for, with tags merged with those
// of others, and with what the spec set once and sets no longer set back to the service's default.
func (s Situation[T]) compare() Decision {
	desired, asked := body.Clone(s.Asked), body.Clone(s.Asked)
	spec := diff.Managed(s.Kind.Desired(s.Object))
	for _, path := range s.Kind.Filled {
		if !slices.Contains(spec, path) {
			body.Remove(asked, path)
		}
	}
	dropped := slices.DeleteFunc(diff.Dropped(s.stat().Managed, desired), func(path string) bool { return path == ManagedAtAll })
	var back []diff.Change
	for _, path := range dropped {
		if value, ok := s.Kind.Defaults[path]; ok {
			back = append(back, diff.Change{Path: path, Desired: value})
		}
	}
	body.Merge(desired, diff.Patch(back))
	if s.Kind.Tagged {
		desired["tags"] = s.tags(desired, dropped)
	}
	d := Decision{Managed: managedOf(asked), Desired: desired, WriteOnly: s.stat().WriteOnly}
	if s.Actual == nil {
		return d
	}
	d.Changes = diff.Compare(desired, s.Actual.Body, s.Kind.Rules)
	s.compareSecrets(&d)
	s.compareDropped(&d, dropped)
	return d
}

// compareSecrets adds the write-only values that Azure does not have yet. Of a resource that is being adopted nobody can know them: they are noted
// and not written, so that taking over what is there, or a backup without status, changes nothing.
func (s Situation[T]) compareSecrets(d *Decision) {
	var changes []diff.Change
	for _, secret := range s.Secrets {
		if secret.Once {
			continue
		}
		at := slices.IndexFunc(d.WriteOnly, func(w v1alpha1.WriteOnlyValue) bool { return w.Path == secret.Path })
		switch {
		case at >= 0 && d.WriteOnly[at].HMAC == secret.HMAC:
		case at < 0 && !s.adopted():
			d.WriteOnly = append(slices.Clone(d.WriteOnly), v1alpha1.WriteOnlyValue{Path: secret.Path, HMAC: secret.HMAC})
		default:
			path, value := body.Container(d.Desired, secret.Path)
			if !slices.ContainsFunc(changes, func(c diff.Change) bool { return c.Path == path }) {
				changes = append(changes, diff.Change{Path: path, Desired: value})
			}
		}
	}
	d.Changes = append(d.Changes, changes...)
}

// compareDropped adds what the spec does not set any more and only a PUT takes away, and tags that it has dropped: a difference although the desired
// body does not name them.
func (s Situation[T]) compareDropped(d *Decision, dropped []string) {
	for _, path := range dropped {
		_, back := s.Kind.Defaults[path]
		if value, there := s.Actual.Value(path); there && !back && s.byPUT(path) {
			d.Changes = append(d.Changes, diff.Change{Path: path, Actual: value})
		}
	}
	if s.Kind.Tagged {
		have, _ := s.Actual.Body["tags"].(map[string]any)
		want, _ := d.Desired["tags"].(map[string]any)
		d.Changes = append(d.Changes, droppedTags(have, want)...)
	}
}

// byPUT says that a path is changed by a PUT of the whole resource.
func (s Situation[T]) byPUT(path string) bool {
	return s.Kind.NoPatch || body.Under(path, s.Kind.PutOnly)
}

// mostDrift bounds what status lists, mostValue each value in it, in bytes.
const (
	mostDrift = 32
	mostValue = 1000
)

// driftOf shows differences as users read them. The operator's own tag is no difference that a user made.
func driftOf(changes []diff.Change) []v1alpha1.DriftItem {
	var out []v1alpha1.DriftItem
	for _, change := range changes[:min(len(changes), mostDrift)] {
		if !strings.EqualFold(change.Path, tagPath(v1alpha1.TagOwner)) {
			out = append(out, v1alpha1.DriftItem{Path: change.Path, Desired: shown(change.Desired), Actual: shown(change.Actual)})
		}
	}
	return out
}

func shown(value any) string { return text.Cut(body.Text(value), mostValue) }

// inSync says whether Azure equals the spec.
func (s Situation[T]) inSync(drift []v1alpha1.DriftItem) status.Fact {
	if len(drift) > 0 {
		return inSync(metav1.ConditionFalse, v1alpha1.ReasonDrifted, s.Differences(drift))
	}
	return inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync, "Azure equals the spec")
}

func inSync(is metav1.ConditionStatus, reason, message string) status.Fact {
	return status.Fact{Condition: v1alpha1.ConditionInSync, Status: is, Reason: reason, Message: message}
}

// Differences lists all of them, as people read them. Azure shows no write-only value, so none is called absent.
func (s Situation[T]) Differences(drift []v1alpha1.DriftItem) string {
	var parts []string
	for _, item := range drift {
		writeOnly := slices.ContainsFunc(s.Secrets, func(one Secret) bool { return one.Path == item.Path || strings.HasPrefix(one.Path, item.Path+"/") })
		if writeOnly && item.Actual == "" {
			parts = append(parts, item.Path+" has another value than Azure was given last; Azure shows neither")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s is %s and should be %s", item.Path, body.OrAbsent(item.Actual), body.OrAbsent(item.Desired)))
	}
	return strings.Join(parts, "; ")
}

// changeKey names changes with the values on both sides: it is another as soon as the spec or Azure has another value.
func changeKey(changes []diff.Change) string {
	hash := sha256.New()
	for _, change := range changes {
		content, err := json.Marshal([]any{change.Path, change.Desired, change.Actual})
		if err != nil {
			content = fmt.Append(nil, change)
		}
		hash.Write(content)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// requested is the reconcile that a person asked for last.
func (s Situation[T]) requested() string {
	return text.Cut(s.annotation(v1alpha1.AnnotationReconcileRequestedAt), 64)
}

// futile says that Azure has accepted the changes often enough, and shows the same other values as before.
func (s Situation[T]) futile(concern []diff.Change) bool {
	key := changeKey(concern)
	return slices.ContainsFunc(s.stat().Unkept, func(one v1alpha1.UnkeptChange) bool {
		return one.Change == key && one.Times >= acceptedEnough && one.Requested == s.requested()
	})
}
