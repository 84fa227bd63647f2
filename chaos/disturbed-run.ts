// Senders that repeat, devices that come and go, and a server that is killed, stopped, left without disk and set back.

import { inParallel } from '@longwire/test-support/in-parallel';
import { SeededRandom } from '@longwire/test-support/seeded-random';
import { until } from '@longwire/test-support/until';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { ChurningDevice } from './churning-device.js';
import { type Disturbance, DisturbedServer, diskFault, disturbances } from './disturbances.js';
import { Ledger } from './ledger.js';
import { pass, RepeatingSender, type Target } from './repeating-sender.js';
import { WireSessions } from './wire-sessions.js';

export interface DisturbedRunOptions {
  readonly seed: number;
  /** Times that each disturbance comes, in random order. */
  readonly times: number;
}

export interface DisturbedRunReport {
  /** In the end: without what was taken away by setting the store back. */
  readonly acknowledged: number;
  readonly repeated: number;
  readonly signIns: number;
  /** Sign-ins of devices that had been forgotten. */
  readonly forgotten: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly disturbances: readonly Disturbance[];
  /** What was found wrong, in sentences. */
  readonly faults: readonly string[];
}

const RECIPIENTS = ['bob', 'carol'];
const SENDERS_OF_EACH = 2;
const IN_FLIGHT = 4;
/** More than are compared in one slice at sign-in. */
const PEERS = 450;
/** Of one recipient, together more than the server keeps. Those of one stream come one at a time. */
const STREAMS = 3;
const DEVICES_OF_STREAM = 12;
/** Of each lasting device, before the next disturbance: the first session begins to read after the one before. */
const SIGN_INS_OF_ROUND = 2;
const WAIT_MS = 120_000;

export async function runDisturbed(
  { seed, times }: DisturbedRunOptions,
  log: (line: string) => void,
): Promise<DisturbedRunReport> {
  const random = new SeededRandom(seed);
  const ledger = new Ledger();
  const disturbed = await DisturbedServer.start(ledger);
  const { server } = disturbed;
  const sessions = new WireSessions(server.gatewayUrl);
  disturbed.sessions = sessions;
  try {
    for (const recipient of RECIPIENTS) await beginChannels(server.gatewayUrl, recipient);
    const senders = RECIPIENTS.flatMap((recipient) => {
      const targetsOf = new Map([[recipient, peersOf(recipient)]]);
      for (let n = 0; n < SENDERS_OF_EACH; n += 1) {
        const name = `${recipient}-sender${n}`;
        targetsOf.set(name, [{ address: `user/${recipient}`, channel: `${recipient} user/${name}` }]);
      }
      return [...targetsOf].map(
        ([name, targets]) => new RepeatingSender(name, targets, sessions, ledger, new SeededRandom(random.next())),
      );
    });
    const sending = senders.map((sender) => sender.run(IN_FLIGHT));
    let isChurning = true;
    const device = (user: string, name: string) =>
      new ChurningDevice(user, name, sessions, ledger, (channel) => channel.startsWith(`user/${user}-peer`));
    const lasting = RECIPIENTS.flatMap((user) => [device(user, 'phone'), device(user, 'tablet')]);
    const fleeting = RECIPIENTS.flatMap((user) =>
      Array.from({ length: STREAMS }, (_, stream) =>
        Array.from({ length: DEVICES_OF_STREAM }, (_, n) => device(user, `device-${stream}-${n}`)),
      ),
    );
    const churn = [
      ...lasting.map((each) => ({ devices: [each], visitMs: 1_000 })),
      ...fleeting.map((devices) => ({ devices, visitMs: 300 })),
    ].map(async ({ devices, visitMs }) => {
      const own = new SeededRandom(random.next());
      while (isChurning) await own.pick(devices).visit(own.below(visitMs), own);
    });

    const planned = shuffled(
      disturbances
        .filter((each) => diskFault === undefined || each !== 'full disk')
        .flatMap((each) => Array<Disturbance>(times).fill(each)),
      random,
    );
    for (const [round, disturbance] of planned.entries()) {
      const [{ acknowledged }, signIns] = [ledger, lasting.map((each) => each.signIns)];
      const hasFlowed = () =>
        ledger.acknowledged > acknowledged &&
        lasting.every((each, n) => each.signIns >= signIns[n]! + SIGN_INS_OF_ROUND);
      await until(hasFlowed, `round ${round + 1} to flow`, WAIT_MS);
      await pass(random.below(500));
      log(`round ${round + 1}: ${disturbance}, ${ledger.acknowledged} acknowledged`);
      await disturbed.disturb(disturbance, random);
    }
    for (const sender of senders) sender.isSending = false;
    await Promise.all(sending);
    isChurning = false;
    await Promise.all(churn);

    for (const user of RECIPIENTS) {
      const heads = new Map<string, number>();
      const reader = await WireClient.signIn(server.gatewayUrl, user, { device: 'phone' });
      const channels = senders
        .flatMap(({ targets }) => targets.map(({ channel }) => channel))
        .filter((channel) => channel.startsWith(`${user} `));
      await inParallel(channels.length, 8, async (n) => {
        const channel = channels[n]!;
        const address = channel.slice(user.length + 1);
        const log = await readWholeLog(reader, address);
        ledger.checkLog(channel, log);
        heads.set(address, log.length);
      });
      await reader.end();
      for (const each of lasting.filter((each) => each.user === user)) {
        if (!(await each.catchUp(heads))) ledger.fault(`${user} on ${each.name} did not get everything`);
      }
    }
    if (!server.isRunning) ledger.fault(`the server ended: ${server.output.slice(-1_000)}`);
    const all = [...lasting, ...fleeting.flat()];
    return {
      acknowledged: ledger.acknowledged,
      repeated: ledger.repeated,
      signIns: all.reduce((sum, { signIns }) => sum + signIns, 0),
      forgotten: all.reduce((sum, { timesForgotten }) => sum + timesForgotten, 0),
      refusals: Object.fromEntries(ledger.refusals),
      disturbances: planned,
      faults: ledger.faults,
    };
  } catch (error) {
    const faults = ledger.faults.slice(0, 10).join('\n');
    throw new Error(`${String(error)}\nfaults: ${faults}\n${server.output.slice(-3_000)}`, { cause: error });
  } finally {
    await disturbed.remove();
  }
}

/**
 * The user has many channels, and writes in them: at a sign-in most have been read to the end, and messages arrive in some of
 * them while it compares them.
 */
function peersOf(user: string): Target[] {
  return Array.from({ length: PEERS }, (_, n) => {
    const address = `user/${user}-peer${n}`;
    return { address, channel: `${user} ${address}` };
  });
}

async function beginChannels(url: string, user: string): Promise<void> {
  const client = await WireClient.signIn(url, user, { device: 'sender' });
  await inParallel(PEERS, 32, async (n) => {
    const { address } = peersOf(user)[n]!;
    await client.ask({ type: 'send', to: address, body: `${address} begins` });
  });
  await client.end();
}

function shuffled<Item>(items: readonly Item[], random: SeededRandom): Item[] {
  return items
    .map((item) => ({ item, at: random.fraction() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

async function readWholeLog(reader: WireClient, channel: string): Promise<WireMessage[]> {
  const entries: WireMessage[] = [];
  for (let more = true; more; ) {
    const page = await reader.ask({ type: 'history', channel, after: entries.length, limit: 200 });
    entries.push(...(page['entries'] as WireMessage[]));
    more = page['more'] === true;
  }
  return entries;
}
