// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/test/armsim"
)

// mostRefused is how often Azure may refuse the same request in an hour of its time.
const mostRefused = 12

// Modest is oracle 10, over Azure's own log: no request that Azure refuses, with whatever code, is made more than twelve times in any hour of
// Azure's time, however often the operator was started again. That something is not there is no refusal of the question whether it is.
func Modest(requests []armsim.Request, speed float64) (wrongs []string) {
	if speed <= 0 {
		speed = 1
	}
	hour := time.Duration(float64(time.Hour) / speed)
	refused := map[string][]armsim.Request{}
	told := map[string]bool{}
	for _, r := range requests {
		if r.Status < 400 || r.Method == http.MethodGet && r.Status == http.StatusNotFound || !strings.HasPrefix(r.Path, "/subscriptions/") {
			continue
		}
		key := strings.Join([]string{r.Principal, r.Method, r.Path, r.Query, string(r.Body)}, "\n")
		before := append(refused[key], r)
		for r.At.Sub(before[0].At) >= hour {
			before = before[1:]
		}
		refused[key] = before
		if len(before) > mostRefused && !told[key] {
			told[key] = true
			wrongs = append(wrongs, fmt.Sprintf("O10: %s %s was refused %d times within %s of Azure's time, the last time with %d",
				r.Method, r.Path, len(before), time.Duration(float64(r.At.Sub(before[0].At))*speed).Round(time.Second), r.Status))
		}
	}
	return wrongs
}
