// Package ipmibmctest starts BMCs for tests of what talks to BMCs: IPMI servers on a free port of 127.0.0.1,
// with credentials of their own. They say what they were asked, misbehave on purpose, and their time can be
// moved.
//
//	func TestPowerOn(t *testing.T) {
//		bmc := ipmibmctest.Start(t, ipmibmctest.Options{"power": "off"})
//		provision(bmc.Host, bmc.Port, bmc.User, bmc.Password)
//		bmc.ExpectRequest(t, "chassis-control", ipmibmctest.Fields{"action": "on"})
//	}
//
// The program that serves them is IPMI_BMC_BIN, else ipmi-bmc of PATH.
package ipmibmctest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are keys of a config file, and those that say some of them shorter: power ("off"), sensors (by name: a
// reading, nil, or settings), faults (rules and names of presets), clock ("virtual"), seed.
type Options map[string]any

// Fields of a request: values, words where the specification has some ("cycle"), hex digits for bytes. "set" has
// the values of a configuration parameter that is set.
type Fields map[string]any

// BMC is one that runs for a test.
type BMC struct {
	Name     string `json:"name"`
	Host     string `json:"host"`
	Port     int    `json:"port"`
	User     string `json:"user"`
	Password string `json:"password"`
	// Seed has the same credentials, and the same chances of faults.
	Seed    uint32 `json:"seed"`
	control *control
}

// Request is one that came, decoded; bytes are hex digits.
type Request struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	// Milliseconds since the BMC was started.
	Time   float64        `json:"time"`
	Values map[string]any `json:"values"`
	// Chosen says a field that chooses among functions in words: "power cycle" of Chassis Control.
	Chosen string `json:"chosen"`
	// Parameter has the values of a configuration parameter that it sets.
	Parameter map[string]any `json:"parameter"`
	User      string         `json:"user"`
	Channel   int            `json:"channel"`
	Medium    string         `json:"medium"`
	Privilege int            `json:"privilege"`
	Answer    *Answer        `json:"answer"`
	// Text is one line, without secrets.
	Text string `json:"text"`
}

// Answer is how a request ended.
type Answer struct {
	CC     int            `json:"cc"`
	Name   string         `json:"name"`
	Values map[string]any `json:"values"`
}

// Entry is one of the event log.
type Entry struct {
	ID       int    `json:"id"`
	Sensor   string `json:"sensor"`
	Type     string `json:"type"`
	Event    string `json:"event"`
	Asserted bool   `json:"asserted"`
	Text     string `json:"text"`
}

// Wanted is what an entry of the event log is to be; what is not said may be anything.
type Wanted struct {
	Sensor   string `json:"sensor,omitempty"`
	Type     string `json:"type,omitempty"`
	Event    string `json:"event,omitempty"`
	Asserted *bool  `json:"asserted,omitempty"`
}

// Expectation says more of a request that is expected.
type Expectation func(body map[string]any)

// Within says how long it may take. Default: five seconds.
func Within(d time.Duration) Expectation {
	return func(body map[string]any) { body["within"] = d.Seconds() }
}

// By says whose request it is.
func By(user string) Expectation {
	return func(body map[string]any) { body["user"] = user }
}

// AnsweredWith says the completion code.
func AnsweredWith(cc int) Expectation {
	return func(body map[string]any) { body["cc"] = cc }
}

// Start starts a BMC that ends with the test. What came is told where the test fails.
func Start(t testing.TB, options ...Options) *BMC {
	t.Helper()
	one := Options{}
	if len(options) > 0 {
		one = options[0]
	}
	return StartFleet(t, 1, func(int) Options { return one })[0]
}

// StartFleet starts many of them in one process.
func StartFleet(t testing.TB, count int, options func(n int) Options) []*BMC {
	t.Helper()
	all := make([]Options, count)
	for n := range all {
		all[n] = Options{}
		if count > 1 {
			all[n]["name"] = fmt.Sprintf("bmc-%d", n)
		}
		for key, value := range options(n) {
			all[n][key] = value
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatalf("ipmibmctest: %v", err)
	}
	bmcs, stop, err := begin(string(text))
	if err != nil {
		t.Fatalf("ipmibmctest: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, bmc := range bmcs {
				t.Log(bmc.Report())
			}
		}
		stop()
	})
	return bmcs
}

// begin runs `ipmi-bmc with` until its standard input ends: it cannot outlive this process.
func begin(options string) ([]*BMC, func(), error) {
	program := os.Getenv("IPMI_BMC_BIN")
	if program == "" {
		found, err := exec.LookPath("ipmi-bmc")
		if err != nil {
			return nil, nil, fmt.Errorf("there is no ipmi-bmc: set IPMI_BMC_BIN, or put it into PATH")
		}
		program = found
	}
	command := exec.Command(program, "with", "--until-eof", "--no-pcap", "--options", options)
	var said lockedBuffer
	command.Stderr = &said
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() {
		stdin.Close()
		timer := time.AfterFunc(10*time.Second, func() { command.Process.Kill() })
		defer timer.Stop()
		command.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("%s: %s", program, strings.TrimSpace(said.String()))
	}
	go io.Copy(io.Discard, stdout)
	var ready struct {
		Control string `json:"control"`
		BMCs    []*BMC `json:"bmcs"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		stop()
		return nil, nil, fmt.Errorf("%s said %q", program, line)
	}
	for _, bmc := range ready.BMCs {
		bmc.control = &control{socket: ready.Control}
	}
	return ready.BMCs, stop, nil
}

type lockedBuffer struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

// Address is host:port.
func (b *BMC) Address() string { return b.Host + ":" + strconv.Itoa(b.Port) }

// Args is what ipmitool is told to reach it.
func (b *BMC) Args() []string {
	return []string{"-I", "lanplus", "-H", b.Host, "-p", strconv.Itoa(b.Port), "-U", b.User, "-P", b.Password}
}

// Env is the environment of this process with IPMI_HOST, IPMI_PORT, IPMI_USER, IPMI_PASSWORD, IPMI_ARGS.
func (b *BMC) Env() []string {
	return append(os.Environ(),
		"IPMI_HOST="+b.Host,
		"IPMI_PORT="+strconv.Itoa(b.Port),
		"IPMI_USER="+b.User,
		"IPMI_PASSWORD="+b.Password,
		"IPMI_ARGS="+strings.Join(b.Args(), " "),
	)
}

// Ipmitool runs ipmitool against it: what it writes to standard output.
func (b *BMC) Ipmitool(t testing.TB, args ...string) string {
	t.Helper()
	out, err := b.TryIpmitool(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TryIpmitool is Ipmitool for who expects a failure.
func (b *BMC) TryIpmitool(args ...string) (string, error) {
	command := exec.Command("ipmitool", append(b.Args(), args...)...)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return string(out), fmt.Errorf("ipmitool %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// ExpectRequest is the oldest such request that no earlier call was about, as soon as it is answered. The test ends
// with what came instead, where none comes in time.
func (b *BMC) ExpectRequest(t testing.TB, command string, fields Fields, more ...Expectation) Request {
	t.Helper()
	request, err := b.TryRequest(command, fields, more...)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// TryRequest is ExpectRequest for who expects that none comes.
func (b *BMC) TryRequest(command string, fields Fields, more ...Expectation) (Request, error) {
	body := map[string]any{"command": command}
	if fields != nil {
		body["fields"] = fields
	}
	for _, one := range more {
		one(body)
	}
	var request Request
	err := b.ask("POST", "/expectations/request", body, &request)
	return request, err
}

// ExpectNoOther fails the test where anything else came, except to log in and out, and commands of except.
func (b *BMC) ExpectNoOther(t testing.TB, except ...string) {
	t.Helper()
	body := map[string]any{}
	if len(except) > 0 {
		body["except"] = except
	}
	if err := b.ask("POST", "/expectations/no-other", body, nil); err != nil {
		t.Fatal(err)
	}
}

// ExpectEntry is the oldest such entry of the event log, as soon as there is one.
func (b *BMC) ExpectEntry(t testing.TB, wanted Wanted) Entry {
	t.Helper()
	var entry Entry
	if err := b.ask("POST", "/expectations/entry", wanted, &entry); err != nil {
		t.Fatal(err)
	}
	return entry
}

// Requests is what came, oldest first.
func (b *BMC) Requests(t testing.TB) []Request {
	t.Helper()
	var answer struct{ Requests []Request }
	b.must(t, "GET", "/requests", nil, &answer)
	return answer.Requests
}

// ClearRequests forgets what came: an expectation is about what comes from now on.
func (b *BMC) ClearRequests(t testing.TB) {
	t.Helper()
	b.must(t, "DELETE", "/requests", nil, nil)
}

// Power is "on" or "off".
func (b *BMC) Power(t testing.TB) string {
	t.Helper()
	var answer struct{ Power string }
	b.must(t, "GET", "/power", nil, &answer)
	return answer.Power
}

// SetPower switches the machine: on, off, cycle, reset, soft.
func (b *BMC) SetPower(t testing.TB, action string) {
	t.Helper()
	b.must(t, "POST", "/power", map[string]any{"action": action}, nil)
}

// SetSensor sets a sensor's reading, in its unit; nil: it cannot be read.
func (b *BMC) SetSensor(t testing.TB, name string, value any) {
	t.Helper()
	b.must(t, "PUT", "/sensors/"+escape(name), map[string]any{"value": value}, nil)
}

// AddFault adds a rule as config files have it (docs/faults.md); the function takes it off.
func (b *BMC) AddFault(t testing.TB, rule map[string]any) (remove func()) {
	t.Helper()
	var answer struct{ ID string }
	b.must(t, "POST", "/faults", rule, &answer)
	return func() {
		t.Helper()
		b.must(t, "DELETE", "/faults/"+escape(answer.ID), nil, nil)
	}
}

// ClearFaults makes it well again.
func (b *BMC) ClearFaults(t testing.TB) {
	t.Helper()
	b.must(t, "DELETE", "/faults", nil, nil)
}

// Advance moves the time of a BMC with "clock": "virtual".
func (b *BMC) Advance(t testing.TB, d time.Duration) {
	t.Helper()
	b.must(t, "POST", "/clock/advance", map[string]any{"by": d.Seconds()}, nil)
}

// Report is what passed, for whom a test has failed.
func (b *BMC) Report() string {
	var report string
	if err := b.ask("GET", "/report", nil, &report); err != nil {
		return err.Error()
	}
	return report
}

func (b *BMC) must(t testing.TB, method, path string, body, answer any) {
	t.Helper()
	if err := b.ask(method, path, body, answer); err != nil {
		t.Fatal(err)
	}
}

func (b *BMC) ask(method, path string, body, answer any) error {
	return b.control.ask(method, "/v1/bmcs/"+escape(b.Name)+path, body, answer)
}
