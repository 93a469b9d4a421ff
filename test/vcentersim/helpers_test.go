// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/task"
)

func asTask(err error, into *task.Error) bool { return errors.As(err, into) }

func typeOf(x any) string {
	t := reflect.TypeOf(x)
	if t == nil {
		return "nil"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// eventually waits for something that happens by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("it never happened: %s", what)
}

func replaceOnce(text, old, with string) string { return strings.Replace(text, old, with, 1) }
