// A walk through the endpoints of interop-endpoints.ts with the WebSocket class of browsers, and what the walk of each client reports.

/** What a client saw; the programs in interop-java and interop-python print the same. */
export interface WalkReport {
  readonly subprotocol: string;
  /** Names of the extensions in use. */
  readonly extensions: string[];
  /** Kind and length of each message that came back as it was sent. */
  readonly echoed: string[];
  /** What the room's broadcast brought. */
  readonly heard: string;
  /** The answers to two numbers in JSON, and to text that is not JSON. */
  readonly sums: string[];
  /** How many bytes of a streamed message the endpoint counted. */
  readonly uploaded: string;
  /** The parts of a text sent in fragments; only from libraries that can send them. */
  readonly parts?: string;
  /** A message that came in fragments with pings in between, and the last pong that the endpoint got. */
  readonly fragments: string[];
  /** In how many calls that message was handed over; only from libraries that give parts. */
  readonly fragmentCalls?: number;
  /** The payload of the pong to the client's ping; only from libraries that can ping. */
  readonly pong?: string;
  /** Codes and reasons of the closes asked for, of a message too long, and of a cut connection. */
  readonly closes: string[];
  /** Without a token (the status, or `refused` from libraries that do not report it), with an old one, with a good one. */
  readonly members: string[];
}

/** Runs in pages and in other processes, as text: it may use nothing but what browsers and Node have. */
export async function walk(Socket: typeof WebSocket, base: string): Promise<WalkReport> {
  const opened = (path: string, subprotocols: string[] = []): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new Socket(base + path, subprotocols);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => resolve(socket);
      // undici of Node 20 reports a refusal by this event only.
      socket.onerror = () => reject(new Error('refused'));
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code} before it was open`));
    });
  const answerTo = (socket: WebSocket, message: string | Uint8Array<ArrayBuffer>): Promise<string | ArrayBuffer> =>
    new Promise((resolve, reject) => {
      socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => resolve(data);
      socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason} instead of an answer`));
      socket.send(message);
    });
  const closeOf = (socket: WebSocket, close: () => void = () => {}): Promise<string> =>
    new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => resolve(`${code} ${reason}`.trim());
      close();
    });
  const asked = async (path: string, ...messages: (string | Uint8Array<ArrayBuffer>)[]): Promise<string[]> => {
    const socket = await opened(path);
    const answers: string[] = [];
    for (const message of messages) answers.push(String(await answerTo(socket, message)));
    await closeOf(socket, () => socket.close());
    return answers;
  };

  const socket = await opened('/echo', ['a', 'b']);
  const { protocol: subprotocol } = socket;
  const extensions = socket.extensions.split(',').flatMap((extension) => /[\w-]+/.exec(extension) ?? []);
  const bytes = (length: number) => new Uint8Array(length).map((_, index) => index % 251);
  const large = ['κόσμε 🎈 '.repeat(20_000), bytes(1_048_576)];
  const echoed: string[] = [];
  for (const sent of ['', 'Hello', 'κόσμε 🎈', bytes(0), bytes(256), 'z'.repeat(70_000), ...large]) {
    const answer = await answerTo(socket, sent);
    const back = typeof answer === 'string' ? answer : new Uint8Array(answer);
    const isSame =
      typeof back === 'string' || typeof sent === 'string'
        ? back === sent
        : back.length === sent.length && back.every((byte, index) => byte === sent[index]);
    echoed.push(`${typeof sent === 'string' ? 'text' : 'bytes'} ${isSame ? sent.length : 'differs'}`);
  }
  await closeOf(socket, () => socket.close(3001, 'größer'));

  const [heard = ''] = await asked('/rooms/k%C3%BCche%2Fbad?name=ann', 'hello');
  const sums = await asked('/sums', '{"a":19,"b":23}', '{"a":');
  const [uploaded = ''] = await asked('/parts', bytes(500_000));
  const fragments = await asked('/fragments', 'one two three', 'the last pong?');

  const closes: string[] = [];
  for (const request of ['1000', '1001 going', '1011 größer', '4999 mine', 'x'.repeat(101), 'terminate']) {
    const closing = await opened('/closing');
    closes.push(await closeOf(closing, () => closing.send(request)));
  }

  const refused = await opened('/members').catch((error: Error) => error.message);
  const expired = await closeOf(await opened('/members?token=old'));
  const members = [String(refused), expired, ...(await asked('/members?token=ann', 'hello'))];
  return { subprotocol, extensions, echoed, heard, sums, uploaded, fragments, closes, members };
}
