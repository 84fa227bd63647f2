// The normative algorithm in its simplest form, to show that the sequences in vectors/ agree with each other and with
// PROTOCOL.md. The client package has the implementation that ships; both read the same vectors.

import type { Address, Answer, EntryPush, GapPush, JsonValue, Position, Push, SendCommand } from '../src/index.js';
import { decodeServerMessage, isGroupEntry, isMemberEntry, isMessageEntry } from '../src/index.js';

type Positions = Record<string, Position>;

interface AppSend {
  readonly to: Address;
  readonly body: JsonValue;
  readonly key: string;
  readonly echo?: boolean;
}

export interface SequenceStep {
  readonly server?: Record<string, unknown>;
  readonly app?: { readonly send: AppSend };
  readonly lost?: true;
  readonly reconnected?: true;
  readonly elapsedMs?: number;
  readonly events: readonly unknown[];
  readonly sends?: readonly unknown[];
  readonly positions?: Positions;
}

interface PendingSend {
  /** The connection was lost before the answer. */
  isInDoubt: boolean;
  readonly command: SendCommand & { readonly key: string };
  readonly since: Position | undefined;
}

export class ClientModel {
  readonly #user: string;
  readonly #positions: Map<string, Position>;
  readonly #pending = new Map<string, PendingSend>();
  /** Every send, by key: whether it asked for its entry. */
  readonly #echoes = new Map<string, boolean>();
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
    if (step.lost) for (const send of this.#pending.values()) send.isInDoubt = true;
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
      const isEcho = this.#echoes.get(key ?? '') === true;
      if (!isEcho && p !== undefined && p.epoch === epoch && offset === p.offset + 1)
        this.#move(channel, { epoch, offset });
    }
    if (answer.type === 'error') {
      this.#pending.delete(key ?? '');
      this.#events.push({ event: 'refused', key, code: answer.code });
    }
  }

  #onPush(push: Push): void {
    if (push.type === 'gap') this.#onGap(push);
    if (push.type === 'channel' && push.invitation !== undefined) {
      const group = push.address.slice('group/'.length);
      this.#events.push({ event: 'invitation', group, ...push.invitation });
      return;
    }
    if (push.type === 'receipt' || push.type === 'channel' || push.type === 'signal') {
      const { type, ...fields } = push;
      this.#events.push({ event: type, ...fields });
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
    if (kind === 'known' && (isMemberEntry(entry) || isGroupEntry(entry))) {
      this.#events.push({ event: entry.type, channel, epoch, offset });
      return;
    }
    if (kind === 'unknown' || !isMessageEntry(entry)) return;
    const isOwn = entry.from === this.#user;
    if (isOwn && this.#pending.get(entry.key ?? '')?.isInDoubt) this.#settle(entry.key, { epoch, offset });
    if (isOwn && this.#echoes.get(entry.key ?? '') === false) return;
    this.#events.push({ event: isOwn ? 'own' : 'message', channel, epoch, offset });
  }

  #onGap(gap: GapPush): void {
    const { channel, epoch, from, to, next, reason } = gap;
    const p = this.#positions.get(channel);
    if (p !== undefined && p.epoch === epoch && next - 1 <= p.offset && reason !== 'epoch') return;
    this.#move(channel, { epoch, offset: next - 1 });
    this.#events.push({ event: 'gap', channel, epoch, from, to, next, reason });
  }

  #send(sent: AppSend): void {
    this.#echoes.set(sent.key, sent.echo === true);
    const command = { type: 'send', ...sent } as const;
    this.#pending.set(sent.key, { isInDoubt: false, command, since: this.#positions.get(sent.to) });
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
