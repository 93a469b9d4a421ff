// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// refusalPause is how far refused logins of one account are apart, in vCenter's time: five lock the account, and each counts for five minutes.
const refusalPause = 10 * time.Minute

// RefusalsApart fails unless refused logins of an account were as far apart as they must be, and returns how many there were. Their number alone
// says nothing at a speed: ten minutes may be a tenth of a second, less than a busy machine needs until the right password is used.
func RefusalsApart(t testing.TB, v *vcentersim.VCenter, user string, speed float64) (refused int) {
	t.Helper()
	apart := time.Duration(float64(refusalPause) / speed)
	var last time.Time
	for _, login := range v.Logins() {
		if login.User != user || login.OK {
			continue
		}
		if gap := login.At.Sub(last); gap < apart {
			t.Errorf("a login of %s was refused %s after another, sooner than %s", user, gap, apart)
		}
		last = login.At
		refused++
	}
	return refused
}
