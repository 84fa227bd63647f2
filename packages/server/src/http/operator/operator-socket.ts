// Answers operators on a Unix socket in the data folder. Who can enter its folder may do everything it offers.

import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { parseUserId, type UserId } from '@longwire/protocol';
import { ServerError } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { RefusalCounter } from '../../runtime/refusal-counter.js';
import { type SocketAddress, socketAddress } from '../../runtime/socket-address.js';
import { isTime, type UserBlocks } from '../../session/user-blocks.js';
import { stopListening } from '../listener.js';
import { type HttpError, replyError, replyJson } from '../reply.js';
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

export interface OperatorSocketParts {
  readonly blocks: UserBlocks;
  readonly refusals: RefusalCounter;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_BODY_BYTES = 4_096;
const REQUEST_TIMEOUT_MS = 5_000;
const CLOSE_WITHIN_MS = 500;

export class OperatorSocket {
  readonly #server: Server;
  readonly #address: SocketAddress;

  private constructor(server: Server, address: SocketAddress) {
    this.#server = server;
    this.#address = address;
  }

  /**
   * Listens in a data folder that this process holds.
   * @throws ServerError `listen_failed`
   */
  static async open(dataFolder: string, parts: OperatorSocketParts): Promise<OperatorSocket> {
    const folder = operatorFolder(dataFolder);
    const timeouts = { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
    const since = parts.clock.now();
    const server = createServer(timeouts, (request, response) => void answer(request, response, { ...parts, since }));
    let address: SocketAddress | undefined;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(folder, 0o700);
      // Of a server that was killed: the folder is held, so nothing listens on it.
      rmSync(join(folder, OPERATOR_SOCKET), { force: true });
      address = socketAddress(folder, OPERATOR_SOCKET);
      await listenAt(server, address.path);
      return new OperatorSocket(server, address);
    } catch (cause) {
      address?.release();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ServerError('listen_failed', `Cannot listen for operators in ${folder}: ${reason}`, { cause });
    }
  }

  /** Stops listening and removes the socket. Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await stopListening(this.#server, CLOSE_WITHIN_MS);
    this.#address.release();
  }
}

function listenAt(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The parts, and when the server started. */
type Surroundings = OperatorSocketParts & Pick<Refusals, 'since'>;

async function answer(request: IncomingMessage, response: ServerResponse, parts: Surroundings): Promise<void> {
  response.on('error', (error) => parts.logger.debug({ err: error }, 'An answer to an operator could not be written'));
  try {
    replyJson(response, 200, await resultOf(request, parts));
  } catch (error) {
    if (!(error instanceof RefusedRequest)) parts.logger.error({ err: error }, 'A request of an operator failed');
    replyError(response, error instanceof RefusedRequest ? error.answer : failureOf(error));
  }
}

/** A request that is answered with an error. */
class RefusedRequest extends Error {
  readonly answer: HttpError;

  constructor(answer: HttpError) {
    super(answer.message);
    this.answer = answer;
  }
}

async function resultOf(
  request: IncomingMessage,
  parts: Surroundings,
): Promise<BlockedUser | UnblockedUser | BlockedUserList | Refusals> {
  const { blocks, refusals, since, logger } = parts;
  const { method = '', url = '' } = request;
  if (url === BLOCKED_USERS_PATH && method === 'GET') return { blockedUsers: blocks.list() };
  if (url === REFUSALS_PATH && method === 'GET') return { since, refusals: refusals.counts };
  const user = url.startsWith(`${BLOCKED_USERS_PATH}/`) ? userOf(url.slice(BLOCKED_USERS_PATH.length + 1)) : undefined;
  if (user !== undefined && method === 'PUT') {
    const { until } = await readBlockRequest(request, parts.clock);
    const { block, endedSessions } = await blocks.block(user, until);
    logger.info({ user, until: until && new Date(until), endedSessions }, 'An operator blocked a user');
    return { ...block, endedSessions };
  }
  if (user !== undefined && method === 'DELETE') {
    const wasBlocked = await blocks.unblock(user);
    logger.info({ user, wasBlocked }, 'An operator unblocked a user');
    return { user, wasBlocked };
  }
  const message = `There is no ${method} ${url}: the command line may be of another version than the server`;
  throw new RefusedRequest({ status: 404, code: 'unknown_type', message });
}

function userOf(encoded: string): UserId {
  const user = parseUserId(decoded(encoded));
  if (user === undefined) throw malformed('The path must end with a user id, encoded as a component of a URL');
  return user;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

async function readBlockRequest(request: IncomingMessage, clock: Clock): Promise<BlockRequest> {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of request) {
    byteLength += (chunk as Buffer).byteLength;
    if (byteLength > MAX_BODY_BYTES) throw malformed(`The body may have ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  const { until } = objectOf(Buffer.concat(chunks).toString());
  if (until === undefined) return {};
  if (!isTime(until) || until <= clock.now())
    throw malformed('"until" must be a time in the future, in Unix milliseconds');
  return { until };
}

function objectOf(text: string): { readonly until?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // See below.
  }
  throw malformed('The body must be a JSON object');
}

function malformed(message: string): RefusedRequest {
  return new RefusedRequest({ status: 400, code: 'invalid_field', message });
}

/** A block is in force from when it is asked for, even if it cannot be stored. */
function failureOf(error: unknown): HttpError {
  const reason = error instanceof Error ? error.message : String(error);
  const isFull = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
  const message = `This is in force, but only until the server restarts, because it could not be stored: ${reason}`;
  return { status: isFull ? 507 : 500, code: isFull ? 'storage_full' : 'internal', message };
}
