// Why `connect` of a user who is known is refused: the error, the close code after it, and under what it is counted.

import { CloseCode, type ErrorCode, findHiddenCharacter } from '@longwire/protocol';
import type { DeviceRefusal } from '../storage/directory.js';
import type { Identity } from './client-session.js';

export interface ConnectRefusal {
  readonly kind: 'sessions.perUser' | 'limits.devicesPerUser' | 'hiddenCharacter';
  readonly code: ErrorCode;
  readonly message: string;
  readonly closeCode: CloseCode;
}

export const tooManySessions: ConnectRefusal = {
  kind: 'sessions.perUser',
  code: 'quota_exceeded',
  message: 'this user has as many sessions as allowed, none of them of this device',
  closeCode: CloseCode.sessionLimit,
};

export function refusalOfDevice(refusal: DeviceRefusal, { user, device }: Identity): ConnectRefusal {
  switch (refusal) {
    case 'all-in-use':
      return {
        kind: 'limits.devicesPerUser',
        code: 'quota_exceeded',
        message: 'this user has as many devices as allowed, and all of them have sessions',
        closeCode: CloseCode.sessionLimit,
      };
    // Only ids with hidden characters have to be known.
    case 'unknown-user':
      return {
        kind: 'hiddenCharacter',
        code: 'unauthenticated',
        message: `the user id is new, and has a hidden character (${findHiddenCharacter(user)})`,
        closeCode: CloseCode.badToken,
      };
    case 'unknown-device':
      return {
        kind: 'hiddenCharacter',
        code: 'invalid_field',
        message: `device: expected a known one, or one without hidden characters, got one with ${findHiddenCharacter(device)}`,
        closeCode: CloseCode.protocolError,
      };
  }
}
