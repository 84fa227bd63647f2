// The normative algorithm, as plainly as it can be said: it shows that the sequences in vectors/ agree with each other
// and with the prose. The client package has the one that ships; both read the same vectors.

import type { Address, Answer, EntryPush, GapPush, JsonValue, Position, Push, SendCommand } from '../src/index.js';
import { decodeServerMessage } from '../src/index.js';

type Positions = Record<string, Position>;

export interface SequenceStep {
  readonly server?: Record<string, unknown>;
  readonly app?: { readonly send: { readonly to: Address; readonly body: JsonValue; readonly key: string } };
  readonly lost?: true;
  readonly reconnected?: true;
  readonly elapsedMs?: number;
  readonly events: readonly unknown[];
  readonly sends?: readonly unknown[];
  readonly positions?: Positions;
}

interface PendingSend {
  readonly command: SendCommand & { readonly key: string };
  readonly since: Position | undefined;
}

export class ClientModel {
  readonly #user: string;
  readonly #positions: Map<string, Position>;
  readonly #pending = new Map<string, PendingSend>();
  readonly #unacked = new Set<string>();
  #events: unknown[] = [];
  #sends: unknown[] = [];

  constructor(user: string, cursors: Positions) {
    this.#user = user;
    this.#positions = new Map(Object.entries(cursors));
  }

  run(step: SequenceStep): { events: unknown[]; sends: unknown[]; positions: Positions } {
    this.#events = [];
    this.#sends = [];
    if (step.server !== undefined) this.#onServer(step.server);
    if (step.app !== undefined) this.#send(step.app.send);
    if (step.reconnected) this.#reconnect();
    if (step.elapsedMs !== undefined) this.#ack();
    return { events: this.#events, sends: this.#sends, positions: Object.fromEntries(this.#positions) };
  }

  #onServer(raw: Record<string, unknown>): void {
    const key = raw['re'] === undefined ? undefined : (raw['re'] as { key: string }).key;
    const message = decodeServerMessage(JSON.stringify({ ...raw, re: key }));
    switch (message.kind) {
      case 'entry':
        this.#onEntry(message.entry, 'known');
        break;
      case 'unknownEntry':
        this.#onEntry(message.entry, 'unknown');
        break;
      case 'answer':
        this.#onAnswer(message.answer, key);
        break;
      case 'push':
        this.#onPush(message.push);
        break;
      default:
    }
  }

  #onAnswer(answer: Answer, key: string | undefined): void {
    if (answer.type === 'sent') {
      const { channel, epoch, offset } = answer;
      this.#settle(key, { epoch, offset });
      const p = this.#positions.get(channel);
      if (p !== undefined && p.epoch === epoch && offset === p.offset + 1) this.#move(channel, { epoch, offset });
    }
    if (answer.type === 'error') {
      this.#pending.delete(key ?? '');
      this.#events.push({ event: 'refused', key, code: answer.code });
    }
  }

  #onPush(push: Push): void {
    if (push.type === 'gap') this.#onGap(push);
    if (push.type === 'receipt') {
      const { type, ...receipt } = push;
      this.#events.push({ event: type, ...receipt });
    }
  }

  #onEntry(entry: EntryPush, kind: 'known' | 'unknown'): void {
    const { channel, epoch, offset } = entry;
    const p = this.#positions.get(channel);
    if (p !== undefined && p.epoch === epoch && offset <= p.offset) return;
    if (p !== undefined && (p.epoch !== epoch || offset !== p.offset + 1 + (entry.skipped ?? 0))) {
      this.#events.push({ event: 'fault' });
      return;
    }
    this.#move(channel, { epoch, offset });
    if (kind === 'unknown') return;
    const isOwn = 'from' in entry && entry.from === this.#user;
    if (isOwn && entry.type === 'message' && 'key' in entry) this.#settle(entry.key, { epoch, offset });
    this.#events.push({ event: isOwn ? 'own' : 'message', channel, epoch, offset });
  }

  #onGap(gap: GapPush): void {
    const { channel, epoch, from, to, next, reason } = gap;
    const p = this.#positions.get(channel);
    if (p !== undefined && p.epoch === epoch && next - 1 <= p.offset && reason !== 'epoch') return;
    this.#move(channel, { epoch, offset: next - 1 });
    this.#events.push({ event: 'gap', channel, epoch, from, to, next, reason });
  }

  #send(sent: { to: Address; body: JsonValue; key: string }): void {
    const command = { type: 'send', ...sent } as const;
    this.#pending.set(sent.key, { command, since: this.#positions.get(sent.to) });
    this.#sends.push(command);
  }

  #settle(key: string | undefined, position: Position): void {
    if (key === undefined || !this.#pending.delete(key)) return;
    this.#events.push({ event: 'settled', key, ...position });
  }

  #reconnect(): void {
    const cursors = Object.fromEntries(this.#positions);
    this.#sends.push(this.#positions.size === 0 ? { type: 'connect' } : { type: 'connect', cursors });
    for (const { command, since } of this.#pending.values()) {
      this.#sends.push(since === undefined ? command : { ...command, since });
    }
  }

  #ack(): void {
    const due = [...this.#unacked].map((channel) => [channel, this.#positions.get(channel)]);
    this.#unacked.clear();
    if (due.length > 0) this.#sends.push({ type: 'ack', cursors: Object.fromEntries(due) });
  }

  #move(channel: string, position: Position): void {
    this.#positions.set(channel, position);
    this.#unacked.add(channel);
  }
}
