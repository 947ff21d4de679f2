# Two terminal devices joined back to back, raw: prints their names and copies until standard input ends.
import os, pty, select, sys, tty

masters, slaves = zip(*(pty.openpty() for _ in range(2)))
for slave in slaves:
    tty.setraw(slave)  # kept open here, so that a client may come and go
print(*(os.ttyname(slave) for slave in slaves), flush=True)
other = {masters[0]: masters[1], masters[1]: masters[0]}
while True:
    for ready in select.select([*masters, 0], [], [])[0]:
        if ready == 0:
            sys.exit()
        os.write(other[ready], os.read(ready, 4096))
