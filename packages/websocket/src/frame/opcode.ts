// Opcodes of RFC 6455 §5.2.

export const Opcode = Object.freeze({
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
});

export type DataOpcode = 0x0 | 0x1 | 0x2;
export type ControlOpcode = 0x8 | 0x9 | 0xa;
export type Opcode = DataOpcode | ControlOpcode;

/** The role of one of the two peers: a client masks what it sends, a server must not (RFC 6455 §5.1). */
export type Role = 'server' | 'client';

export function isReservedOpcode(opcode: number): boolean {
  return (opcode > 0x2 && opcode < 0x8) || opcode > 0xa;
}

// RFC 6455 §5.5: opcodes with the most significant bit set are control frames.
export function isControlOpcode(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}
