module ipmi-bmc/go/ipmibmctest

go 1.18
