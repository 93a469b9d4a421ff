// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// FetchUserPrivilegeOnEntities answers what the user really holds.
func (e *extension) FetchUserPrivilegeOnEntities(_ *simulator.Context, req *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	all := e.v.accounts.privilegesOf(req.UserName, allPrivileges)
	var results []types.UserPrivilegeResult
	for _, entity := range req.Entities {
		held := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return !e.v.granted(req.UserName, p, entity) })
		results = append(results, types.UserPrivilegeResult{Entity: entity, Privileges: held})
	}
	return &methods.FetchUserPrivilegeOnEntitiesBody{Res: &types.FetchUserPrivilegeOnEntitiesResponse{Returnval: results}}
}

// HasUserPrivilegeOnEntities answers for any user.
func (e *extension) HasUserPrivilegeOnEntities(_ *simulator.Context, req *types.HasUserPrivilegeOnEntities) soap.HasFault {
	return &methods.HasUserPrivilegeOnEntitiesBody{Res: &types.HasUserPrivilegeOnEntitiesResponse{
		Returnval: e.v.availability(req.Entities, req.UserName, req.PrivId),
	}}
}

// HasPrivilegeOnEntities answers for a session, by default the caller's.
func (e *extension) HasPrivilegeOnEntities(ctx *simulator.Context, req *types.HasPrivilegeOnEntities) soap.HasFault {
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{
		Returnval: e.v.availability(req.Entity, e.v.userOfSession(ctx, req.SessionId), req.PrivId),
	}}
}

// HasPrivilegeOnEntity answers for one object.
func (e *extension) HasPrivilegeOnEntity(ctx *simulator.Context, req *types.HasPrivilegeOnEntity) soap.HasFault {
	user := e.v.userOfSession(ctx, req.SessionId)
	granted := make([]bool, len(req.PrivId))
	for i, p := range req.PrivId {
		granted[i] = e.v.granted(user, p, req.Entity)
	}
	return &methods.HasPrivilegeOnEntityBody{Res: &types.HasPrivilegeOnEntityResponse{Returnval: granted}}
}

func (v *VCenter) userOfSession(ctx *simulator.Context, key string) string {
	if key == "" || key == ctx.Session.Key {
		return ctx.Session.UserName
	}
	return v.sessions.userOf(key)
}

func (v *VCenter) availability(entities []reference, user string, privileges []string) []types.EntityPrivilege {
	var all []types.EntityPrivilege
	for _, entity := range entities {
		one := types.EntityPrivilege{Entity: entity}
		for _, p := range privileges {
			one.PrivAvailability = append(one.PrivAvailability, types.PrivilegeAvailability{PrivId: p, IsGranted: v.granted(user, p, entity)})
		}
		all = append(all, one)
	}
	return all
}
