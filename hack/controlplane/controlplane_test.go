// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// keepAliveVariable makes the test binary start a control plane, print its processes and wait to be killed.
const keepAliveVariable = "CONTROLPLANE_TEST_KEEP_ALIVE"

func TestMain(m *testing.M) {
	if os.Getenv(keepAliveVariable) != "" {
		runUntilKilled()
	}
	os.Exit(m.Run())
}

func runUntilKilled() {
	c, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, process := range c.processes {
		fmt.Println(process.command.Process.Pid)
	}
	fmt.Println(c.Dir())
	select {}
}

func TestVersionsAreThoseOfTheModules(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"kubernetes/go.mod": "k8s.io/kubernetes " + KubernetesVersion,
		"etcd/go.mod":       "go.etcd.io/etcd/server/v3 " + EtcdVersion,
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`(?m)^(require|\t)\s*` + regexp.QuoteMeta(want) + `$`).Match(content) {
			t.Errorf("%s does not require %s, which version constants name", file, want)
		}
	}
}

func TestScriptAndPackageAgreeOnTheCache(t *testing.T) {
	t.Parallel()
	command := exec.Command("./build.sh", "--dir")
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, assetsVariable+"=") {
			command.Env = append(command.Env, variable)
		}
	}
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(output)); got != want {
		t.Errorf("build.sh builds into %s, the package looks in %s", got, want)
	}
}

func TestMissingBinaryIsExplained(t *testing.T) {
	t.Setenv("AVS_OPERATOR_CACHE", t.TempDir())
	t.Setenv(assetsVariable, "")
	if _, err := Start(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "make controlplane") {
		t.Errorf("error is %v, want one that says to run make controlplane", err)
	}
}

// TestControlPlane walks through what suites rely on, on one control plane, because each start costs seconds.
func TestControlPlane(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c, err := Start(t.Context(), Options{ControllerManager: true, AuditLog: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Started in %s", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := c.Check(); err != nil {
			t.Error(err)
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(c.Dir()); !os.IsNotExist(err) {
			t.Errorf("the temporary directory is still there (%v)", err)
		}
	})
	admin := kubernetes.NewForConfigOrDie(c.AdminConfig())
	namespace, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "suite"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("kubectl", func(t *testing.T) { testKubectl(t, c) })
	t.Run("service account", func(t *testing.T) { testServiceAccount(t, c, admin) })
	t.Run("garbage collection", func(t *testing.T) { testGarbageCollection(t, admin, namespace.Name) })
	t.Run("namespace deletion", func(t *testing.T) { testNamespaceDeletion(t, admin, namespace.Name) })
}

func testKubectl(t *testing.T, c *ControlPlane) {
	output, err := c.Kubectl(t.Context(), "get", "namespace", "suite", "-o", "name")
	if err != nil || strings.TrimSpace(output) != "namespace/suite" {
		t.Errorf("kubectl printed %q, error %v", output, err)
	}
	if _, err := c.Kubectl(t.Context(), "get", "namespace", "absent"); err == nil || !strings.Contains(err.Error(), `"absent" not found`) {
		t.Errorf("error of a failed kubectl is %v, want what it printed", err)
	}
	if _, err := clientcmd.RESTConfigFromKubeConfig(c.AdminKubeconfig()); err != nil {
		t.Errorf("the administrator's kubeconfig: %v", err)
	}
}

// testServiceAccount shows that a ServiceAccount has no right that RBAC does not give, that the audit log says so, and that
// its token can be checked by the published keys.
func testServiceAccount(t *testing.T, c *ControlPlane, admin kubernetes.Interface) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "worker"}}
	if _, err := admin.CoreV1().ServiceAccounts("suite").Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	config, err := c.ServiceAccountConfig(t.Context(), "suite", "worker")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kubernetes.NewForConfigOrDie(config).CoreV1().Secrets("suite").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing Secrets without a right gave %v, want Forbidden", err)
	}
	entries, err := c.Audit()
	if err != nil {
		t.Fatal(err)
	}
	refused := slices.ContainsFunc(entries, func(e AuditEntry) bool {
		return e.User == "system:serviceaccount:suite:worker" && e.Verb == "list" && e.Resource == "secrets" &&
			e.Namespace == "suite" && e.Code == 403
	})
	if !refused {
		t.Errorf("the audit log of %d entries lacks the refused request", len(entries))
	}
	keys, err := c.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkToken(t, config.BearerToken, keys, c.Issuer())
}

func checkToken(t *testing.T, token string, keys []byte, issuer string) {
	t.Helper()
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(keys, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("keys are %s, error %v", keys, err)
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	if got := parsed.Header["kid"]; got != set.Keys[0]["kid"] {
		t.Errorf("the token names key %v, the published one is %s", got, set.Keys[0]["kid"])
	}
	if got, _ := parsed.Claims.GetIssuer(); got != issuer {
		t.Errorf("the token's issuer is %s, want %s", got, issuer)
	}
	if expiry, err := parsed.Claims.GetExpirationTime(); err != nil || time.Until(expiry.Time) < 24*time.Hour {
		t.Errorf("the token expires at %v (%v), too soon for a long suite", expiry, err)
	}
}

// testGarbageCollection shows that what is owned goes with its owner.
func testGarbageCollection(t *testing.T, admin kubernetes.Interface, namespace string) {
	maps := admin.CoreV1().ConfigMaps(namespace)
	owner, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	owned := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owned", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID},
	}}}
	if _, err := maps.Create(t.Context(), owned, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := maps.Delete(t.Context(), owner.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	waitGone(t, "the owned object", func() error {
		_, err := maps.Get(t.Context(), owned.Name, metav1.GetOptions{})
		return err
	})
}

func testNamespaceDeletion(t *testing.T, admin kubernetes.Interface, namespace string) {
	if err := admin.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	waitGone(t, "the namespace", func() error {
		_, err := admin.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
		return err
	})
}

func waitGone(t *testing.T, what string, get func() error) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := get()
		if apierrors.IsNotFound(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there after a minute (%v)", what, err)
		}
	}
}

// TestProcessesDieWithTheirParent kills a process that runs a control plane, as a test's timeout or an impatient developer
// does, and looks for what it leaves behind.
func TestProcessesDieWithTheirParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ties a child's life to its parent's")
	}
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), keepAliveVariable+"=1")
	parent.Stderr = os.Stderr
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for scanner := bufio.NewScanner(output); len(lines) < 3 && scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed: the error says only that
	if len(lines) != 3 {
		t.Fatalf("the control plane did not start: %v", lines)
	}
	t.Cleanup(func() { _ = os.RemoveAll(lines[2]) })
	for _, line := range lines[:2] {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		waitEnded(t, pid)
	}
}

func waitEnded(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); syscall.Kill(pid, 0) == nil; time.Sleep(50 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && strings.Contains(string(stat), ") Z ") {
			return // dead, and waiting for an init process that this machine may lack
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlived its parent", pid)
		}
	}
}
