// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feature

import (
	"strings"
	"testing"
)

func TestGatesAreOffAndAMisspeltOneIsAnError(t *testing.T) {
	t.Parallel()
	for text, on := range map[string]bool{"": false, "ScaleInHosts=true": true, "ScaleInHosts=false": false} {
		gates, err := Parse(text)
		if err != nil || gates.Enabled(ScaleInHosts) != on {
			t.Errorf("%q: on %v (%v), want %v", text, gates != nil && gates.Enabled(ScaleInHosts), err, on)
		}
	}
	for text, says := range map[string]string{"ScaleInHost=true": "ScaleInHost", "ScaleInHosts": "ScaleInHosts", "ScaleInHosts=perhaps": "perhaps"} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--feature-gates") ||
			!strings.Contains(err.Error(), "there is ScaleInHosts") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
