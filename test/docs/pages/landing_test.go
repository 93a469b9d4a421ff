// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

// The rooms are being redrawn. Both lists are empty when that is done, and go then, with this file.

// landing are names on the pages that are not looked up: the redrawing brings them, or takes them away.
var landing = map[string]bool{
	"controllers/azure/recall": true,
	"controllers/azure/tree":   true,
	"controllers/maintenance":  true,
	"controllers/move/method":  true,
}

// renaming are retired words that still name something, with the rooms in which they do.
var renaming = map[string][]string{
	"Actor":               {"controllers/azure/*.go"},
	"Actions":             {"controllers/azure/*.go"},
	"Clearer":             {"controllers/azure/*.go"},
	"Departure":           {"controllers/azure/*.go"},
	"Keeper":              {"controllers/azure/*.go"},
	"MayGo":               {"controllers/azure"},
	"ProgrammeReconciler": {"controllers/move"},
	"Witness":             {"controllers/azure/*.go"},
	"beside":              {"controllers/azure/*.go"},
	"facts":               {"controllers/move"},
	"farewell":            {"controllers/azure/*.go"},
	"fine":                {"controllers/move"},
	"glance":              {"controllers/azure/*.go", "controllers/move"},
	"guard":               {"controllers/azure"},
	"hold":                {"controllers/move"},
	"keeps":               {"controllers/azure"},
	"pass":                {"controllers/move", "controllers/capacity"},
	"pause":               {"controllers/move"},
	"programme":           {"controllers/move"},
	"release":             {"controllers/azure/*.go", "controllers/move"},
	"released":            {"controllers/azure/*.go", "controllers/capacity"},
	"riddle":              {"controllers/move"},
	"sole":                {"controllers/azure/*.go"},
	"took":                {"controllers/azure/*.go"},
}
