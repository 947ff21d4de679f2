package ipmibmctest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ipmi-bmc/go/ipmibmctest"
)

type (
	options = ipmibmctest.Options
	fields  = ipmibmctest.Fields
)

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(strings.ToLower(text), strings.ToLower(part)) {
		t.Fatalf("%q has no %q", text, part)
	}
}

func Test1PowerOn(t *testing.T) {
	bmc := ipmibmctest.Start(t, options{"power": "off"})
	bmc.Ipmitool(t, "power", "on")
	request := bmc.ExpectRequest(t, "chassis-control", fields{"action": "on"})
	if request.Chosen != "power up" || request.User != bmc.User || bmc.Power(t) != "on" {
		t.Fatal(request.Text, bmc.Power(t))
	}
}

func Test2NothingElse(t *testing.T) {
	bmc := ipmibmctest.Start(t)
	bmc.Ipmitool(t, "power", "cycle")
	bmc.ExpectRequest(t, "chassis-control", fields{"action": "cycle"})
	bmc.ExpectNoOther(t)
}

func Test3WhatDidNotCome(t *testing.T) {
	bmc := ipmibmctest.Start(t)
	bmc.Ipmitool(t, "power", "reset")
	within := ipmibmctest.Within(100 * time.Millisecond)
	_, err := bmc.TryRequest("chassis-control", fields{"action": "cycle"}, within)
	if !errors.Is(err, ipmibmctest.ErrUnmet) {
		t.Fatal(err)
	}
	contains(t, err.Error(), "action is 3 (hard reset), expected cycle")
}

func Test4BootDevice(t *testing.T) {
	bmc := ipmibmctest.Start(t)
	bmc.Ipmitool(t, "chassis", "bootdev", "pxe")
	bmc.ExpectRequest(t, "set-system-boot-options", fields{"parameter": 5, "set": fields{"device": 1}})
}

func Test5WrongPassword(t *testing.T) {
	bmc := ipmibmctest.Start(t)
	bmc.Password += "x"
	_, err := bmc.TryIpmitool("mc", "info")
	if err == nil {
		t.Fatal("logged in with a wrong password")
	}
	contains(t, err.Error(), "establish")
}

func Test6SensorAndLog(t *testing.T) {
	bmc := ipmibmctest.Start(t, options{"sensors": options{"CPU1 Temp": 47}})
	bmc.SetSensor(t, "CPU1 Temp", 97)
	entry := bmc.ExpectEntry(t, ipmibmctest.Wanted{Sensor: "CPU1 Temp", Event: "upper critical going high"})
	if !entry.Asserted {
		t.Fatal(entry.Text)
	}
	contains(t, bmc.Ipmitool(t, "sel", "elist"), "Upper Critical going high")
}

func Test7Busy(t *testing.T) {
	bmc := ipmibmctest.Start(t)
	remove := bmc.AddFault(t, map[string]any{
		"id":   "busy",
		"when": fields{"command": "get-chassis-status"},
		"then": fields{"complete": "C0h"},
	})
	_, err := bmc.TryIpmitool("power", "status")
	if err == nil {
		t.Fatal("it was not busy")
	}
	contains(t, err.Error(), "busy")
	bmc.ExpectRequest(t, "get-chassis-status", nil, ipmibmctest.AnsweredWith(0xc0))
	remove()
	contains(t, bmc.Ipmitool(t, "power", "status"), "on")
}

func Test8Time(t *testing.T) {
	faults := []any{map[string]any{"then": fields{"softOff": "ignored"}}}
	bmc := ipmibmctest.Start(t, options{"clock": "virtual", "faults": faults})
	bmc.Ipmitool(t, "power", "soft")
	bmc.Advance(t, 10*time.Minute)
	if bmc.Power(t) != "on" {
		t.Fatal("it is off")
	}
}

func Test9Unreadable(t *testing.T) {
	bmc := ipmibmctest.Start(t, options{"sensors": options{"CPU1 Temp": nil}})
	contains(t, bmc.Ipmitool(t, "sdr", "list"), "no reading")
}

func Test10Fleet(t *testing.T) {
	bmcs := ipmibmctest.StartFleet(t, 20, func(n int) ipmibmctest.Options {
		return options{"power": []string{"on", "off"}[n%2]}
	})
	contains(t, bmcs[7].Ipmitool(t, "power", "status"), "off")
	on := 0
	for _, bmc := range bmcs {
		if bmc.Power(t) == "on" {
			on++
		}
	}
	if on != 10 {
		t.Fatal(on)
	}
}
