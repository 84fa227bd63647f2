// The head of a handshake's request or answer as lines, without its secrets.
import { plain } from './printable.js';

const hidden = '•••';
const secretHeaders = /^(?:(?:proxy-)?authorization|(?:set-)?cookie2?|.*(?:token|secret|password|api-?key).*)$/i;
const secretParameters =
  /token|secret|password|^(?:passwd|pwd|api[-_]?key|key|jwt|sig|signature|auth|ticket|code|sid|session(?:[-_]?id)?)$/i;
// Browsers can set no header but this one, so programs put their tokens here.
const secretSubprotocol = /bearer|token|secret|jwt|.{65}/i;

/** @param rawHeaders names and values in turn, as they stood on the wire */
export function requestLines(method: string, target: string, rawHeaders: readonly string[]): string[] {
  return [`${method} ${plain(withoutSecrets(target))} HTTP/1.1`, ...headerLines(rawHeaders)];
}

export function answerLines(status: number, text: string, rawHeaders: readonly string[]): string[] {
  return [`HTTP/1.1 ${status} ${plain(text)}`, ...headerLines(rawHeaders)];
}

/** An answer as it was written: its head, and the sentence of a refusal. */
export function writtenAnswerLines(written: string): string[] {
  const [head = '', body = ''] = written.split('\r\n\r\n', 2);
  const [statusLine = '', ...headers] = head.split('\r\n');
  const rawHeaders = headers.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const sentence = body.trim();
  return [plain(statusLine), ...headerLines(rawHeaders), ...(sentence === '' ? [] : [`  ${plain(sentence)}`])];
}

function headerLines(rawHeaders: readonly string[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    lines.push(`  ${plain(name)}: ${plain(headerValue(name, rawHeaders[index + 1]!))}`);
  }
  return lines;
}

function headerValue(name: string, value: string): string {
  if (secretHeaders.test(name)) return hidden;
  if (name.toLowerCase() !== 'sec-websocket-protocol') return withoutSecrets(value);
  return value
    .split(',')
    .map((item) => (secretSubprotocol.test(item.trim()) ? ` ${hidden}` : item))
    .join(',')
    .trim();
}

/** Hides the values of parameters with names such as these, wherever a query stands. */
function withoutSecrets(text: string): string {
  return text.replace(/([?&;])([^=&;#\s]+)=([^&;#\s]+)/g, (all, before: string, name: string) =>
    secretParameters.test(decoded(name)) ? `${before}${name}=${hidden}` : all,
  );
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
