"""The far end of interop-container.test.ts: Python's websockets.

container.py <url>…    walks through the endpoints below each URL as interop-walk.ts does, and prints what it saw as JSON,
                       an array with one report for each URL
"""

import asyncio
import json
import sys

import websockets

MAX_SIZE = 2 * 1024 * 1024


def connect(url, **options):
    return websockets.connect(url, max_size=MAX_SIZE, **options)


def numbered(length):
    return bytes(index % 251 for index in range(length))


def utf16_length(text):
    """As JavaScript and Java count."""
    return len(text.encode("utf-16-le")) // 2


def end_of(socket):
    return f"{socket.close_code} {socket.close_reason}".strip()


async def asked(url, *messages):
    async with connect(url) as socket:
        answers = []
        for message in messages:
            await socket.send(message)
            answers.append(await socket.recv())
        return answers


async def echo(base):
    socket = await connect(base + "/echo", subprotocols=["a", "b"])
    echoed = []
    large = ["κόσμε 🎈 " * 20_000, numbered(1_048_576)]
    for sent in ["", "Hello", "κόσμε 🎈", b"", numbered(256), "z" * 70_000, *large]:
        await socket.send(sent)
        is_same = await socket.recv() == sent
        kind, length = ("text", utf16_length(sent)) if isinstance(sent, str) else ("bytes", len(sent))
        echoed.append(f"{kind} {length if is_same else 'differs'}")
    # Resolves only with the pong of this payload.
    pong = "are you there?"
    await asyncio.wait_for(await socket.ping(pong), 10)
    await socket.close(3001, "größer")
    # Where websockets 14 and newer have them, and older ones.
    extensions = [extension.name for extension in getattr(socket, "protocol", socket).extensions]
    return {"subprotocol": socket.subprotocol, "extensions": extensions, "echoed": echoed, "pong": pong}


async def status_without_token(base):
    try:
        async with connect(base + "/members"):
            return "let in"
    except websockets.exceptions.InvalidHandshake as refusal:
        # websockets 14 and newer have the whole response, older ones only the status.
        return str(getattr(refusal, "response", refusal).status_code)


async def closed_after(url, *requests):
    socket = await connect(url)
    for request in requests:
        await socket.send(request)
    await socket.wait_closed()
    return end_of(socket)


async def walk(base):
    report = await echo(base)
    [report["heard"]] = await asked(base + "/rooms/k%C3%BCche%2Fbad?name=ann", "hello")
    report["sums"] = await asked(base + "/sums", '{"a":19,"b":23}', '{"a":')
    upload = numbered(500_000)
    fragmented = [["frag", "men", "ted"], [upload[:300_000], upload[300_000:]]]
    report["parts"], report["uploaded"] = await asked(base + "/parts", *fragmented)
    report["fragments"] = await asked(base + "/fragments", "one two three", "the last pong?")
    requests = ["1000", "1001 going", "1011 größer", "4999 mine", "x" * 101, "terminate"]
    report["closes"] = [await closed_after(base + "/closing", request) for request in requests]
    report["members"] = [
        await status_without_token(base),
        await closed_after(base + "/members?token=old"),
        *await asked(base + "/members?token=ann", "hello"),
    ]
    return report


async def main():
    print(json.dumps([await walk(base) for base in sys.argv[1:]]))


asyncio.run(main())
