// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/avs-operator/avs-operator/test/env"
)

// ArgoHealth is what Argo CD says of an object with the check in config/argocd. As there, a script has the base functions and table, and no more
// than a second.
func ArgoHealth(object *unstructured.Unstructured) (status, message string, err error) {
	root, err := env.RepositoryRoot()
	if err != nil {
		return "", "", err
	}
	script, err := os.ReadFile(filepath.Join(root, "config", "argocd", "health.lua"))
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	vm := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer vm.Close()
	vm.SetContext(ctx)
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		vm.Push(vm.NewFunction(open))
		vm.Push(lua.LString(name))
		if err := vm.PCall(1, 0, nil); err != nil {
			return "", "", fmt.Errorf("opening %s: %w", name, err)
		}
	}
	vm.SetGlobal("obj", toLua(vm, object.Object))
	if err := vm.DoString(string(script)); err != nil {
		return "", "", fmt.Errorf("running config/argocd/health.lua: %w", err)
	}
	answer, ok := vm.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", errors.New("config/argocd/health.lua returns no table")
	}
	return lua.LVAsString(answer.RawGetString("status")), lua.LVAsString(answer.RawGetString("message")), nil
}

// toLua is a value of JSON in Lua.
func toLua(vm *lua.LState, value any) lua.LValue {
	switch at := value.(type) {
	case string:
		return lua.LString(at)
	case bool:
		return lua.LBool(at)
	case int64:
		return lua.LNumber(at)
	case float64:
		return lua.LNumber(at)
	case []any:
		list := vm.NewTable()
		for _, one := range at {
			list.Append(toLua(vm, one))
		}
		return list
	case map[string]any:
		table := vm.NewTable()
		for key, one := range at {
			table.RawSetString(key, toLua(vm, one))
		}
		return table
	}
	return lua.LNil
}
