// The client of the model of reading: it follows the normative algorithm.

/** What a device's app was handed, by the normative client algorithm; throws on a fault. */
export class ModelClient {
  /** Survives reconnects, as the SDK's positions do. */
  readonly positions = new Map<string, number>();
  readonly handed = new Map<string, number[]>();
  readonly skipped = new Map<string, number[]>();
  /** Own entries whose `sent` came while the position was unknown or further back: known to the app, not handed on. */
  readonly answered = new Map<string, number[]>();

  receive(text: string): void {
    const push = JSON.parse(text) as {
      type: string;
      channel: string;
      offset: number;
      from: number;
      to: number;
      next: number;
    };
    const position = this.positions.get(push.channel);
    if (push.type === 'gap') {
      if (position !== undefined && push.next - 1 <= position) return;
      if (position !== undefined && push.from > position + 1) {
        throw new Error(`fault: ${push.channel} has a gap from ${push.from} behind ${position}`);
      }
      for (let offset = push.from; offset <= push.to; offset += 1) append(this.skipped, push.channel, offset);
      this.positions.set(push.channel, push.next - 1);
    } else if (push.type === 'message') {
      if (position !== undefined && push.offset <= position) return;
      if (position !== undefined && push.offset > position + 1) {
        throw new Error(`fault: ${push.channel} jumped from ${position} to ${push.offset}`);
      }
      append(this.handed, push.channel, push.offset);
      this.positions.set(push.channel, push.offset);
    } else if (push.type === 'sent') {
      if (position === undefined || push.offset !== position + 1) {
        append(this.answered, push.channel, push.offset);
        return;
      }
      append(this.handed, push.channel, push.offset);
      this.positions.set(push.channel, push.offset);
    }
  }
}

function append(map: Map<string, number[]>, key: string, offset: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [offset]);
  else list.push(offset);
}
