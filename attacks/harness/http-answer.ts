// Reads one HTTP/1.1 answer from bytes.

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** How much of the input it was. */
  readonly byteLength: number;
}

/** Undefined as long as it is not all there. */
export function readAnswer(bytes: Buffer, isAll: boolean): HttpAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? Number.NaN);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const bodyStart = headEnd + 4;
  if (status === 101) return { status, headers, body: '', byteLength: bodyStart };
  const length = headers.get('content-length');
  if (length === undefined && !isAll) return undefined;
  const bodyEnd = length === undefined ? bytes.length : bodyStart + Number(length);
  if (bytes.length < bodyEnd && !isAll) return undefined;
  return { status, headers, body: bytes.toString('utf8', bodyStart, bodyEnd), byteLength: bodyEnd };
}
