// Users with devices, groups and blocks do random things on a server, and a naive model of the rules does the same: every answer,
// every push, every list and every page must be what the rules say.

import { raisedRates } from '@longwire/test-support/raised-rates';
import type { ServerProcess } from '@longwire/test-support/server-process';
import type { WireMessage } from '@longwire/test-support/wire-client';
import fc from 'fast-check';
import { WireSessions } from '../wire-sessions.js';
import { type Answer, NaiveWorld, OK } from './naive-world.js';
import { PeopleDevice } from './people-device.js';
import { DEVICES_OF_USER, GROUPS, peopleSteps, type Step, USERS } from './people-steps.js';

export interface PeopleServer {
  readonly gatewayUrl: string;
  /** Ends it cleanly, and starts it again; undefined: it keeps nothing. */
  readonly restart: (() => Promise<void>) | undefined;
  readonly kill: (() => Promise<void>) | undefined;
}

export const PEOPLE_SETTINGS: Readonly<Record<string, string>> = Object.freeze({
  ...raisedRates,
  LONGWIRE_LIMITS_HANDSHAKES_PER_SECOND: '100000',
});

export function onProcess(server: ServerProcess): PeopleServer {
  const end = async (signal: NodeJS.Signals) => {
    await server.kill(signal);
    await server.startAgain();
  };
  return { gatewayUrl: server.gatewayUrl, restart: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

/** `CHAOS_SHRINK=1` finds the smallest steps that go wrong, which may take minutes. */
const endOnFailure = process.env['CHAOS_SHRINK'] === undefined;

/** Does so many runs of random steps. @throws what went wrong after which steps */
export async function expectRules(
  server: PeopleServer,
  { runs, steps }: { readonly runs: number; readonly steps: number },
): Promise<void> {
  const property = fc.asyncProperty(peopleSteps(steps), async (taken) => {
    const faults = await runPeople(server, taken);
    if (faults.length > 0) throw new Error(faults.join('\n'));
  });
  await fc.assert(property, { numRuns: runs, endOnFailure });
}

let runs = 0;

/** Does all steps with users that no other run has. @returns what was found wrong, in sentences */
async function runPeople(server: PeopleServer, steps: readonly Step[]): Promise<readonly string[]> {
  runs += 1;
  const people = new People(server, `${runs}`);
  for (const step of steps) {
    await people.take(step);
    if (people.faults.length > 0) break;
  }
  await people.finish();
  return people.faults;
}

const JOINING = ['open', 'closed', 'request'] as const;
const ROLES = ['owner', 'admin', 'member'] as const;

class People {
  readonly faults: string[] = [];
  readonly #server: PeopleServer;
  readonly #world: NaiveWorld;
  readonly #groups: readonly string[];
  readonly #devices: readonly PeopleDevice[];
  /** What was done, with its answer. */
  readonly #done: string[] = [];
  #sends = 0;

  constructor(server: PeopleServer, run: string) {
    this.#server = server;
    const users = Array.from({ length: USERS }, (_, n) => `user${n}-${run}`);
    this.#groups = Array.from({ length: GROUPS }, (_, n) => `group${n}-${run}`);
    this.#world = new NaiveWorld(users);
    const sessions = new WireSessions(server.gatewayUrl);
    const epochs = new Map<string, string>();
    const fault = (text: string) => this.#fault(text);
    this.#devices = users.flatMap((user) =>
      Array.from(
        { length: DEVICES_OF_USER },
        (_, n) => new PeopleDevice(user, `device${n}`, this.#world, sessions, epochs, fault),
      ),
    );
  }

  async take(step: Step): Promise<void> {
    const device = this.#devices[step.device]!;
    switch (step.do) {
      case 'connect':
        return device.connect(step.flag);
      case 'disconnect':
        await device.settle();
        return device.end(false);
      case 'cut':
        return device.end(true);
      case 'stop':
        return this.#end(this.#server.restart, false);
      case 'kill':
        return this.#end(this.#server.kill, true);
    }
    await device.connect(step.flag);
    await this.#command(device, step);
  }

  async finish(): Promise<void> {
    for (const [index, device] of this.#devices.entries()) {
      if (this.faults.length > 0) break;
      await device.connect(false);
      await device.settle();
      // The rest is the same on all devices of a user.
      if (index % DEVICES_OF_USER > 0) continue;
      await this.#list(device);
      for (const address of this.#world.addressesOf(device.user)) await this.#walkHistory(device, address, 40);
    }
    await Promise.all(this.#devices.map((device) => device.end(false)));
  }

  async #command(device: PeopleDevice, step: Step): Promise<unknown> {
    const { user } = device;
    const other = this.#world.users[step.other]!;
    const group = this.#groups[step.group]!;
    const world = this.#world;
    const own = world.addressesOf(user);
    const address = own[step.n % Math.max(1, own.length)] ?? `user/${other}`;
    switch (step.do) {
      case 'sendToUser':
        return this.#send(device, `user/${other}`);
      case 'sendToGroup':
        return this.#send(device, `group/${group}`);
      case 'ack':
        return this.#ack(device, step.n);
      case 'read':
        return this.#read(device, address, step.n);
      case 'list':
        return this.#list(device);
      case 'history':
        return this.#walkHistory(device, step.flag ? address : `group/${group}`, 1 + (step.n % 10));
      case 'block':
      case 'unblock':
        if (other === user) return undefined;
        return this.#expect(device, { type: step.do, user: other }, world.block(user, other, step.do === 'block'));
      case 'archive':
      case 'unarchive': {
        const on = step.do === 'archive';
        return this.#expect(device, { type: 'archive', channel: address, on }, world.archive(user, address, on));
      }
      case 'hide':
        return this.#expect(device, { type: 'hide', channel: address }, world.hide(user, address));
      case 'create': {
        const settings = { joining: JOINING[step.n % JOINING.length]!, history: step.flag ? 'start' : 'joining' };
        return this.#expect(device, { type: 'group.create', group, ...settings }, world.create(user, group, settings));
      }
      case 'update': {
        const change = step.flag
          ? { posting: step.n % 2 === 0 ? 'admins' : 'members' }
          : { joining: JOINING[step.n % JOINING.length]! };
        return this.#expect(device, { type: 'group.update', group, ...change }, world.update(user, group, change));
      }
      case 'join':
        return this.#expect(device, { type: 'group.join', group }, world.join(user, group));
      case 'add':
        return this.#expect(device, { type: 'group.add', group, users: [other] }, world.add(user, group, other));
      case 'accept': {
        const of = step.flag ? user : other;
        return this.#expect(device, { type: 'group.accept', group, user: of }, world.accept(user, group, of));
      }
      case 'decline': {
        const of = step.flag ? user : other;
        return this.#expect(device, { type: 'group.decline', group, user: of }, world.decline(user, group, of));
      }
      case 'leave':
        return this.#expect(device, { type: 'group.leave', group }, world.leave(user, group));
      case 'remove':
        return this.#expect(device, { type: 'group.remove', group, users: [other] }, world.remove(user, group, other));
      case 'role': {
        const role = ROLES[step.n % ROLES.length]!;
        const command = { type: 'group.role', group, user: other, role };
        return this.#expect(device, command, world.setRole(user, group, other, role));
      }
      case 'delete':
        return this.#expect(device, { type: 'group.delete', group }, world.delete(user, group));
      default:
        throw new TypeError(`no command of a user: ${step.do}`);
    }
  }

  async #send(device: PeopleDevice, address: string): Promise<void> {
    this.#sends += 1;
    const body = `message ${this.#sends}`;
    const expected = this.#world.send(device.user, address, JSON.stringify(body));
    const answer = await this.#expect(device, { type: 'send', to: address, body }, expected);
    if (answer.type === 'sent') device.noteSent(address, Number(answer['offset']));
    if (answer.type === 'sent') device.epochs.set(address, String(answer['epoch']));
  }

  async #ack(device: PeopleDevice, n: number): Promise<void> {
    const positions = [...device.positions];
    const [address, newest] = positions[n % Math.max(1, positions.length)] ?? [undefined, 0];
    if (address === undefined) return;
    const offset = 1 + (n % newest);
    const cursors = { [address]: { epoch: device.epochs.get(address), offset } };
    await this.#expect(device, { type: 'ack', cursors }, OK);
    device.noteAcked(address, offset);
  }

  async #read(device: PeopleDevice, address: string, n: number): Promise<void> {
    const epoch = device.epochs.get(address);
    const head = this.#world.channel(device.user, address)?.head;
    if (epoch === undefined || head === undefined) return;
    const offset = 1 + (n % (head + 1));
    const command = { type: 'read', channel: address, epoch, offset };
    await this.#expect(device, command, this.#world.read(device.user, address, offset));
  }

  async #list(device: PeopleDevice): Promise<void> {
    const answer = await device.ask({ type: 'channels', limit: 200 });
    const { user } = device;
    const world = this.#world;
    const listed = new Map(
      (answer['channels'] as WireMessage[]).map((channel) => [String(channel['address']), channel]),
    );
    const expected = world.addressesOf(user).filter((address) => world.isListed(user, address));
    this.#compare(device, 'channels', [...listed.keys()].sort(), expected.sort());
    const { invitations } = await device.ask({ type: 'group.invitations' });
    const invited = (invitations as WireMessage[]).map(({ group }) => String(group));
    this.#compare(device, 'invitations', invited.sort(), world.invitationsOf(user).sort());
    for (const [address, channel] of listed) {
      const log = world.channel(user, address);
      if (log === undefined) continue;
      const read = Number(channel['read']);
      const { min, max } = log.readOf(user);
      if (read < min || read > max) this.#fault(`${user}: ${address} is read up to ${read}, expected ${min}-${max}`);
      log.observeRead(user, read);
      const [kind, id] = address.split('/') as [string, string];
      const group = kind === 'group' ? world.groups.get(id) : undefined;
      const shown = (name: string) => channel[name];
      this.#compare(
        device,
        address,
        [
          ...['head', 'unread', 'visibleFrom', 'role', 'members', 'posting'].map(shown),
          shown('blocked') === true,
          shown('archived') === true,
        ],
        [
          log.head,
          log.unread(user, read),
          log.stayOf(user)?.visibleFrom,
          group?.roles.get(user),
          group?.roles.size,
          group?.settings.posting === 'admins' ? 'admins' : shown('posting'),
          kind === 'user' && world.blocks(user, id),
          world.archived.has(`${user} ${address}`),
        ],
      );
    }
  }

  /** All pages, from the first on or from the last back. */
  async #walkHistory(device: PeopleDevice, address: string, limit: number): Promise<void> {
    const isForward = limit % 2 === 0;
    const seen: [number, string, unknown, unknown][] = [];
    let after = 0;
    let before: number | undefined;
    for (let more = true; more; ) {
      const from = isForward ? { after } : before === undefined ? {} : { before };
      const page = await device.ask({ type: 'history', channel: address, ...from, limit });
      const log = this.#world.channel(device.user, address);
      if (page.type === 'error') {
        const isOutside = address.startsWith('group/') && log?.stayOf(device.user) === undefined;
        if (page['code'] !== 'not_a_member' || !isOutside)
          this.#fault(`history of ${address}: ${JSON.stringify(page)}`);
        return;
      }
      const entries = (page['entries'] as WireMessage[]).map(
        (entry) => [Number(entry['offset']), entry.type, entry['from'], JSON.stringify(entry['body'])] as const,
      );
      const place = entries.map((entry) => [...entry] as [number, string, unknown, unknown]);
      if (isForward) seen.push(...place);
      else seen.unshift(...place);
      more = page['more'] === true;
      if (more && entries.length === 0) return this.#fault(`history of ${address}: an empty page with more`);
      after = entries.at(-1)?.[0] ?? after;
      before = entries[0]?.[0] ?? before;
    }
    const log = this.#world.channel(device.user, address);
    const expected = (log?.visible(device.user) ?? []).map((offset) => {
      const { kind, from, body } = log!.entries[offset - 1]!;
      return [offset, kind, from, body];
    });
    this.#compare(device, `history of ${address}`, seen, expected);
  }

  async #expect(device: PeopleDevice, command: object, expected: Answer): Promise<WireMessage> {
    const answer = await device.ask(command);
    this.#done.push(`${device.user} on ${device.name}: ${JSON.stringify(command)} → ${JSON.stringify(answer)}`);
    const { type, code, offset } = answer as unknown as Answer;
    if (type !== expected.type || code !== expected.code || (type === 'sent' && offset !== expected.offset)) {
      const [said, wanted] = [answer, expected].map((each) => JSON.stringify(each));
      this.#fault(`${device.user}: ${JSON.stringify(command)} was answered with ${said}, expected ${wanted}`);
    }
    return answer;
  }

  async #end(how: (() => Promise<void>) | undefined, isCrash: boolean): Promise<void> {
    if (how === undefined) return;
    if (!isCrash) for (const device of this.#devices) await device.settle();
    await how();
    for (const device of this.#devices) {
      await device.end(true);
      if (isCrash) device.crash();
    }
    if (isCrash) this.#world.crash();
  }

  #compare(device: PeopleDevice, what: string, got: unknown, expected: unknown): void {
    const [one, other] = [JSON.stringify(got), JSON.stringify(expected)];
    if (one !== other) this.#fault(`${device.user}: ${what} ${one}, expected ${other}`);
  }

  #fault(text: string): void {
    this.faults.push(`${text}; after ${this.#done.slice(-8).join(', ')}`);
  }
}
