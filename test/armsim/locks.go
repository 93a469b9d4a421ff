// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// lock is a Microsoft.Authorization/locks resource on a subscription, a resource group or a resource. It holds for its scope
// and for everything below; what contains a locked scope cannot be deleted either.
type lock struct {
	Scope string         `json:"scope"` // id as the first PUT wrote it
	Name  string         `json:"name"`
	Level string         `json:"level"`
	Body  map[string]any `json:"properties"`
}

const (
	canNotDelete = "CanNotDelete"
	readOnly     = "ReadOnly"
	locksPath    = "/providers/microsoft.authorization/locks"
)

func (l *lock) id() string  { return l.Scope + "/providers/Microsoft.Authorization/locks/" + l.Name }
func (l *lock) key() string { return strings.ToLower(l.id()) }

func (l *lock) body() map[string]any {
	return map[string]any{"id": l.id(), "name": l.Name, "type": "Microsoft.Authorization/locks", "properties": cloneObject(l.Body)}
}

// below reports whether the lower-case path is scope or lies under it.
func below(path, scope string) bool {
	scope = strings.ToLower(scope)
	return path == scope || strings.HasPrefix(path, scope+"/")
}

// locksAt splits the path of a request for locks into the scope and the name; ok is false for any other request.
func locksAt(c *call) (scope, name string, ok bool) {
	at := strings.LastIndex(c.path, locksPath)
	if at < 0 {
		return "", "", false
	}
	depth := strings.Count(c.path[:at], "/")
	scope = "/" + strings.Join(c.segments[:depth], "/")
	switch rest := c.segments[depth+3:]; {
	case len(rest) == 0 && strings.HasSuffix(c.path, locksPath):
		return scope, "", true
	case len(rest) == 1:
		return scope, rest[0], true
	}
	return "", "", false
}

var lockVersions = []string{"2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"}

var lockName = regexp.MustCompile(`^[^<>%&:\\?/#]{1,260}$`)

// serveLocks answers a request for locks. s.mu is held.
func (s *Server) serveLocks(in *scoped, scope, name string) *answer {
	if refused := s.lockScope(in, scope); refused != nil {
		return refused
	}
	if name == "" {
		return s.listLocks(in, scope)
	}
	key := strings.ToLower(scope) + locksPath + "/" + strings.ToLower(name)
	switch l := s.locks[key]; {
	case in.http.Method == http.MethodPut:
		return s.putLock(in, scope, name, l)
	case in.http.Method == http.MethodDelete && l == nil:
		return reply(http.StatusNoContent, nil)
	case in.http.Method == http.MethodDelete:
		delete(s.locks, key)
		return reply(http.StatusOK, nil)
	case in.http.Method == http.MethodGet && l == nil:
		return refuse(http.StatusNotFound, "LockNotFound", "The lock '%s' could not be found.", name)
	case in.http.Method == http.MethodGet:
		return reply(http.StatusOK, l.body())
	}
	return methodNotAllowed(in.call)
}

// lockScope wants the scope to exist: the subscription does, or the request would not be here.
func (s *Server) lockScope(in *scoped, scope string) *answer {
	key := strings.ToLower(scope)
	if key == strings.ToLower(in.sub.path()) || s.resources[key] != nil || s.groups[key] != nil {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(scope, in.sub.path()), "/") // "", resourceGroups, name, providers, ...
	if len(parts) < 3 || s.groups[strings.ToLower(in.sub.path()+"/resourceGroups/"+parts[2])] == nil {
		return groupNotFound(parts[min(2, len(parts)-1)])
	}
	return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s' under resource group '%s' was not found. "+
		"For more details please go to https://aka.ms/ARMResourceNotFoundFix", strings.Join(parts[min(4, len(parts)-1):], "/"), parts[2])
}

// listLocks lists those at the scope and below it, and those above that it inherits, as ARM does.
func (s *Server) listLocks(in *scoped, scope string) *answer {
	var list []map[string]any
	key := strings.ToLower(scope)
	for _, id := range sortedKeys(s.locks) {
		if l := s.locks[id]; below(key, l.Scope) || below(strings.ToLower(l.Scope), key) {
			list = append(list, l.body())
		}
	}
	return s.page(in.call, list)
}

func (s *Server) putLock(in *scoped, scope, name string, l *lock) *answer {
	body, refused := in.object(true)
	if refused != nil {
		return refused
	}
	properties, _ := body["properties"].(map[string]any)
	level := lookupString(body, "properties.level")
	switch {
	case !lockName.MatchString(name):
		return refuse(http.StatusBadRequest, "InvalidLockName", "The lock name '%s' is invalid.", name)
	case !slices.Contains([]string{canNotDelete, readOnly}, level):
		return refuse(http.StatusBadRequest, "LockLevelInvalid", "The lock level '%s' is invalid: it must be CanNotDelete or ReadOnly.", level)
	case len(lookupString(body, "properties.notes")) > 512:
		return refuse(http.StatusBadRequest, "LockNotesTooLong", "The notes of the lock '%s' have more than 512 characters.", name)
	}
	status := http.StatusOK
	if l == nil {
		l, status = &lock{Scope: scope, Name: name}, http.StatusCreated
		s.locks[l.key()] = l
	}
	l.Level, l.Body = level, cloneObject(properties)
	return reply(status, l.body())
}

// locked refuses what a lock forbids: a delete under either level, also of what contains the locked scope, and every other
// write, actions included, under ReadOnly. s.mu is held.
func (s *Server) locked(c *call) *answer {
	verb := map[string]string{http.MethodPut: "write", http.MethodPatch: "write", http.MethodPost: "write", http.MethodDelete: "delete"}[c.http.Method]
	if verb == "" || len(s.locks) == 0 {
		return nil
	}
	target := strings.ToLower(scopeOf(c))
	var holds []string
	for _, id := range sortedKeys(s.locks) {
		l := s.locks[id]
		inherits := below(target, l.Scope) && (l.Level == readOnly || verb == "delete")
		contains := verb == "delete" && below(strings.ToLower(l.Scope), target)
		if inherits || contains {
			holds = append(holds, l.Scope)
		}
	}
	if len(holds) == 0 {
		return nil
	}
	return refuse(http.StatusConflict, "ScopeLocked", "The scope '%s' cannot perform %s operation because following scope(s) are locked: '%s'. "+
		"Please remove the lock and try again.", scopeOf(c), verb, strings.Join(slices.Compact(holds), "','"))
}

// LockInAzure makes a lock at once, as somebody in the portal would. Level is CanNotDelete or ReadOnly.
func (s *Server) LockInAzure(scope, name, level, notes string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &lock{Scope: scope, Name: name, Level: level, Body: map[string]any{"level": level, "notes": notes}}
	s.locks[l.key()] = l
}

// dropLocks forgets the locks of a resource or group that is gone. s.mu is held.
func (s *Server) dropLocks(key string) {
	for id, l := range s.locks {
		if below(strings.ToLower(l.Scope), key) {
			delete(s.locks, id)
		}
	}
}
