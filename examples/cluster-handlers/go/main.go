// A command in Go for all BMCs of a cluster: where a server stands, by its name. And one that asks the BMC itself first.
//
//	ipmi-bmc run --cluster nats://127.0.0.1:4222 --host rack-1 &
//	go run . nats://127.0.0.1:4222
//	ipmitool -I lanplus ... raw 0x2e 0x20 0xef 0xcd 0xab     # the name of the BMC, in ASCII
//	ipmitool -I lanplus ... bmc selftest                     # the BMC's own answer, counted here
//
// docs/cluster.md has the subjects, docs/handler-socket.md the messages.
package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	owner = "acme-rack"
	acme  = 0xabcdef
)

type claim struct {
	NetFn     int    `json:"netFn"`
	Cmd       int    `json:"cmd"`
	Body      int    `json:"body,omitempty"`
	Name      string `json:"name"`
	Privilege string `json:"privilege"`
	Override  string `json:"override,omitempty"`
}

type registration struct {
	Type     string  `json:"type"`
	ID       int     `json:"id"`
	Owner    string  `json:"owner"`
	Instance string  `json:"instance"`
	From     string  `json:"from,omitempty"`
	Shared   bool    `json:"shared"`
	Handlers []claim `json:"handlers,omitempty"`
}

type reply struct {
	Type     string   `json:"type"`
	Problems []string `json:"problems"`
	// Milliseconds after which it is said again.
	Renewal int `json:"renewal"`
}

type request struct {
	Token int    `json:"token"`
	BMC   string `json:"bmc"`
	NetFn int    `json:"netFn"`
	Cmd   int    `json:"cmd"`
	Data  string `json:"data"`
	// Where the handler below can be asked.
	Next string `json:"next"`
}

type answer struct {
	Type string `json:"type"`
	CC   int    `json:"cc"`
	Data string `json:"data"`
}

type next struct {
	Type  string `json:"type"`
	Token int    `json:"token"`
	Data  string `json:"data"`
}

func main() {
	bus, err := nats.Connect(os.Args[1], nats.Name(owner), nats.MaxReconnects(-1),
		nats.CustomInboxPrefix("ipmi.handler."+owner+".inbox"))
	if err != nil {
		log.Fatal(err)
	}
	must := func(_ *nats.Subscription, err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	must(bus.QueueSubscribe("ipmi.handler."+owner+".call.*.*", "q", func(message *nats.Msg) {
		var asked request
		if err := json.Unmarshal(message.Data, &asked); err != nil {
			log.Print(err)
			return
		}
		say(message, serve(bus, asked))
	}))
	host, _ := os.Hostname()
	instance := nats.NewInbox()[len("_INBOX."):]
	from := fmt.Sprintf("main.go on %s, pid %d", host, os.Getpid())
	registered := registration{"register", 1, owner, instance, from, true, []claim{
		{NetFn: 0x2e, Body: acme, Cmd: 0x20, Name: "Acme Get Place", Privilege: "user"},
		{NetFn: 0x06, Cmd: 0x04, Name: "Self Test, counted", Privilege: "user", Override: "standard"},
	}}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	isKnown := false
	for {
		pause := time.Second
		told, err := ask(bus, "ipmi.handlers.register."+owner, registered)
		switch {
		case errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrTimeout):
			log.Print("no host of the cluster is there")
		case err != nil:
			log.Fatal(err)
		case told.Type == "registered":
			// Said again so often, or it is forgotten.
			pause = time.Duration(told.Renewal) * time.Millisecond
			if !isKnown {
				fmt.Println("serving")
			}
			isKnown = true
		case !isKnown:
			log.Fatal(told.Problems)
		}
		select {
		case <-ended:
			_, _ = ask(bus, "ipmi.handlers.unregister."+owner, registration{Type: "unregister", Owner: owner, Instance: instance})
			_ = bus.Drain()
			return
		case <-time.After(pause):
		}
	}
}

var tests int

func serve(bus *nats.Conn, asked request) answer {
	if asked.NetFn == 0x2e {
		return answer{"answer", 0, hex.EncodeToString([]byte(asked.BMC))}
	}
	tests++
	fmt.Printf("self test %d: %s\n", tests, asked.BMC)
	data, _ := json.Marshal(next{"next", asked.Token, asked.Data})
	message, err := bus.Request(asked.Next, data, 2*time.Second)
	if err != nil {
		return answer{"answer", 0xff, ""}
	}
	var below answer
	if err := json.Unmarshal(message.Data, &below); err != nil || below.Type != "below" {
		return answer{"answer", 0xff, ""}
	}
	return answer{"answer", below.CC, below.Data}
}

func ask(bus *nats.Conn, subject string, value any) (told reply, err error) {
	data, err := json.Marshal(value)
	if err != nil {
		return told, err
	}
	message, err := bus.Request(subject, data, 5*time.Second)
	if err != nil {
		return told, err
	}
	return told, json.Unmarshal(message.Data, &told)
}

func say(message *nats.Msg, value answer) {
	data, err := json.Marshal(value)
	if err == nil {
		err = message.Respond(data)
	}
	if err != nil {
		log.Print(err)
	}
}
