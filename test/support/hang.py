"""A worker that takes requests and never answers: what a handler looks like when its process hangs or is about to die."""
import json
import socket
import sys

connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.connect(sys.argv[1])
for message in ({"type": "hello", "protocol": 1}, {"type": "register", "id": 1, "owner": "hang", "handlers": [{"netFn": 0x3A, "cmd": "*", "privilege": "user"}]}):
    connection.sendall(json.dumps(message).encode() + b"\n")
for line in connection.makefile("r"):
    message = json.loads(line)
    if message["type"] == "ping":
        connection.sendall(json.dumps({"type": "pong", "id": message["id"]}).encode() + b"\n")
    print(message["type"], flush=True)
