// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A test is about a kind whose type it names itself, or through what it calls.
func TestTestsOfAKindAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a_test.go": `package kinds

func (w *world) segment() *v1alpha1.Segment { return &v1alpha1.Segment{} }
func (w *world) two()                       { w.segment() }
func TestDirect(t *testing.T)               { _ = v1alpha1.Segment{} }
func TestOther(t *testing.T)                { _ = v1alpha1.SegmentSpec{}; _ = v1alpha1.Cluster{} }
`,
		"b_test.go": "package kinds\n\nfunc TestThroughOthers(t *testing.T) { w.two() }\nfunc TestMain(m *testing.M) { segment() }\n",
		"c.go":      "package kinds\n\nfunc TestNoTest() { _ = v1alpha1.Segment{} }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for kind, want := range map[string]string{"Segment": "^(TestDirect|TestThroughOthers)$", "Cluster": "^(TestOther)$", "VMGroup": "^()$"} {
		if got, err := run([]string{kind, dir}); got != want || err != nil {
			t.Errorf("%s: %s, want %s (%v)", kind, got, want, err)
		}
	}
}
