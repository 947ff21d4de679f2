// Code that uses go-ipmi, tested: a module of its own, so that ipmibmctest needs nothing but the standard library.
package example

import (
	"context"
	"testing"

	"github.com/bougou/go-ipmi"
	"ipmi-bmc/go/ipmibmctest"
)

// switchOn is the code under test.
func switchOn(ctx context.Context, host string, port int, user, password string) error {
	client, err := ipmi.NewClient(host, port, user, password)
	if err != nil {
		return err
	}
	if err := client.Connect(ctx); err != nil {
		return err
	}
	defer client.Close(ctx)
	_, err = client.ChassisControl(ctx, ipmi.ChassisControlPowerUp)
	return err
}

func TestSwitchOn(t *testing.T) {
	bmc := ipmibmctest.Start(t, ipmibmctest.Options{"power": "off"})
	if err := switchOn(context.Background(), bmc.Host, bmc.Port, bmc.User, bmc.Password); err != nil {
		t.Fatal(err)
	}
	bmc.ExpectRequest(t, "chassis-control", ipmibmctest.Fields{"action": "on"})
	if bmc.Power(t) != "on" {
		t.Fatal("it is off")
	}
}
