// Whether the quotas of a sender allow one more entry, judged in the transaction that would store it.

import { countGroupDemand, type GroupDemand, groupDemandOf, judgeGroupDemand } from '../../group-quotas.js';
import type { AppendRequest } from '../../message-log.js';
import { judgeUndelivered, judgeUsage, noUsage, type QuotaRefusal, type StoreQuotas } from '../../quotas.js';
import { type DamageListener, readAround } from '../damage.js';
import { type ChannelLog, UnreadableEntry } from '../places/channel-log.js';
import { type ChannelState, type KnownMember, lowBytesAt } from '../tables/channel-state.js';
import type { DeviceTable } from '../tables/device-table.js';
import type { GroupUsageTable } from '../tables/group-usage-table.js';
import type { MemberTable } from '../tables/member-table.js';
import type { PendingTable } from '../tables/pending-table.js';
import type { ConcernedMembers } from '../tables/rights-table.js';
import type { UsageLedger } from './usage-ledger.js';

const NO_USAGE = Object.freeze(noUsage());

interface QuotaJudgeParts {
  readonly quotas: StoreQuotas;
  readonly ledger: UsageLedger;
  readonly members: MemberTable;
  readonly pending: PendingTable;
  readonly groupUsage: GroupUsageTable;
  readonly devices: DeviceTable;
  readonly log: ChannelLog;
  readonly onDamage: DamageListener;
}

/** Where the entry goes, and from whom. */
interface JudgedPlace {
  /** Undefined: its channel begins with it. */
  readonly known: ChannelState | undefined;
  /** Number of the user who sends it; undefined: never seen. */
  readonly sender: number | undefined;
  /** Number of the other user in a direct channel; undefined: never seen. */
  readonly recipient: number | undefined;
}

export class QuotaJudge {
  readonly #parts: QuotaJudgeParts;
  /** Below this nothing has to be looked up. */
  readonly #leastUndelivered: number;

  constructor(parts: QuotaJudgeParts) {
    this.#parts = parts;
    const { undeliveredBytesPerPeer, undeliveredBytesToUnseen } = parts.quotas;
    this.#leastUndelivered = Math.min(undeliveredBytesPerPeer, undeliveredBytesToUnseen);
  }

  /**
   * Undefined: the entry may be stored. Only users have quotas.
   * @param bytes  of body and headers
   */
  judge(request: AppendRequest, { known, sender, recipient }: JudgedPlace, bytes: number): QuotaRefusal | undefined {
    const { channel, content, at } = request;
    const { quotas, ledger } = this.#parts;
    if (content?.from === undefined) return undefined;
    const hasPeer = channel.kind === 'direct' && channel.low !== channel.high;
    const begins = known?.isBegun === true ? undefined : hasPeer ? 'peer' : 'self';
    const usage = sender === undefined ? NO_USAGE : ledger.of(sender);
    const refusal = judgeUsage(usage, { bytes, begins, at }, quotas);
    if (refusal !== undefined || !hasPeer) return refusal;
    const isLow = content.from === channel.low;
    const sent = known === undefined ? 0 : isLow ? known.lowBytes : known.bytes - known.lowBytes;
    if (sent + bytes <= this.#leastUndelivered) return undefined;
    const received = known === undefined || recipient === undefined ? 0 : this.#received(known, recipient, sent);
    return judgeUndelivered(sent + bytes - received, () => this.#wasSeen(recipient), quotas);
  }

  /** What a change would use of the quotas of groups. Undefined: nothing. */
  groupDemandOf(
    request: AppendRequest,
    known: ChannelState | undefined,
    concerned: ConcernedMembers | undefined,
  ): GroupDemand | undefined {
    if (concerned === undefined || request.channel.kind !== 'group') return undefined;
    const { pending } = this.#parts;
    return groupDemandOf(request, {
      exists: known !== undefined,
      isMember: (user) => concerned.get(user)?.leftAt === null,
      pendingStateOf: (user) => (known === undefined ? undefined : pending.find(known.number, user)?.state),
    });
  }

  /** Undefined: the change may be stored. */
  judgeGroups(demand: GroupDemand, at: number): QuotaRefusal | undefined {
    const { quotas, pending, groupUsage } = this.#parts;
    return judgeGroupDemand(demand, at, quotas, {
      usageOf: (user) => groupUsage.of(user),
      groupsOf: (user) => groupUsage.countGroups(user),
      pendingOf: (user) => pending.countOf(user),
    });
  }

  /** Counts a change that the open transaction has stored. */
  countGroups(demand: GroupDemand, at: number): void {
    const { actor, joins, adds } = demand;
    if (actor === undefined || joins + adds === 0) return;
    const { groupUsage } = this.#parts;
    groupUsage.put(actor, countGroupDemand(groupUsage.of(actor), demand, at));
  }

  #wasSeen(user: number | undefined): boolean {
    return user !== undefined && this.#parts.devices.hasAny(user);
  }

  /** What a member has received of the other one's content; all of it where damage hides how much. */
  #received(state: ChannelState, user: number, sent: number): number {
    const { members, onDamage } = this.#parts;
    const member = readAround(state.key, onDamage, () => members.find(user, state));
    if (member === undefined) return sent;
    const offset = Math.max(member.delivered, member.read);
    if (offset === 0) return 0;
    if (member.receivedAt !== offset) this.#countReceived(state, member, offset, sent);
    return member.receivedBytes;
  }

  #countReceived(state: ChannelState, member: KnownMember, offset: number, sent: number): void {
    const { log } = this.#parts;
    const seq = log.seqAt(state.number, offset);
    const row = seq === undefined ? undefined : log.row(state.number, { offset, seq });
    const isReadable = row !== undefined && !(row instanceof UnreadableEntry);
    const low = isReadable ? lowBytesAt(state, row) : 0;
    member.receivedAt = offset;
    member.receivedBytes = !isReadable ? sent : member.user === state.lowUser ? row.bytes - low : low;
  }
}
