#!/usr/bin/env python3
"""An OEM command in Python for all BMCs of a cluster: Acme fan duty, each BMC's own.

    pip install nats-py
    ipmi-bmc run --cluster nats://127.0.0.1:4222 --host rack-1 &
    ./handler.py nats://127.0.0.1:4222
    ipmitool -I lanplus ... raw 0x2e 0x01 0xef 0xcd 0xab 60     # set fan duty to 60 %
    ipmitool -I lanplus ... raw 0x2e 0x02 0xef 0xcd 0xab        # get it

docs/cluster.md has the subjects, docs/handler-socket.md the messages.
"""
import asyncio
import json
import os
import secrets
import signal
import socket
import sys

import nats
from nats.errors import NoRespondersError, TimeoutError

ACME = 0xABCDEF
PARAMETER_OUT_OF_RANGE = 0xC9
WRONG_LENGTH = 0xC7
OWNER = "acme-fan"

duties = {}


def serve(bmc, cmd, data):
    """Completion code and response data of one request."""
    if cmd == 0x02:
        return 0, bytes([duties.get(bmc, 30)])
    if len(data) != 1:
        return WRONG_LENGTH, b""
    if data[0] > 100:
        return PARAMETER_OUT_OF_RANGE, b""
    duties[bmc] = data[0]
    return 0, b""


async def main():
    bus = await nats.connect(sys.argv[1], name=OWNER, inbox_prefix=f"ipmi.handler.{OWNER}.inbox".encode())
    instance = secrets.token_hex(8)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)

    async def called(message):
        request = json.loads(message.data)
        cc, data = serve(request["bmc"], request["cmd"], bytes.fromhex(request["data"]))
        await message.respond(json.dumps({"type": "answer", "cc": cc, "data": data.hex()}).encode())

    async def pinged(message):
        await message.respond(b'{"type":"pong","id":0}')

    await bus.subscribe(f"ipmi.handler.{OWNER}.call.*.*", queue="q", cb=called)
    await bus.subscribe(f"ipmi.handler.{OWNER}.ping.{instance}", cb=pinged)
    registration = json.dumps({
        "type": "register", "id": 1, "owner": OWNER, "instance": instance,
        "from": f"handler.py on {socket.gethostname()}, pid {os.getpid()}",
        "handlers": [
            {"netFn": 0x2E, "body": ACME, "cmd": 0x01, "name": "Acme Set Fan Duty", "privilege": "operator"},
            {"netFn": 0x2E, "body": ACME, "cmd": 0x02, "name": "Acme Get Fan Duty", "privilege": "user"},
        ],
    }).encode()
    is_known = False
    while not ended.is_set():
        pause = 1
        try:
            reply = json.loads((await bus.request(f"ipmi.handlers.register.{OWNER}", registration, timeout=5)).data)
            if reply["type"] == "registered":
                # Said again so often, or it is forgotten.
                pause = reply["renewal"] / 1000
                if not is_known:
                    print("serving", flush=True)
                is_known = True
            elif not is_known:
                sys.exit("\n".join(reply["problems"]))
        except (NoRespondersError, TimeoutError):
            print("no host of the cluster is there", file=sys.stderr)
        try:
            await asyncio.wait_for(ended.wait(), pause)
        except asyncio.TimeoutError:
            pass
    goodbye = json.dumps({"type": "unregister", "id": 2, "owner": OWNER, "instance": instance}).encode()
    await bus.request(f"ipmi.handlers.unregister.{OWNER}", goodbye, timeout=5)
    await bus.drain()


if __name__ == "__main__":
    asyncio.run(main())
