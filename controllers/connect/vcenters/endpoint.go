// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"fmt"
	"net"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// versions is what a connection depends on, from caches alone: no call, no secret.
func (v *Pool) versions(ctx context.Context, object *v1alpha1.VCenter) (string, *outcome.Outcome) {
	out := fmt.Sprintf("%s/%d", object.UID, object.Generation)
	for _, used := range vcenterUses(object) {
		version, o := v.version(ctx, object, used.Kind, used.Name)
		if o != nil {
			return "", o
		}
		out += "/" + version
	}
	if object.Spec.PrivateCloudRef == nil {
		return out, nil
	}
	cloud, o := v.privateCloud(ctx, object)
	if o != nil {
		return "", o
	}
	e := cloud.Status.Endpoints
	out += fmt.Sprintf("/%s/%s/%s/%s/%s", cloud.UID, cloud.Status.ID, e.VCenter, e.VCenterIP, e.VCenterCertificateThumbprint)
	if cloud.Status.Rotations != nil {
		out += "/" + cloud.Status.Rotations.VCenter // a new word means a new password
	}
	return out, nil
}

// version is the version of what a VCenter refers to, from the cache of metadata.
func (v *Pool) version(ctx context.Context, object *v1alpha1.VCenter, kind, name string) (string, *outcome.Outcome) {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	err := v.o.Client.Get(ctx, types.NamespacedName{Namespace: object.Namespace, Name: name}, m)
	if apierrors.IsNotFound(err) {
		return "", secrets.Missing("%s %s/%s, which VCenter %s refers to, is not there: create it, or correct the name", kind, object.Namespace, name, object.Name)
	}
	if err != nil {
		return "", outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	return string(m.UID) + "/" + m.ResourceVersion, nil
}

// vcenterUses lists what a connection is made from, in a fixed order. The migration account is not among it: it is for others.
func vcenterUses(v *v1alpha1.VCenter) []secrets.Reference {
	var out []secrets.Reference
	if ref := v.Spec.CredentialsRef; ref != nil {
		out = append(out, secrets.ToAccount(ref.Name))
	}
	if t := v.Spec.Trust; t != nil && t.CARef != nil {
		out = append(out, secrets.ToCA(*t.CARef))
	}
	return out
}

// privateCloud is the PrivateCloud that the VCenter names, with its endpoints there to use. One that Azure updates has a vCenter that
// answers; one that it builds may have endpoints already, but nothing behind them.
func (v *Pool) privateCloud(ctx context.Context, object *v1alpha1.VCenter) (*v1alpha1.PrivateCloud, *outcome.Outcome) {
	cloud := &v1alpha1.PrivateCloud{}
	name := object.Spec.PrivateCloudRef.Name
	err := v.o.Client.Get(ctx, types.NamespacedName{Namespace: object.Namespace, Name: name}, cloud)
	if apierrors.IsNotFound(err) {
		return nil, secrets.Missing("PrivateCloud %s/%s is not there: create it, or correct the name", object.Namespace, name)
	}
	if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	state, e := cloud.Status.ProvisioningState, cloud.Status.Endpoints
	usable := state == "Succeeded" || state == "Updating" || meta.IsStatusConditionTrue(cloud.Status.Conditions, v1alpha1.ConditionReady)
	if !usable || e == nil || e.VCenter == "" || cloud.Status.ID == "" {
		if state == "" {
			state = "not in Azure yet"
		}
		if stalled := meta.FindStatusCondition(cloud.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil {
			return nil, outcome.Wait(v1alpha1.ReasonReferenceNotReady, "PrivateCloud %s/%s has no vCenter to use and needs somebody first: "+
				"its condition Stalled has the reason %s and says what to do; it is used after that by itself",
				object.Namespace, name, stalled.Reason).About(v1alpha1.ConditionReferencesReady)
		}
		return nil, outcome.Wait(v1alpha1.ReasonReferenceNotReady,
			"PrivateCloud %s/%s has no vCenter to use yet (it is %s): it is used as soon as Azure has built it",
			object.Namespace, name, state).About(v1alpha1.ConditionReferencesReady)
	}
	return cloud, nil
}

// endpoint puts together where the vCenter is, how to trust it and whom to be there.
func (v *Pool) endpoint(ctx context.Context, object *v1alpha1.VCenter) (vcenter.Endpoint, string, *outcome.Outcome) {
	e := vcenter.Endpoint{
		URL: object.Spec.URL, Address: object.Spec.Address,
		Speed: float64(v.o.Pace), UserAgent: v.o.UserAgent, MayWrite: v.o.MayWrite, Guard: v.guard,
		WrapTransport: v.o.WrapTransport, Observe: v.o.Observe,
	}
	if object.Spec.URL != "" {
		e.Confine = v.o.Local.Guard
	}
	var (
		o     *outcome.Outcome
		ca    []byte
		cloud *v1alpha1.PrivateCloud
	)
	if object.Spec.PrivateCloudRef != nil {
		if cloud, o = v.privateCloud(ctx, object); o != nil {
			return e, "", o
		}
		e.URL, e.Thumbprint = cloud.Status.Endpoints.VCenter, cloud.Status.Endpoints.VCenterCertificateThumbprint
		e.Address = addressFor(e.URL, cloud.Status.Endpoints.VCenterIP)
	}
	if t := object.Spec.Trust; t != nil {
		e.Thumbprint = t.Thumbprint
		if t.CARef != nil {
			if ca, e.RootCAs, o = v.o.Live.CA(ctx, object.Namespace, *t.CARef); o != nil {
				return e, "", o
			}
		}
	}
	if ref := object.Spec.CredentialsRef; ref != nil {
		e.Username, e.Password, o = v.o.Live.BasicAuth(ctx, object.Namespace, *ref)
	} else {
		e.Username, e.Password, o = v.cloudadmin(ctx, cloud)
	}
	return e, v.fingerprint(e.URL, e.Address, e.Thumbprint, string(ca), e.Username, e.Password), o
}

// addressFor is the address to dial for a URL that Azure reports: its DNS name need not resolve where the operator runs, while the
// certificate must still say it.
func addressFor(reported, ip string) string {
	u, err := url.Parse(reported)
	if err != nil || ip == "" || net.ParseIP(u.Hostname()) != nil {
		return ""
	}
	return ip
}

// cloudadmin asks Azure for cloudadmin's name and password. They are held in memory only.
func (v *Pool) cloudadmin(ctx context.Context, cloud *v1alpha1.PrivateCloud) (string, string, *outcome.Outcome) {
	if v.o.Azure == nil || cloud == nil {
		return "", "", outcome.Stall(v1alpha1.ReasonInvalidSpec, "there is neither a Secret with an account, in credentialsRef, "+
			"nor a private cloud whose account could be asked for").About(v1alpha1.ConditionCredentialsReady)
	}
	azure, _, o := v.o.Azure.Client(ctx, cloud.Namespace, cloud.Spec.IdentityRef)
	if o != nil {
		return "", "", o
	}
	id, err := arm.ParseID(cloud.Status.ID)
	if err != nil {
		return "", "", outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	credentials, err := v.AdminCredentials(ctx, azure, id)
	if err != nil {
		return "", "", rulings.OfAzure(err).About(v1alpha1.ConditionCredentialsReady)
	}
	return credentials.VCenterUsername, credentials.VCenterPassword, nil
}

// build is one attempt: it reads what the endpoint is made of, and logs in unless the present connection is made of the same.
func (v *Pool) build(ctx context.Context, object *v1alpha1.VCenter, p *pooled) (*built, *outcome.Outcome, error) {
	e, fingerprint, o := v.endpoint(ctx, object)
	if o != nil {
		return nil, o, nil
	}
	p.mu.Lock()
	now := p.now
	p.mu.Unlock()
	if now != nil && now.fingerprint == fingerprint && vcenter.ClassOf(now.watcher.Err()) != vcenter.IdentityChanged {
		return &built{same: true}, nil, nil
	}
	c, err := vcenter.Connect(ctx, e)
	if err != nil {
		return nil, rulings.Unproven(err, object, v.o.Pace), err
	}
	return &built{connection: &connection{
		client: c, watcher: vcenter.NewWatcher(c, v.o.Watcher), url: e.URL, username: e.Username, fingerprint: fingerprint,
	}}, nil, nil
}
