// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/avs-operator/avs-operator/controllers/azure/lane"
)

// lengths are the operations that Azure ran, as its log tells them.
type lengths struct {
	mu         sync.Mutex
	operations map[string]*operation
}

// operation is one operation in Azure: length is as it was drawn, in Azure's time; the moments are on the wall clock.
type operation struct {
	resource     string
	length       time.Duration
	began, ended time.Time
}

func newLengths() *lengths { return &lengths{operations: map[string]*operation{}} }

func (l *lengths) logger() *slog.Logger { return slog.New(l) }

// Enabled, Handle, WithAttrs and WithGroup make a slog.Handler of it.
func (l *lengths) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle keeps what is about operations.
func (l *lengths) Handle(_ context.Context, record slog.Record) error {
	if record.Message != "Began operation" && record.Message != "Ended operation" {
		return nil
	}
	var id, resource string
	var length time.Duration
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "operation":
			id = a.Value.String()
		case "resource":
			resource = strings.ToLower(a.Value.String())
		case "length":
			length = a.Value.Duration()
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if record.Message == "Began operation" {
		l.operations[id] = &operation{resource: resource, length: length, began: record.Time}
	} else if one := l.operations[id]; one != nil {
		one.ended = record.Time
	}
	return nil
}

// WithAttrs is not used by the simulator.
func (l *lengths) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup is not used by the simulator.
func (l *lengths) WithGroup(string) slog.Handler { return l }

// of are the operations in a private cloud, by the lane that they go through.
func (l *lengths) of(cloud string) (create *operation, lanes map[lane.Class][]*operation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	cloud, lanes = strings.ToLower(cloud), map[lane.Class][]*operation{}
	for _, one := range l.operations {
		rest, in := strings.CutPrefix(one.resource, cloud)
		switch {
		case !in || rest != "" && rest[0] != '/':
		case rest == "":
			create = one
		default:
			class := laneOf(rest)
			lanes[class] = append(lanes[class], one)
		}
	}
	return create, lanes
}

// laneOf is the lane of a resource, by its path below the private cloud.
func laneOf(rest string) lane.Class {
	segment, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch segment {
	case "workloadnetworks":
		return lane.Network
	case "authorizations", "globalreachconnections", "cloudlinks", "hcxenterprisesites", "licenses":
		return lane.Light
	}
	return lane.Hosts
}

func sum(operations []*operation) (total time.Duration) {
	for _, one := range operations {
		total += one.length
	}
	return total
}
