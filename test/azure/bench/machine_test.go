// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a machine is worth differs from day to day: other work, a slower core, a colder one. Bounds are therefore ratios to what the same machine took for a
// known piece of work during the same measurement.

// pieces are how often the known piece of work is done for one figure; the median counts.
const pieces = 9

// pieceOfWork is how much processor time it takes here and now to decode, as JSON without a schema, a list as Azure sends it of 1,000 segments. That is the
// kind of work that standing resources make.
func pieceOfWork(t *testing.T) time.Duration {
	t.Helper()
	list := map[string]any{}
	var value []any
	for i := range 1000 {
		name := fmt.Sprintf("segment-%d", i)
		value = append(value, map[string]any{
			"id":   elsewhere + "/providers/Microsoft.AVS/privateClouds/weu/workloadNetworks/default/segments/" + name,
			"name": name, "type": "Microsoft.AVS/privateClouds/workloadNetworks/segments",
			"properties": map[string]any{
				"displayName": name, "connectedGateway": "TNT-T1", "revision": i, "provisioningState": "Succeeded", "status": "SUCCESS",
				"subnet": map[string]any{"gatewayAddress": "10.60.1.1/24", "dhcpRanges": []any{"10.60.1.10-10.60.1.200"}}, "portVif": []any{},
			},
		})
	}
	list["value"] = value
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took []time.Duration
	for range pieces {
		before := threadTime(t)
		var into map[string]any
		if err := json.Unmarshal(text, &into); err != nil || len(into["value"].([]any)) != 1000 {
			t.Fatalf("decoding a list: %v", err)
		}
		took = append(took, threadTime(t)-before)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// threadTime is the processor time of the thread that asks.
func threadTime(t *testing.T) time.Duration {
	t.Helper()
	var now syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Utime.Nano() + now.Stime.Nano())
}

// others is what else runs on the machine while something is measured.
type others struct {
	began time.Time
	used  map[string]time.Duration // processor time of each process, by number and name
}

func lookAround(t *testing.T) others {
	t.Helper()
	return others{time.Now(), processorTimes(t)}
}

// tell logs the load of the machine since o, and the processes that computed most. mine are those that are measured.
func (o others) tell(t *testing.T, mine ...int) {
	t.Helper()
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]time.Duration{}
	var total time.Duration
	for process, now := range processorTimes(t) {
		number, name, _ := strings.Cut(process, " ")
		if pid, err := strconv.Atoi(number); err != nil || pid == os.Getpid() || slices.Contains(mine, pid) {
			continue
		}
		used[name] += now - o.used[process]
		total += now - o.used[process]
	}
	elapsed := time.Since(o.began)
	most := slices.SortedFunc(maps.Keys(used), func(a, b string) int { return int(used[b] - used[a]) })
	words := ""
	for _, name := range most[:min(5, len(most))] {
		words += fmt.Sprintf(" %s %.0f%%", name, 100*float64(used[name])/float64(elapsed))
	}
	t.Logf("meanwhile, of %d cores, others that still run took %.0f%% of one:%s; load averages %s", runtime.NumCPU(), 100*float64(total)/float64(elapsed), words,
		strings.Join(strings.Fields(string(load))[:3], " "))
}

// processorTimes are those of all processes. One that ends while it is read is left out.
func processorTimes(t *testing.T) map[string]time.Duration {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]time.Duration{}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		number, rest, _ := strings.Cut(string(text), " (")
		name, _, _ := strings.Cut(rest, ")")
		if spent, err := spentIn(string(text)); err == nil {
			out[number+" "+name] = spent
		}
	}
	return out
}

// spentIn reads the processor time out of a process's line in /proc.
func spentIn(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // the name before it may hold anything
	if len(fields) < 13 {
		return 0, fmt.Errorf("no line of /proc: %q", stat)
	}
	total := 0
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return time.Duration(total) * time.Second / ticks, nil
}

// What the ratios stand on is there: work takes time, and what runs beside us is seen.
func TestTheMachineIsMeasured(t *testing.T) {
	if piece := pieceOfWork(t); piece < 100*time.Microsecond || piece > time.Second {
		t.Errorf("decoding a list of 1,000 segments takes %s", piece)
	}
	before := lookAround(t)
	for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
		_ = pieceOfWork(t)
	}
	found := false
	for process, now := range processorTimes(t) {
		if strings.HasPrefix(process, strconv.Itoa(os.Getpid())+" ") {
			found = now > 0 && now >= before.used[process]
		}
	}
	if !found {
		t.Errorf("this process is not among %d, or computes nothing", len(before.used))
	}
	before.tell(t)
}
