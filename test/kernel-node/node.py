# What the driver's calls do, one after the other.
import errno, fcntl, os, select
from registers import *

PATH = '/dev/ipmi-bt-host'


def tried(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]


node = os.open(PATH, os.O_RDWR)
poll = select.poll()
poll.register(node, select.POLLIN | select.POLLOUT)
print('second open:', tried(lambda: os.open(PATH, os.O_RDWR)))
print('poll, idle:', poll.poll(100))
print('ioctl B100h:', tried(lambda: fcntl.ioctl(node, 0xb100)), 'control %02x' % peek(CONTROL))
print('ioctl B101h:', tried(lambda: fcntl.ioctl(node, 0xb101)))
print('write of 4 bytes:', tried(lambda: os.write(node, bytes(4))))
poke(BUFFER, 3)
poke(CONTROL, H2B_ATN)
print('poll, request:', poll.poll(1000))
print('read:', tried(lambda: os.read(node, 256)).hex(' '), 'control %02x' % peek(CONTROL))
print('write of 5 bytes:', tried(lambda: os.write(node, bytes([4, 4, 3, 3, 0]))), 'control %02x' % peek(CONTROL))
print('poll, response not fetched:', poll.poll(100))
