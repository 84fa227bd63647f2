// What a command line asks of the server that runs on a data folder.

import { type IncomingMessage, request } from 'node:http';
import { ServerError } from '../../errors.js';
import { socketAddress } from '../../runtime/socket-address.js';
import {
  BLOCKED_USERS_PATH,
  type BlockedUser,
  type BlockedUserList,
  type BlockRequest,
  OPERATOR_SOCKET,
  operatorFolder,
  REFUSALS_PATH,
  type Refusals,
  type UnblockedUser,
} from './operator-api.js';

const TIMEOUT_MS = 10_000;

/**
 * Speaks to the server of a data folder, as the account that runs it. Every call rejects with a ServerError: `not_running`
 * if there is no server, `request_refused` if it did not do what was asked.
 */
export class OperatorClient {
  readonly #dataFolder: string;

  /** @param dataFolder  absolute */
  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
  }

  /**
   * Ends the sessions of a user and refuses new ones.
   * @param until  Unix milliseconds; absent: until the user is unblocked
   */
  blockUser(user: string, { until }: BlockRequest = {}): Promise<BlockedUser> {
    return this.#ask('PUT', `${BLOCKED_USERS_PATH}/${encodeURIComponent(user)}`, { until });
  }

  unblockUser(user: string): Promise<UnblockedUser> {
    return this.#ask('DELETE', `${BLOCKED_USERS_PATH}/${encodeURIComponent(user)}`);
  }

  async blockedUsers(): Promise<BlockedUserList['blockedUsers']> {
    const { blockedUsers } = await this.#ask<BlockedUserList>('GET', BLOCKED_USERS_PATH);
    return blockedUsers;
  }

  /** What the server has refused since it started. */
  refusals(): Promise<Refusals> {
    return this.#ask('GET', REFUSALS_PATH);
  }

  async #ask<Answer>(method: string, path: string, body?: BlockRequest): Promise<Answer> {
    const folder = operatorFolder(this.#dataFolder);
    try {
      const address = socketAddress(folder, OPERATOR_SOCKET);
      try {
        const { status, value } = await exchange({ socketPath: address.path, method, path }, body);
        if (status === 200) return value as Answer;
        const { message } = value as { readonly message: string };
        throw new ServerError('request_refused', message);
      } finally {
        address.release();
      }
    } catch (cause) {
      throw cause instanceof ServerError ? cause : unreachable(this.#dataFolder, cause as NodeJS.ErrnoException);
    }
  }
}

function exchange(
  options: { readonly socketPath: string; readonly method: string; readonly path: string },
  body: BlockRequest | undefined,
): Promise<{ status: number | undefined; value: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, agent: false, timeout: TIMEOUT_MS }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode, value: JSON.parse(text) }), reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`it did not answer within ${TIMEOUT_MS / 1_000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function unreachable(dataFolder: string, cause: NodeJS.ErrnoException): ServerError {
  if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') {
    return new ServerError(
      'not_running',
      `no server runs on the data folder ${dataFolder}. Name its folder with --data`,
      {
        cause,
      },
    );
  }
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    const message = `only the account that runs the server of ${dataFolder}, or root, may do this`;
    return new ServerError('not_permitted', message, { cause });
  }
  return new ServerError('not_running', `the server of ${dataFolder} could not be asked: ${cause.message}`, { cause });
}
