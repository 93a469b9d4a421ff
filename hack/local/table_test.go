// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

func machine(name string, step v1alpha1.MoveStep, percent int32) *v1alpha1.VirtualMachineMove {
	return &v1alpha1.VirtualMachineMove{
		ObjectMeta: metav1.ObjectMeta{Name: "finance-" + name},
		Spec:       v1alpha1.VirtualMachineMoveSpec{Machine: v1alpha1.MachineIdentity{Name: name}},
		Status: v1alpha1.VirtualMachineMoveStatus{Step: step, Progress: percent, Conditions: []metav1.Condition{
			{Type: "Ready", Status: "True", Reason: "Moving", Message: "on its way"},
		}},
	}
}

func fullBoard() *board {
	b := newBoard()
	for i := range 20 {
		b.update(machine(fmt.Sprintf("m-%02d", i), v1alpha1.MoveStepWaiting, 0))
	}
	b.update(machine("m-07", v1alpha1.MoveStepRelocating, 40))
	b.update(machine("m-08", v1alpha1.MoveStepMoved, 100))
	b.update(&v1alpha1.PrivateCloud{ObjectMeta: metav1.ObjectMeta{Name: "weu"}})
	return b
}

func TestTableFitsTheTerminal(t *testing.T) {
	for _, size := range [][2]int{{79, 22}, {40, 10}, {200, 60}} {
		lines := table(fullBoard().sorted(), size[0], size[1])
		if len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > size[0] {
				t.Errorf("%v: too wide: %q", size, l)
			}
		}
	}
	short := table(fullBoard().sorted(), 100, 10)
	if last := short[len(short)-1]; !strings.Contains(last, "... and 13 more") {
		t.Errorf("what does not fit is not counted: %q", last)
	}
}

func TestTableShowsWhatIsUnderWayFirst(t *testing.T) {
	var names []string
	for _, r := range fullBoard().sorted() {
		names = append(names, r.name)
	}
	if names[0] != "weu" || names[1] != "m-07" || names[len(names)-1] != "m-08" {
		t.Errorf("order: %v", names)
	}
}

func TestPlainLinesTellEachChangeOnce(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out, start: time.Now()}
	d := &demo{screen: s, board: newBoard()}
	for _, m := range []*v1alpha1.VirtualMachineMove{
		machine("m-07", v1alpha1.MoveStepWaiting, 0), machine("m-07", v1alpha1.MoveStepRelocating, 0),
		machine("m-07", v1alpha1.MoveStepRelocating, 50), machine("m-07", v1alpha1.MoveStepMoved, 100),
		machine("m-07", v1alpha1.MoveStepMoved, 100),
	} {
		d.take(m)
	}
	text := out.String()
	if strings.Count(text, "\n") != 2 || !strings.Contains(text, "Relocating") || !strings.Contains(text, "Moved") || strings.Contains(text, "\x1b") {
		t.Errorf("lines:\n%s", text)
	}
}

// On a terminal the table is drawn over itself: after each frame the cursor must be where the next clear expects it.
func TestTerminalIsRedrawnInPlace(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out, terminal: true, start: time.Now(), size: func() (int, int) { return 100, 12 }}
	rows := fullBoard().sorted()
	s.draw(rows)
	first := strings.Count(out.String(), "\n")
	out.Reset()
	s.say("something happened")
	if want := fmt.Sprintf("\x1b[%dA\x1b[J", first); !strings.HasPrefix(out.String(), want) {
		t.Errorf("a message must take the table of %d lines away first: %q", first, out.String())
	}
	out.Reset()
	s.leave(rows)
	s.say("after the end")
	if strings.Contains(out.String(), "\x1b[") {
		t.Errorf("the last table must stand: %q", out.String())
	}
}
