"""What systemd is to a service of Type=notify: prints each datagram that comes to the socket named by the argument."""
import os
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("listening", flush=True)
while True:
    data, descriptors, _, _ = socket.recv_fds(receiver, 4096, 4)
    # systemd-notify waits until what it sent with BARRIER=1 is closed.
    for descriptor in descriptors:
        os.close(descriptor)
    print(data.decode().replace("\n", " "), flush=True)
