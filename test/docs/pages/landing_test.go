// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

// The rooms are being redrawn. Both lists are empty when that is done, and go then, with this file.

// landing are names on the pages that are not looked up: the redrawing brings them, or takes them away.
var landing = map[string]bool{
	"controllers/move/method": true,
}

// renaming are retired words that still name something, with the rooms in which they do.
var renaming = map[string][]string{
	"pass":     {"controllers/maintenance"},
	"released": {"controllers/maintenance"},
}
