// Senders and recipients against a server that is killed at random instants, and the checker of what they saw.
// Nothing the server reports about itself is trusted: what was acknowledged, what was delivered, and a final read of the
// whole log are compared.

import { connect, type LongwireClient, type LongwireMessage, type SendResult } from '@longwire/client';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { SeededRandom } from '@longwire/test-support/seeded-random';
import { ServerProcess } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';

/** How long clients may take to reconnect, or to receive everything. */
const WAIT_MS = 60_000;

export interface ChaosOptions {
  readonly rounds: number;
  /** Up to this many rounds as long as the server has recognised no repeated send. Default: rounds. */
  readonly mostRounds?: number;
  readonly seed: number;
  /** Half of them send to recipients who are online, half to ones who are away. */
  readonly senders: number;
  /** Sends of one sender without answer at one time. */
  readonly inFlight: number;
}

export interface ChaosReport {
  readonly acknowledged: number;
  /** While the server was up. */
  readonly perSecond: number;
  /** Sends without answer at each kill. */
  readonly unansweredAtKill: readonly number[];
  readonly repeated: number;
  /** What was found wrong, in sentences. */
  readonly faults: readonly string[];
}

/** What a message carries, so that the checker recognises it. */
interface Body {
  readonly sender: string;
  readonly n: number;
}

interface Sender {
  readonly name: string;
  readonly recipient: string;
  readonly client: LongwireClient;
  next: number;
  unanswered: number;
  readonly results: Map<number, SendResult>;
}

export async function runChaos(options: ChaosOptions, log: (line: string) => void): Promise<ChaosReport> {
  const random = new SeededRandom(options.seed);
  const server = await ServerProcess.start({ LONGWIRE_LOG_LEVEL: 'warn', ...raisedRates });
  const faults: string[] = [];
  const handedOn = new Map<string, LongwireMessage[]>();
  const connectAs = (user: string): LongwireClient => {
    const client = connect({
      url: server.url,
      getToken: () => `dev:${user}`,
      device: 'phone',
      reconnectBaseMs: 50,
      reconnectMaxMs: 500,
    });
    client.on('error', (error) => faults.push(`${user}: ${error.code} ${error.message}`));
    return client;
  };
  const receiveAs = async (user: string): Promise<LongwireClient> => {
    const client = connectAs(user);
    const seen: LongwireMessage[] = [];
    handedOn.set(user, seen);
    client.on('message', (message) => void seen.push(message));
    client.on('gap', (gap) => faults.push(`${user}: gap ${JSON.stringify(gap)}`));
    await client.ready();
    return client;
  };
  try {
    const names = Array.from({ length: options.senders }, (_, index) => index);
    const senders: Sender[] = [];
    for (const index of names) {
      const client = connectAs(`sender${index}`);
      await client.ready();
      senders.push({
        name: `sender${index}`,
        recipient: `recipient${index}`,
        client,
        next: 0,
        unanswered: 0,
        results: new Map(),
      });
    }
    const away = new Set(names.filter((index) => index % 2 === 1).map((index) => `recipient${index}`));
    const receivers: LongwireClient[] = [];
    for (const { recipient } of senders) {
      const client = await receiveAs(recipient);
      // A device that is away was here once: a device at its first connect is not given a long backlog.
      if (away.has(recipient)) await client.close();
      else receivers.push(client);
    }
    const isFlowing = () => senders.every((sender) => sender.client.state === 'connected');
    let flowedMs = 0;
    let isSending = true;
    const streams = senders.flatMap((sender) =>
      Array.from({ length: options.inFlight }, () => sendUntil(sender, () => isSending, faults)),
    );
    const unansweredAtKill: number[] = [];
    const { rounds, mostRounds = rounds } = options;
    for (let round = 0; round < rounds || (round < mostRounds && repeatedOf(senders) === 0); round += 1) {
      await until(isFlowing, `round ${round} to flow`, WAIT_MS);
      const flowsSince = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 200 + random.fraction() * 1_300));
      flowedMs += performance.now() - flowsSince;
      unansweredAtKill.push(senders.reduce((sum, sender) => sum + sender.unanswered, 0));
      await server.kill('SIGKILL');
      await server.startAgain();
      log(`round ${round + 1}: ${unansweredAtKill.at(-1)} sends unanswered at the kill`);
    }
    await until(isFlowing, 'the last round to flow', WAIT_MS);
    const flowsSince = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 500));
    flowedMs += performance.now() - flowsSince;
    isSending = false;
    await Promise.all(streams);
    for (const recipient of away) receivers.push(await receiveAs(recipient));
    for (const sender of senders) {
      await until(
        () => (handedOn.get(sender.recipient)?.length ?? 0) >= sender.results.size,
        `${sender.recipient} to have everything`,
        WAIT_MS,
      );
    }
    for (const sender of senders) {
      faults.push(...check(sender, handedOn.get(sender.recipient) ?? [], await readWholeLog(server, sender)));
    }
    await Promise.all([...receivers, ...senders.map((sender) => sender.client)].map((client) => client.close()));
    const acknowledged = senders.reduce((sum, sender) => sum + sender.results.size, 0);
    const repeated = repeatedOf(senders);
    return { acknowledged, perSecond: (acknowledged / flowedMs) * 1_000, unansweredAtKill, repeated, faults };
  } catch (error) {
    throw new Error(`${String(error)}\nfaults: ${faults.slice(0, 10).join('\n')}\n${server.output.slice(-3_000)}`, {
      cause: error,
    });
  } finally {
    await server.remove();
  }
}

async function sendUntil(sender: Sender, isSending: () => boolean, faults: string[]): Promise<void> {
  while (isSending()) {
    const n = sender.next++;
    sender.unanswered += 1;
    try {
      sender.results.set(n, await sender.client.user(sender.recipient).send({ sender: sender.name, n }));
    } catch (error) {
      faults.push(`${sender.name} ${n}: ${String(error)}`);
    }
    sender.unanswered -= 1;
  }
}

/** Sends that were stored, not answered, and known to the server when they came again. */
function repeatedOf(senders: readonly Sender[]): number {
  return senders.flatMap((sender) => [...sender.results.values()]).filter((result) => result.repeated).length;
}

/** Everything that must be true of one channel. */
function check(sender: Sender, handed: readonly LongwireMessage[], log: readonly WireMessage[]): string[] {
  const faults: string[] = [];
  const fault = (text: string) => faults.push(`${sender.name} → ${sender.recipient}: ${text}`);
  log.forEach((entry, index) => {
    if (entry['offset'] !== index + 1) fault(`the log has ${String(entry['offset'])} where ${index + 1} belongs`);
  });
  const placeOf = new Map<number, number>();
  for (const entry of log) {
    const { n } = entry['body'] as Body;
    if (placeOf.has(n)) fault(`message ${n} stands at ${placeOf.get(n)} and at ${String(entry['offset'])}`);
    placeOf.set(n, entry['offset'] as number);
    if (n >= sender.next) fault(`message ${n} was never sent`);
  }
  for (const [n, result] of sender.results) {
    if (placeOf.get(n) !== result.offset)
      fault(`message ${n} was acknowledged at ${result.offset} and stands at ${placeOf.get(n)}`);
  }
  const numbers = log.map((entry) => (entry['body'] as Body).n);
  if (numbers.some((n, index) => index > 0 && n < numbers[index - 1]!))
    fault('messages of one sender changed their order');
  const offsets = handed.map((message) => message.offset);
  offsets.forEach((offset, index) => {
    if (index > 0 && offset <= offsets[index - 1]!) fault(`${offset} was delivered after ${offsets[index - 1]}`);
  });
  if (offsets.length !== log.length) fault(`${offsets.length} of ${log.length} entries were delivered`);
  return faults;
}

async function readWholeLog(server: ServerProcess, sender: Sender): Promise<WireMessage[]> {
  const reader = await WireClient.signIn(server.gatewayUrl, sender.recipient, { device: 'checker' });
  const entries: WireMessage[] = [];
  let more = true;
  while (more) {
    const after = entries.length;
    const page = await reader.ask({ type: 'history', channel: `user/${sender.name}`, after, limit: 200 });
    entries.push(...(page['entries'] as WireMessage[]));
    more = page['more'] === true;
  }
  reader.cut();
  return entries;
}
