"""The far end of interop-python.test.ts: Python's websockets, as a server or as a client.

peer.py serve <deflate|plain>            prints its port; echoes; the text "close <code> <reason>" makes it close
peer.py walk <deflate|plain> <url>       sends what the test expects and prints what came back as one line of JSON
"""

import asyncio
import hashlib
import json
import sys

import websockets

MAX_SIZE = 16 * 1024 * 1024


def digest(data):
    if isinstance(data, str):
        return "text %d %s" % (len(data), hashlib.sha256(data.encode()).hexdigest())
    return "bytes %d %s" % (len(data), hashlib.sha256(data).hexdigest())


async def echo(socket, _path=None):
    try:
        async for message in socket:
            words = message.split(" ", 2) if isinstance(message, str) else []
            if len(words) == 3 and words[0] == "close":
                await socket.close(int(words[1]), words[2])
            else:
                await socket.send(message)
    except websockets.exceptions.ConnectionClosed:
        pass


async def serve(compression):
    async with websockets.serve(
        echo, "127.0.0.1", 0, compression=compression, max_size=MAX_SIZE, subprotocols=["b", "a"]
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # Ends with the program that started it, which holds the other end of stdin.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def walk(compression, url):
    async with websockets.connect(
        url, compression=compression, max_size=MAX_SIZE, subprotocols=["a", "b"]
    ) as socket:
        sent = ["", "Hello", "κόσμε 🎈", b"", bytes(range(256)), "z" * 70000, b"\x00\xff" * 40000, "x" * MAX_SIZE]
        echoed = []
        for message in sent:
            await socket.send(message)
            echoed.append(digest(await socket.recv()))
        await socket.send(["frag", "men", "ted"])
        echoed.append(await socket.recv())
        await socket.send("stream 5")
        echoed.append(await socket.recv())
        pong = await socket.ping(b"are you there")
        await asyncio.wait_for(pong, 10)
        await socket.send("close 4001 größer")
        try:
            await socket.recv()
        except websockets.exceptions.ConnectionClosed:
            pass
        print(
            json.dumps(
                {
                    "same": echoed[: len(sent)] == [digest(message) for message in sent],
                    "rest": echoed[len(sent) :],
                    "code": socket.close_code,
                    "reason": socket.close_reason,
                    "subprotocol": socket.subprotocol,
                    # Where websockets 14 and newer have them, and older ones.
                    "extensions": [extension.name for extension in getattr(socket, "protocol", socket).extensions],
                }
            ),
            flush=True,
        )


compression = "deflate" if sys.argv[2] == "deflate" else None
asyncio.run(serve(compression) if sys.argv[1] == "serve" else walk(compression, sys.argv[3]))
