#!/usr/bin/env python3
"""An OEM command in Python: Acme fan duty, over the handler socket of a running BMC.

    ipmi-bmc run --lan 127.0.0.1:9623 --handler-socket /tmp/handlers.sock &
    ./handler.py /tmp/handlers.sock
    ipmitool -I lanplus ... raw 0x2e 0x01 0xef 0xcd 0xab 60     # set fan duty to 60 %
    ipmitool -I lanplus ... raw 0x2e 0x02 0xef 0xcd 0xab        # get it

The protocol is one JSON object a line; docs/handler-socket.md has all of it.
"""
import json
import socket
import sys

ACME = 0xABCDEF
PARAMETER_OUT_OF_RANGE = 0xC9
WRONG_LENGTH = 0xC7

duty = 30


def serve(cmd, data):
    """Completion code and response data of one request."""
    global duty
    if cmd == 0x02:
        return 0, bytes([duty])
    if len(data) != 1:
        return WRONG_LENGTH, b""
    if data[0] > 100:
        return PARAMETER_OUT_OF_RANGE, b""
    duty = data[0]
    return 0, b""


def main():
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(sys.argv[1])
    lines = connection.makefile("r")

    def say(**message):
        connection.sendall(json.dumps(message).encode() + b"\n")

    say(type="hello", protocol=1)
    say(type="register", id=1, owner="acme-fan", handlers=[
        {"netFn": 0x2E, "body": ACME, "cmd": 0x01, "name": "Acme Set Fan Duty", "privilege": "operator"},
        {"netFn": 0x2E, "body": ACME, "cmd": 0x02, "name": "Acme Get Fan Duty", "privilege": "user"},
    ])
    for line in lines:
        message = json.loads(line)
        if message["type"] == "request":
            cc, data = serve(message["cmd"], bytes.fromhex(message["data"]))
            say(type="answer", token=message["token"], cc=cc, data=data.hex())
        elif message["type"] == "ping":
            say(type="pong", id=message["id"])
        elif message["type"] == "registered":
            print("serving", flush=True)
        elif message["type"] == "refused":
            sys.exit("\n".join(message["problems"]))
        elif message["type"] == "error":
            print(message["problem"], file=sys.stderr)


if __name__ == "__main__":
    main()
