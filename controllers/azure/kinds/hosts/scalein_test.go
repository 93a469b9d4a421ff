// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"fmt"
	"strings"
	"testing"
)

func TestStaying(t *testing.T) {
	all := []string{"esx01.a", "esx02.a", "esx03.a", "esx04.a", "esx05.a"}
	for name, c := range map[string]struct {
		first string
		size  int
		want  string
	}{
		"one by its first label":    {"esx02", 4, "esx01.a esx03.a esx04.a esx05.a"},
		"by its whole name":         {"ESX02.A", 4, "esx01.a esx03.a esx04.a esx05.a"},
		"more named than leave":     {"esx04 esx01", 4, "esx01.a esx02.a esx03.a esx05.a"},
		"fewer named than leave":    {"esx01", 3, "esx02.a esx03.a esx04.a"},
		"one that has left already": {"esx09 esx03", 4, "esx01.a esx02.a esx04.a esx05.a"},
		"none that is there":        {"esx09", 4, ""},
	} {
		if got := strings.Trim(fmt.Sprint(staying(all, strings.Fields(c.first), c.size)), "[]"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
