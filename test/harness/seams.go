// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/avs-operator/avs-operator/controllers"
)

// Moment at which the operator dies, around one of its calls.
type Moment string

// The three moments.
const (
	BeforeSend Moment = "before it is sent"
	AnswerLost Moment = "after its effect, the answer lost"
	AfterIt    Moment = "after its answer, before the next call"
)

// Meanwhile is no death: right before the call, something else is done, such as freezing the operator.
const Meanwhile Moment = "meanwhile"

// Moments are those of a death.
var Moments = []Moment{BeforeSend, AnswerLost, AfterIt}

var (
	// errDead is what every call gets in a process that is dead: it reaches nobody.
	errDead = errors.New("the process is dead")
	// errPartition is what calls to an API server get that is not to be reached.
	errPartition = errors.New("dial tcp: connect: no route to host")
)

// Seams stand at every way out of one operator: to the API server, to Azure, to vCenters. They number its calls, keep them in the history,
// and stop the operator around one of them: it dies there, as if the process had been killed on that line, or it is frozen, as by
// SIGSTOP, or its way to the API server is cut.
type Seams struct {
	history *History
	process int
	speed   float64
	// before sees every write right before it leaves, while nothing has happened yet.
	before func(*Call)

	mu     sync.Mutex
	reads  bool // reads of Azure are numbered too
	armed  bool
	count  int
	dieAt  int // from 1; 0: never
	moment Moment
	onHit  func()
	dead   bool
	cut    bool
	thawed chan struct{} // closed when it may go on; nil: it is not frozen
	points []string
	meddle Meddling
}

// Meddling is what happens to a call between the operator and the network, for what no server can do. Zero fields do nothing.
type Meddling struct {
	// Refuse says whether the connection of a call is refused.
	Refuse func(*Call) bool
	// Tamper changes an answer.
	Tamper func(*Call, *http.Response)
}

// Meddle has it happen from now on.
func (s *Seams) Meddle(m Meddling) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meddle = m
}

// NewSeams makes the seams of one operator, whose Azure runs at speed.
func NewSeams(history *History, speed float64, before func(*Call)) *Seams {
	return &Seams{history: history, process: history.process(), speed: speed, before: before}
}

// Arm begins to number calls: writes, and with reads also what Azure is asked. Around the call of number dieAt the operator dies at the
// moment, and onHit is told; 0: it does not.
func (s *Seams) Arm(dieAt int, moment Moment, reads bool, onHit func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.count, s.points = true, 0, nil
	s.dieAt, s.moment, s.reads = dieAt, moment, reads
	s.onHit = onHit
}

// Points are the calls that were numbered since Arm, in order.
func (s *Seams) Points() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.points...)
}

// Died says whether the operator died here.
func (s *Seams) Died() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// Kill lets none of the operator's calls reach anybody from now on.
func (s *Seams) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
}

// Freeze stops the operator at its next call or answer, until Thaw.
func (s *Seams) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.thawed == nil {
		s.thawed = make(chan struct{})
	}
}

// Thaw lets it go on.
func (s *Seams) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.thawed != nil {
		close(s.thawed)
		s.thawed = nil
	}
}

// Cut takes the way to the API server away, or gives it back.
func (s *Seams) Cut(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
}

// install puts the seams into an operator's options.
func (s *Seams) install(o *OperatorOptions, options *controllers.Options) {
	o.Config.Wrap(s.transport(Kubernetes))
	options.WrapTransport, options.WrapVCenterTransport = s.transport(ARM), s.transport(VCenter)
}

func (s *Seams) transport(seam Seam) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return &seamed{next: next, seam: seam, seams: s} }
}

// passable waits while the operator is frozen, and fails when nothing may pass.
func (s *Seams) passable(seam Seam) error {
	for {
		s.mu.Lock()
		dead, cut, thawed := s.dead, s.cut, s.thawed
		s.mu.Unlock()
		switch {
		case dead:
			return errDead
		case thawed != nil:
			<-thawed
		case cut && seam == Kubernetes:
			return errPartition
		default:
			return nil
		}
	}
}

// enter numbers a call and keeps it. A moment says that the operator dies around it.
func (s *Seams) enter(c *Call) (here Moment, err error) {
	s.mu.Lock()
	if s.dead {
		s.mu.Unlock()
		return "", errDead
	}
	counts := s.armed && (c.Writes || s.reads && c.Asks)
	if counts {
		s.count++
		c.Number = s.count
		s.points = append(s.points, c.What())
		if s.count == s.dieAt {
			here = s.moment
		}
	}
	s.mu.Unlock()
	if here != BeforeSend {
		s.history.add(c)
	}
	return here, nil
}

func (s *Seams) die() {
	s.mu.Lock()
	s.dead = true
	s.mu.Unlock()
	s.hit()
}

func (s *Seams) hit() {
	s.mu.Lock()
	tell := s.onHit
	s.mu.Unlock()
	if tell != nil {
		tell()
	}
}

// seamed is one way out.
type seamed struct {
	next  http.RoundTripper
	seam  Seam
	seams *Seams
}

// RoundTrip passes one call through, or ends the operator around it.
func (t *seamed) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := t.seams.passable(t.seam); err != nil {
		return nil, err
	}
	if err := request.Context().Err(); err != nil {
		return nil, err // its time passed while the process was frozen
	}
	body, err := readAndRestore(request)
	if err != nil {
		return nil, err
	}
	call := describe(t.seam, request, body)
	call.Process, call.Began = t.seams.process, time.Now()
	here, err := t.seams.enter(call)
	if err != nil {
		return nil, err
	}
	if here == BeforeSend {
		t.seams.die()
		return nil, errDead
	}
	if here == Meanwhile {
		t.seams.hit()
		here = ""
		if err := t.seams.passable(t.seam); err != nil {
			return nil, err
		}
		if err := request.Context().Err(); err != nil {
			return nil, err
		}
	}
	if call.Writes && t.seams.before != nil {
		t.seams.before(call)
	}
	t.seams.history.left(call)
	response, err := t.send(request, call)
	if here != "" {
		t.seams.die()
		if here == AnswerLost {
			return nil, errDead
		}
		return response, err // the line after the call still runs; its next call reaches nobody
	}
	if gone := t.seams.passable(t.seam); gone != nil {
		if response != nil {
			_ = response.Body.Close()
		}
		return nil, gone
	}
	return response, err
}

// send makes the exchange. The answer of what is not a stream is read whole: one that is lost was given.
func (t *seamed) send(request *http.Request, call *Call) (*http.Response, error) {
	t.seams.mu.Lock()
	meddle := t.seams.meddle
	t.seams.mu.Unlock()
	if meddle.Refuse != nil && meddle.Refuse(call) {
		t.seams.history.answered(call, func() {})
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	response, err := t.next.RoundTrip(request)
	if err == nil && meddle.Tamper != nil {
		meddle.Tamper(call, response)
	}
	if err != nil {
		t.seams.history.answered(call, func() {})
		return nil, err
	}
	var problem error
	if call.Writes || t.seam == ARM {
		var body []byte
		body, problem = io.ReadAll(response.Body)
		_ = response.Body.Close()
		if problem != nil { // cut in the middle: the operator must see that too
			response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{problem}))
		} else {
			response.Body = io.NopCloser(bytes.NewReader(body))
		}
	} else {
		response.Body = &stream{ReadCloser: response.Body, seam: t.seam, seams: t.seams}
	}
	t.seams.history.answered(call, func() {
		if problem != nil {
			return // an answer that was cut is none
		}
		call.Code = response.StatusCode
		call.LeftAlone = leftAlone(response.Header, time.Now(), t.seams.speed)
	})
	return response, nil
}

// CloseIdleConnections lets clients that end close what they hold.
func (t *seamed) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func readAndRestore(request *http.Request) ([]byte, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(request.Body)
	_ = request.Body.Close()
	request.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// failing is a body that breaks off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// stream is the body of a watch: it stands still while the operator is frozen, and ends when it is dead or cut off.
type stream struct {
	io.ReadCloser
	seam  Seam
	seams *Seams
}

func (b *stream) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if gone := b.seams.passable(b.seam); gone != nil {
		return 0, gone
	}
	return n, err
}
