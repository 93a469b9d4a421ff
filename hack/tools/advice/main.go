// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command advice fails on a message that tells somebody to do something which the table of test/advice does not have: what no row has, no test
// has done. With -page it prints the table as the page docs/reasons.md.
package main

import (
	"fmt"
	"os"

	"github.com/avs-operator/avs-operator/test/advice"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "-page" {
		fmt.Print(advice.Page())
		return
	}
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: advice -page, or advice ROOT"))
	}
	reasons, err := advice.Constants(os.Args[1] + "/api/v1alpha1")
	if err != nil {
		fail(err)
	}
	missing, texts, checked, err := lint(os.Args[1]+"/controllers", reasons)
	if err != nil {
		fail(err)
	}
	missing = append(missing, stale(texts)...)
	for _, line := range missing {
		fmt.Fprintln(os.Stderr, line)
	}
	if len(missing) > 0 {
		fail(fmt.Errorf("the table in test/advice and the messages differ in %d places", len(missing)))
	}
	fmt.Printf("All %d pieces of advice in messages have a row\n", checked)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "advice:", err)
	os.Exit(1)
}
