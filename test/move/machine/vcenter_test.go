// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	vimtypes "github.com/vmware/govmomi/vim25/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestAVCenterSaysWhatItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(vcentersim.MachineSpec{Name: "count-01"})
	v := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "oslo"}}
	cluster.WaitReady(t, v)
	for _, condition := range []string{v1alpha1.ConditionCredentialsReady, v1alpha1.ConditionReferencesReady} {
		if !meta.IsStatusConditionTrue(v.Status.Conditions, condition) {
			t.Errorf("%s is not True: %s", condition, cluster.Describe(t.Context(), v))
		}
	}
	cluster.WaitFor(t, 30*time.Second, v, "the machine to be counted", func() error {
		s := v.Status
		if s.Inventory == nil || s.Inventory.VirtualMachines != 1 || s.Inventory.Hosts != 3 || s.Inventory.Clusters != 1 || s.Version == "" ||
			s.InstanceUUID != w.Source.InstanceUUID() || s.URL != w.Source.URL() {
			return fmt.Errorf("the status is %+v, inventory %+v", s, s.Inventory)
		}
		return nil
	})
	// A quiet vCenter is written about no more.
	version := v.ResourceVersion
	cluster.Consistently(t, 2*time.Second, "nothing is written", func(ctx context.Context) error {
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(v), v); err != nil || v.ResourceVersion != version {
			return fmt.Errorf("resourceVersion %s became %s: %w", version, v.ResourceVersion, err)
		}
		return nil
	}, v)
}

// A pin of SHA-1 is taken, and the VCenter says that it is weak until there is a better one.
func TestASHA1PinIsWarnedOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "oslo"}}
	cluster.WaitReady(t, v)
	cluster.WaitSays(t, v, v1alpha1.ConditionThumbprintStrong, metav1.ConditionFalse, v1alpha1.ReasonSHA1, "-fingerprint -sha256")
	env.Edit(t, cluster, v, func(v *v1alpha1.VCenter) { v.Spec.Trust.Thumbprint = w.Source.ThumbprintSHA256() })
	cluster.WaitSays(t, v, v1alpha1.ConditionThumbprintStrong, metav1.ConditionTrue, v1alpha1.ReasonSHA256)
	cluster.WaitReady(t, v)
}

func TestAWrongThumbprintIsToldWithBothAndNothingIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wrong := "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA"
	before := len(w.Target.Logins())
	v := w.Declare(w.t, "bergen", w.Target, func(v *v1alpha1.VCenter) { v.Spec.Trust.Thumbprint = wrong })
	cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCertificateChanged, wrong, w.Target.Thumbprint(), "trust.thumbprint")
	logins := 0
	for _, login := range w.Target.Logins()[before:] {
		if login.User == w.Target.Username() {
			logins++
		}
	}
	if logins > 1 { // the object weu may log in meanwhile
		t.Errorf("%d logins over a connection that is not trusted", logins)
	}
	cluster.Patch(t, v, fmt.Sprintf(`{"spec":{"trust":{"thumbprint":%q}}}`, w.Target.Thumbprint()))
	cluster.WaitReady(t, v)
}

// TestACertificateThatNobodyVouchesForIsPinned trusts an authority that has not signed the vCenter's certificate, and does what the message says, both
// ways.
func TestACertificateThatNobodyVouchesForIsPinned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	authority := func(name string, of *vcentersim.VCenter) *corev1.ConfigMap {
		ca := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}, Data: map[string]string{"ca.crt": string(of.CertificatePEM())}}
		cluster.Create(w.t, ca)
		return ca
	}
	others := authority("ca-of-another", w.Source)
	by := func(v *v1alpha1.VCenter) {
		v.Spec.Trust = &v1alpha1.VCenterTrust{CARef: &v1alpha1.CAReference{Kind: "ConfigMap", Name: others.Name}}
	}
	pinned, corrected := w.Declare(w.t, "bergen", w.Target, by), w.Declare(w.t, "stavanger", w.Target, by)
	for _, v := range []*v1alpha1.VCenter{pinned, corrected} {
		cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCertificateUntrusted,
			"correct trust.caRef, or pin the certificate with trust.thumbprint")
	}
	right := authority("ca-of-weu", w.Target)
	env.Edit(t, cluster, pinned, func(v *v1alpha1.VCenter) {
		v.Spec.Trust = &v1alpha1.VCenterTrust{Thumbprint: w.Target.ThumbprintSHA256()}
	})
	env.Edit(t, cluster, corrected, func(v *v1alpha1.VCenter) { v.Spec.Trust.CARef.Name = right.Name })
	for _, v := range []*v1alpha1.VCenter{pinned, corrected} {
		cluster.WaitReady(t, v)
	}
}

// TestARefusedPasswordIsTriedOnce looks at the logins: five refusals lock an account, however many objects use it.
func TestARefusedPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const user = "mover@vsphere.local"
	w.Target.AddUser(user, "right", vcentersim.Administrator)
	w.picture("weu")
	w.Account(w.t, "mover", user, "wrong")
	var all []*v1alpha1.VCenter
	for i := range 6 {
		all = append(all, w.Declare(w.t, fmt.Sprintf("weu-%d", i), w.Target, func(v *v1alpha1.VCenter) {
			v.Spec.CredentialsRef.Name = "mover"
		}))
	}
	for _, v := range all {
		cluster.WaitSays(t, v, v1alpha1.ConditionCredentialsReady, metav1.ConditionFalse, v1alpha1.ReasonCredentialsInvalid,
			"refuses user name or password", "not before")
		cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCredentialsInvalid)
	}
	if n := harness.RefusalsApart(t, w.Target, user, speed); n == 0 {
		t.Error("the wrong password was never tried")
	}
	w.Account(w.t, "mover", user, "right") // a new password is tried at once
	for _, v := range all {
		cluster.WaitReady(t, v)
	}
}

// TestAWrongMigrationAccountIsTriedOnceForAllMachines hands a wrong password to no other vCenter.
func TestAWrongMigrationAccountIsTriedOnceForAllMachines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const user = "mover@vsphere.local"
	w.Target.AddUser(user, "right", vcentersim.Administrator)
	w.Account(w.t, "mover", user, "wrong")
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"migration":{"credentialsRef":{"name":"mover"}}}}`))
	v := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu"}}
	if err := cluster.Admin.Patch(t.Context(), v, patch); err != nil {
		t.Fatal(err)
	}
	cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCredentialsInvalid, "the migration account in Secret mover",
		"refuses user name or password")
	var moves []*v1alpha1.VirtualMachineMove
	var machines []vcentersim.MachineState
	for i := range 6 {
		was := w.add(vcentersim.MachineSpec{Name: fmt.Sprintf("acct-%02d", i), PoweredOn: true})
		m := w.planned(was, v1alpha1.MoveMethodLive)
		cluster.Create(w.t, m)
		moves, machines = append(moves, m), append(machines, was)
	}
	for _, m := range moves {
		cluster.WaitFor(t, time.Minute, m, "a reason", func() error {
			c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.ConditionReady)
			if c == nil || !strings.Contains(c.Message, "migration account") && c.Reason != v1alpha1.ReasonWaitingForTurn {
				return fmt.Errorf("it says %+v", c)
			}
			return nil
		})
	}
	for _, was := range machines {
		w.untouched(was)
	}
	if n := harness.RefusalsApart(t, w.Target, user, speed); n == 0 {
		t.Error("the wrong password was never tried")
	}
	w.Account(w.t, "mover", user, "right")
	cluster.WaitReady(t, v)
	for i, m := range moves {
		cluster.WaitCondition(t, time.Minute, m, v1alpha1.ConditionComplete, "True")
		w.sameMachine(machines[i])
	}
}

func TestAMissingSecretIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.Declare(w.t, "late", w.Source, func(v *v1alpha1.VCenter) { v.Spec.CredentialsRef.Name = "later" })
	cluster.WaitSays(t, v, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotFound, "Secret", "later")
	cluster.WaitSays(t, v, v1alpha1.ConditionReferencesReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
	w.Account(w.t, "later", w.Source.Username(), w.Source.Password())
	cluster.WaitReady(t, v)
}

func TestAVCenterThatCannotBeReachedHealsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.picture("oslo")
	gone := harness.StartVCenter(w.t, vcentersim.Config{Layout: vcentersim.OnPremises, Name: "Bergen", Speed: speed})
	url := gone.URL()
	v := w.Declare(w.t, "bergen", gone)
	cluster.WaitReady(t, v)
	gone.Close()
	cluster.WaitSays(t, v, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonUnreachable)
	back := harness.StartVCenter(w.t, vcentersim.Config{Layout: vcentersim.OnPremises, Name: "Bergen", Speed: speed, Listen: strings.TrimPrefix(url, "https://")})
	cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCertificateChanged, back.Thumbprint()) // it came back with another
	cluster.Patch(t, v, fmt.Sprintf(`{"spec":{"trust":{"thumbprint":%q}}}`, back.Thumbprint()))
	cluster.WaitReady(t, v)
}

// An account that may not even look is told so, and the VCenter is used once it has its role.
func TestAnAccountWithoutItsRoleIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bergen := harness.StartVCenter(w.t, vcentersim.Config{Layout: vcentersim.OnPremises, Name: "Bergen", Speed: speed})
	bergen.Inject(vcentersim.Fault{Method: "Login", With: &vimtypes.NoPermission{PrivilegeId: "System.View"}, Times: -1})
	v := w.Declare(w.t, "bergen", bergen)
	cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForbidden, "give the account the role that the documentation lists")
	bergen.ClearFaults()
	cluster.WaitReady(t, v)
}

// A host is no vCenter: the VCenter says what to correct, and is used when it leads to one.
func TestAHostIsNoVCenter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esx := simulator.ESX()
	if err := esx.Create(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(esx.Remove)
	esx.Service.TLS = new(tls.Config)
	server := esx.Service.NewServer()
	t.Cleanup(server.Close)
	sum := sha256.Sum256(server.Certificate().Raw)
	pin := strings.ToUpper(strings.ReplaceAll(fmt.Sprintf("% x", sum), " ", ":"))
	v := w.Declare(w.t, "bergen", w.Target, func(v *v1alpha1.VCenter) { v.Spec.URL, v.Spec.Trust.Thumbprint = "https://"+server.URL.Host, pin })
	cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec, "correct url, address or trust")
	env.Edit(t, cluster, v, func(v *v1alpha1.VCenter) { v.Spec.URL, v.Spec.Trust.Thumbprint = w.Target.URL(), w.Target.Thumbprint() })
	cluster.WaitReady(t, v)
}

// Behind the address another vCenter answers: the VCenter says so, and reads it anew.
func TestAnotherVCenterIsToldAndReadAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bergen := harness.StartVCenter(w.t, vcentersim.Config{Layout: vcentersim.OnPremises, Name: "Bergen", Speed: speed})
	v := w.Declare(w.t, "bergen", bergen)
	cluster.WaitReady(t, v)
	const another = "5029aaaa-0000-4000-8000-00000000beef"
	passing := cluster.Watch(t, v, &v1alpha1.VCenterList{})
	was := bergen.InstanceUUID()
	bergen.BecomeAnother(another)
	passing.WaitSaid(t, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityChanged, another, was, "it is read anew by itself")
	cluster.WaitFor(t, time.Minute, v, "the other vCenter", func() error {
		if v.Status.InstanceUUID != another || !meta.IsStatusConditionTrue(v.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("the status is %+v", v.Status)
		}
		return nil
	})
}

// A vCenter with more than is held of one is told so.
func TestAVCenterThatIsTooLargeIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop()
	w.most = 5
	w.start()
	v := &v1alpha1.VCenter{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "oslo"}}
	cluster.WaitSays(t, v, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonLimitExceeded, "more than the 5 objects",
		"give the operator an account that sees less of it")
}
