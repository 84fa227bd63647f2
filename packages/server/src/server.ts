// A configuration in, a running server out, and the order in which parts start and stop.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Server as TlsServer } from 'node:tls';
import { EndpointContainer, TrustedProxies } from '@longwire/endpoint';
import { CloseCode } from '@longwire/protocol';
import { InFlightAppends } from './bus/in-flight-appends.js';
import { LocalBus } from './bus/local/local-bus.js';
import { OrderGate } from './bus/order-gate.js';
import type { Channel } from './channel/channel.js';
import { warnOfDangers } from './config/config-warnings.js';
import { type ServerConfig, sessionFeatures, sessionLimits } from './config/server-config.js';
import { Hub, SHARE_FROM } from './delivery/hub.js';
import { GatheredPages, pacedPages } from './delivery/page-source.js';
import type { UserReaders } from './delivery/user-readers.js';
import type { ServerError } from './errors.js';
import { connectionLimit } from './http/connection-limit.js';
import { createHttpServer } from './http/http-server.js';
import { type ListeningAddress, listen, listeningUrls, stopListening, tryListening } from './http/listener.js';
import { OperatorSocket } from './http/operator/operator-socket.js';
import { TlsFiles } from './http/tls-files.js';
import { LocalUsers } from './membership/local-users.js';
import { MemberCache } from './membership/member-cache.js';
import { AppendQueue } from './messaging/append-queue.js';
import { ChannelList } from './messaging/channel-list.js';
import { ChannelPreferences } from './messaging/channel-preferences.js';
import { CommittedHeads } from './messaging/committed-heads.js';
import { CURSOR_WRITE_INTERVAL_MS, CursorCache } from './messaging/cursor-cache.js';
import { Expirations } from './messaging/expirations.js';
import { GroupInvitations } from './messaging/group-invitations.js';
import { ReceiptPrivacy } from './messaging/receipt-privacy.js';
import { presentReceipts, RECEIPT_INTERVAL_MS, Receipts } from './messaging/receipts.js';
import { StoreTurns } from './messaging/store-turns.js';
import { UserStateCache } from './messaging/user-state-cache.js';
import { openStore } from './open-store.js';
import { systemClock, type Timer, within } from './runtime/clock.js';
import { FailureLog } from './runtime/failure-log.js';
import type { Logger } from './runtime/logger.js';
import { RefusalCounter, type RefusalCounts } from './runtime/refusal-counter.js';
import { ActiveUsers, SWEEP_INTERVAL_MS } from './session/active-users.js';
import { createAuthenticator } from './session/authenticate.js';
import type { ClientSession } from './session/client-session.js';
import { ConnectionLimits } from './session/limits/connection-limits.js';
import { COUNT_INTERVAL_MS, countOutboxes, OutboxBudget } from './session/limits/outbox-budget.js';
import { RefusalLog } from './session/limits/refusal-log.js';
import { SilentConnections } from './session/limits/silent-connections.js';
import { Presence } from './session/presence/presence.js';
import { Router } from './session/router.js';
import { createRules } from './session/rules.js';
import { SessionOpener } from './session/session-opener.js';
import { SignIn } from './session/sign-in.js';
import { USER_BLOCKS_FILE, UserBlocks } from './session/user-blocks.js';
import { UserPushes } from './session/user-pushes.js';
import { UserSettingsRule } from './session/user-settings.js';
import { DamageLog } from './storage/damage-log.js';
import { FREE_SPACE_INTERVAL_MS, FreeSpace } from './storage/sqlite/folder/free-space.js';
import { hasLock } from './storage/sqlite/folder/lock-record.js';
import type { Store } from './storage/store.js';
import { gatewayEndpoint, gatewayObserver } from './transport/websocket/gateway.js';

export const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version;

export interface StartOptions {
  readonly logger: Logger;
  /** Built files of the page at `/`; undefined: none is served. */
  readonly pageDirectory: string | undefined;
  /** The store cannot go on: everything that waits has been refused, and the process must end. */
  readonly onFatal: (error: ServerError) => void;
}

export interface RunningServer {
  /** Where it listens; the port is the one that was bound, also if 0 was configured. */
  readonly address: ListeningAddress;
  /** Addresses for a browser. */
  readonly urls: readonly string[];
  /** For the banner. */
  readonly storage: string;
  readonly auth: string;
  /** Users who have a session now. */
  readonly onlineUsers: number;
  /** How often something was refused since the start, by the limit or the rule. */
  readonly refusals: RefusalCounts;
  /**
   * Stops: no new connections; what was sent is stored and answered; sessions get `goodbye` 4001; cursors are written;
   * the data folder is released. Idempotent; resolves when nothing is left.
   */
  close(): Promise<void>;
}

/** Of all connections, those on which no request has come: the rest is kept for callers who want something. */
const SILENT_SHARE = 0.25;
/** How long stopping waits for what was sent to be stored and answered; a disk that takes longer is beyond waiting. */
const DRAIN_WITHIN_MS = 2_000;
/** How long stopping waits for peers to answer the close. */
const CLOSE_WITHIN_MS = 1_500;

/**
 * Starts a server. Resolves when it accepts connections.
 * @throws ServerError the store cannot be opened, nothing can listen there, or the token keys cannot be read
 */
export async function startServer(config: ServerConfig, options: StartOptions): Promise<RunningServer> {
  const { logger } = options;
  const authenticator = createAuthenticator(config, { clock: systemClock, logger });
  const tls = config.tls === undefined ? undefined : new TlsFiles(config.tls, { clock: systemClock, logger });
  // Before the store: a port that is taken leaves no new folder behind. With a folder that has a lock, the port may be taken
  // by the server that is about to release both.
  await tryListening(config).catch((error: unknown) => {
    if (config.data.kind === 'memory' || !hasLock(config.data.path)) throw error;
  });
  const store = await openStore(config, logger);
  store.onFatal = options.onFatal;
  const damage = new DamageLog(logger);
  store.onDamage = (error) => damage.report(error);
  store.onHeld = (held) => logger.warn({ ...held }, 'One command held the store, and all others waited for it');
  try {
    return await serve(config, options, { authenticator, tls, store, damage });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What is there before anything is served. */
interface Foundations {
  readonly authenticator: ReturnType<typeof createAuthenticator>;
  readonly tls: TlsFiles | undefined;
  readonly store: Store;
  readonly damage: DamageLog;
}

async function serve(
  config: ServerConfig,
  { logger, pageDirectory }: StartOptions,
  { authenticator, tls, store, damage }: Foundations,
): Promise<RunningServer> {
  const { limits } = config;
  const clock = systemClock;
  const failures = new FailureLog(logger, clock);
  const reportRead = (message: string, error: unknown, channel?: Channel): void => {
    if (!damage.report(error)) failures.report(message, error, channel && { channel: channel.key });
  };
  const unread = (message: string) => (error: unknown) => reportRead(message, error);
  const inFlight = new InFlightAppends();
  const gate = new OrderGate(store.log, inFlight, clock, store.lanes, (error) => {
    failures.report('Committed entries could not be read', error);
  });
  const bus = new LocalBus(gate);
  const counter = new RefusalCounter();
  const turns = new StoreTurns(limits.storeCalls, counter);
  const heads = new CommittedHeads(store.log, gate, turns);
  const states = new UserStateCache({
    states: store.userStates,
    turns,
    onFailure: (error) => failures.report('When users were seen could not be written', error),
  });
  const privacy = new ReceiptPrivacy(states, unread('The settings of users could not be read'));
  const receipts = new Receipts(bus, heads, privacy);
  const cursors = new CursorCache({
    cursors: store.cursors,
    turns,
    clock,
    onMoved: (user, channel, moved) => receipts.onMoved(user, channel, moved),
    onFailure: (error) => failures.report('Cursors could not be written or read', error),
  });
  const queueParts = { log: store.log, bus, gate, inFlight, clock };
  const queue = new AppendQueue(queueParts, limits.pendingAppendBytes, (error) => {
    failures.report('An append failed', error);
  });
  const localUsers = new LocalUsers<UserReaders>();
  const members = new MemberCache({
    log: store.log,
    whenApplied: (numbers) => gate.whenApplied(numbers),
    users: localUsers,
    clock,
    onFailure: (error, channel) => reportRead('The members of a group could not be read', error, channel),
  });
  const outboxes = new OutboxBudget(limits.allOutboxesBytes);
  const hub = new Hub(
    {
      pages: pacedPages(new GatheredPages(store.log), clock),
      onPageError: (error, channel) => reportRead('A page could not be read', error, channel),
      receiptsOf: (channel, of) => presentReceipts({ cursors, heads, privacy, source }, channel, of),
      hidesReceipts: (user) => states.peek(user)?.settings.receipts === false,
      readOf: (user, channel) => cursors.peek(user, channel)?.read ?? 0,
      room: outboxes,
      users: localUsers,
      members,
      onRingEmptied: () => counter.count('limits.allRingsBytes'),
    },
    { allRingsBytes: limits.allRingsBytes, shareFrom: SHARE_FROM, receiptMembers: config.receipts.maxMembers },
  );
  gate.follow(heads);
  hub.attachTo(gate);
  bus.subscribe(hub);

  const source = { directory: store.directory, turns, gate };
  const preferences = new ChannelPreferences(
    { store, turns, bus, clock, refusals: counter },
    limits.preferencesPerUser,
  );
  const channels = new ChannelList(source, { cursors, clock, privacy, preferences });
  const proxies = new TrustedProxies(config.trustedProxies);
  const connectionLimits = new ConnectionLimits({ ...limits, isProxy: (peer) => proxies.trusts(peer) }, clock);
  const maxConnections = connectionLimit(limits.connections);
  const silent = new SilentConnections(Math.min(limits.waiting, Math.ceil(maxConnections * SILENT_SHARE)));
  const users = new ActiveUsers(clock, { rates: limits, sessions: config.sessions });
  const dataFolder = config.data.kind === 'folder' ? config.data.path : undefined;
  const blocks = await UserBlocks.open({ clock, users, file: dataFolder && join(dataFolder, USER_BLOCKS_FILE) });
  const groupInvitations = new GroupInvitations(members, store.log, turns);
  const userPushes = new UserPushes({ users, channels, invitations: groupInvitations, gate, bus, unread });
  const presence = new Presence(
    { clock, users, bus, states, store, turns, members, onFailure: unread('The presence of users could not be read') },
    { ...config.presence, watches: limits.watches, groupMembers: limits.signalMembers },
  );
  gate.follow(presence);
  bus.subscribe(presence);
  const settings = new UserSettingsRule({ states, users, bus, onFailure: unread('Settings could not be used') });
  bus.subscribe(settings);
  const refusals = new RefusalLog(clock, logger, counter);
  const freeSpace =
    dataFolder === undefined
      ? undefined
      : new FreeSpace({ folder: dataFolder, minFreeBytes: limits.minFreeBytes, logger });
  const rules = createRules(
    {
      store,
      turns,
      queue,
      members,
      users: localUsers,
      heads,
      cursors,
      privacy,
      channels,
      groupInvitations,
      presence,
      settings,
      preferences,
      bus,
      clock,
      hasRoom: () => freeSpace?.isEnough ?? true,
      refusals: counter,
      unread,
    },
    config,
  );
  const { profiles } = rules;
  const opener = new SessionOpener({ ...source, hub, cursors, channels, users, profiles, clock }, limits);
  const signIn = new SignIn(
    {
      authenticator,
      users,
      blocks,
      opener,
      hub,
      userPushes,
      presence,
      profiles,
      clock,
      logger,
      failures,
      connectionLimits,
      refusals,
    },
    { ...limits, server: `longwire/${version}`, limits: sessionLimits(limits), features: sessionFeatures(config) },
  );
  const router = new Router(
    { rules, signIn, clock, refusals },
    { ...limits, earlyMessages: 2 * limits.commandsPerSecond },
  );

  const sessions = new Set<ClientSession>();
  let isDraining = false;
  const container = new EndpointContainer({
    trustedProxies: config.trustedProxies,
    observer: gatewayObserver(counter),
    onWarning({ kind, message, origin }) {
      if (kind !== 'origin_refused') logger.warn({ kind }, message);
      else logger.warn({ origin }, 'Refused a page with 403 because of its origin; --allowed-origins lets it connect');
    },
  });
  container.add(
    gatewayEndpoint(
      {
        authenticator,
        signIn,
        connectionLimits,
        silent,
        refusals,
        router,
        logger,
        sessions,
        outboxes,
        isDraining: () => isDraining,
      },
      { ...limits, allowedOrigins: config.allowedOrigins },
    ),
  );
  const http = createHttpServer({
    limits,
    maxConnections,
    connectionLimits,
    silent,
    clock,
    logger,
    refusals: counter,
    readiness: () => {
      if (isDraining) return { isReady: false, reason: 'the server is stopping' };
      if (!store.isWritable) return { isReady: false, reason: 'the store is full' };
      if (freeSpace?.isEnough === false) return { isReady: false, reason: 'the disk has too little room' };
      return { isReady: true };
    },
    refuseCaller: (caller) => authenticator.refuseCaller(caller),
    keyPair: tls?.keyPair,
    pageDirectory,
  });
  container.attach(http);
  const operators =
    dataFolder === undefined
      ? undefined
      : await OperatorSocket.open(dataFolder, { blocks, refusals: counter, clock, logger });
  await freeSpace?.check();
  const address = await listen(http, config).catch(async (error: unknown) => {
    await operators?.close();
    throw error;
  });
  warnOfDangers(config, logger);

  const timers: Timer[] = [
    clock.setRepeatingTimer(CURSOR_WRITE_INTERVAL_MS, () => {
      if (store.isWritable)
        void opener.storeDevices().catch((error) => failures.report('A device was not stored', error));
      void cursors.flush();
      void states.flush();
    }),
    clock.setRepeatingTimer(RECEIPT_INTERVAL_MS, () => void receipts.publishDue()),
    clock.setRepeatingTimer(FREE_SPACE_INTERVAL_MS, () => void freeSpace?.check()),
    clock.setRepeatingTimer(COUNT_INTERVAL_MS, () => countOutboxes(outboxes, failures)),
    clock.setRepeatingTimer(SWEEP_INTERVAL_MS, () => {
      users.sweep();
      rules.signals.sweep();
      connectionLimits.sweep();
    }),
  ];
  if (tls !== undefined && http instanceof TlsServer) timers.push(tls.watch(http));
  const expirations = new Expirations({
    store,
    clock,
    onFailure: (error) => failures.report('Expired entries could not be removed', error),
  });
  expirations.start();

  const stop = async (): Promise<void> => {
    isDraining = true;
    for (const timer of timers) timer.cancel();
    const closedToOperators = operators?.close();
    const stoppedListening = stopListening(http, CLOSE_WITHIN_MS);
    for (const session of sessions) session.stopReading();
    await within(DRAIN_WITHIN_MS, queue.idle(), clock);
    for (const session of sessions) session.end(CloseCode.restart, 'the server restarts');
    await container.close({ code: CloseCode.restart, reason: 'the server restarts', withinMs: CLOSE_WITHIN_MS });
    await stoppedListening;
    await closedToOperators;
    presence.endAll();
    await states.flush();
    await cursors.flush();
    await expirations.stop();
    gate.close();
    await store.close();
  };
  let stopping: Promise<void> | undefined;
  return {
    address,
    urls: listeningUrls(address, tls === undefined ? 'http' : 'https'),
    storage: store.description,
    auth: authenticator.description,
    get onlineUsers() {
      return presence.onlineUsers;
    },
    get refusals() {
      return counter.counts;
    },
    close: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
