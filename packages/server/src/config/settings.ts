// Every setting of the server: name, kind, range, default. The one table behind flags, environment, file and `--help`.

import { defaultSessionLimits, fieldLimits, protocolTimes } from '@longwire/protocol';
import type {
  ChoiceSetting,
  IntegerSetting,
  ListSetting,
  Setting,
  SwitchSetting,
  TextSetting,
  ValueOf,
} from './setting.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Key → setting. A dot makes a section of the file: `limits.outboxBytes` is `limits: { outboxBytes: … }` there. */
export const settings = Object.freeze({
  port: integer(8080, 0, 65_535, 'TCP port; 0 takes a free one and prints it'),
  host: text('127.0.0.1', '<address>', 'address to listen on; 0.0.0.0 for every IPv4 address of the machine'),
  data: text(
    './.longwire',
    '<folder|memory:>',
    'folder of the store, created if missing; memory: keeps nothing on disk',
  ),
  auth: choice(
    ['dev', 'jwt'] as const,
    undefined,
    'who may sign in: jwt (signed tokens), or dev (any name without proof, this machine only)',
  ),
  devAdmins: list(
    '<user>',
    'admins with auth dev, who write notifications and announcements; with auth jwt, tokens with role: admin do',
  ),
  jwtSecret: secret('HS256 secret that tokens are signed with, at least 32 bytes'),
  jwks: optionalText('<url|file>', 'JSON Web Key Set with the public keys of tokens (RS256, ES256, EdDSA)'),
  audience: list('<text>', 'audience (aud) that a token must be made for; any of several; required with jwks'),
  anyAudience: onOff('accept tokens of any audience, also those that the issuer made for other services'),
  issuer: list('<text>', 'issuer (iss) that a token must have; any one of several'),
  jwtLeewayMs: integer(30_000, 0, 60_000, 'how far the clock of the issuer may be off, in ms'),
  maxTokenLifetimeMs: integer(
    86_400_000,
    0,
    3_153_600_000_000,
    'longest time until the expiry (exp) of a token, in ms; 0 accepts any, and tokens without expiry',
  ),
  tlsCert: optionalText('<file>', 'PEM certificate chain: the server then speaks TLS; read again when it changes'),
  tlsKey: optionalText('<file>', 'PEM private key of the certificate, without a passphrase'),
  behindProxy: onOff(
    'a proxy in front ends TLS: plain listening on other addresses than loopback is no reason to warn',
  ),
  trustedProxies: list(
    '<address>',
    'proxies whose Forwarded or X-Forwarded-* headers are believed: addresses, blocks such as 10.0.0.0/8, loopback, unix',
  ),
  allowedOrigins: list('<origin>', 'origins of web pages that may connect, besides the own one'),
  logLevel: choice(
    ['debug', 'info', 'warn', 'error', 'silent'] as const,
    'info',
    'lowest level of lines that are logged',
  ),

  'limits.connections': integer(100_000, 1, 1_000_000, 'open connections; never more than the descriptors allow'),
  'limits.headerBytes': integer(16 * KIB, 2 * KIB, 64 * KIB, 'headers of one HTTP request, with its first line'),
  'limits.handshakeTimeoutMs': integer(10_000, 100, 60_000, 'time for the headers of a request to arrive'),
  'limits.connectTimeoutMs': integer(protocolTimes.connectTimeoutMs, 100, 60_000, 'time from upgrade to connect'),
  'limits.connectionsPerAddress': integer(
    200,
    1,
    1_000_000,
    'connections of one client address (IPv6: 64 bits) without a signed-in session; trusted proxies have no such limit',
  ),
  'limits.waitingPerAddress': integer(100, 1, 1_000_000, 'upgraded connections of one client address without sign-in'),
  'limits.handshakesPerSecond': rate(50, 'handshakes of one client address; twice as many at once'),
  'limits.waiting': integer(5_000, 1, 1_000_000, 'upgraded connections without sign-in, of all addresses together'),
  'limits.signIns': integer(32, 1, 10_000, 'sign-ins at work at one time; the others wait, the users in turn'),
  'limits.signInsPerUser': integer(2, 1, 1_000, 'sign-ins of one user at work at one time'),
  'limits.storeCalls': integer(10_000, 100, 1_000_000, 'calls that wait for the store, the users in turn'),
  'limits.tokenBytes': integer(8 * KIB, 256, fieldLimits.tokenBytes, 'size of a token'),
  'limits.heartbeatMs': integer(protocolTimes.heartbeatMs, 100, 600_000, 'time between two pings of the server'),
  'limits.heartbeatGraceMs': integer(20_000, 100, 600_000, 'silence allowed beyond the heartbeat'),
  'limits.slowReaderMs': integer(
    60_000,
    100,
    600_000,
    'time for which a client with a full outbox may take less than 1 KiB/s',
  ),
  'limits.bodyBytes': integer(defaultSessionLimits.bodyBytes, 1, 16 * MIB, 'JSON text of one body'),
  'limits.commandBytes': integer(defaultSessionLimits.commandBytes, KIB, 32 * MIB, 'one command'),
  'limits.inFlight': integer(defaultSessionLimits.inFlight, 1, 10_000, 'unanswered commands of one session'),
  'limits.outboxBytes': integer(MIB, 64 * KIB, GIB, 'unsent output of one session'),
  'limits.allOutboxesBytes': integer(
    256 * MIB,
    MIB,
    64 * GIB,
    'unsent output of all sessions; beyond it the largest are closed (4004)',
  ),
  'limits.allRingsBytes': integer(
    64 * MIB,
    16 * MIB,
    64 * GIB,
    'newest entries kept for readers that are behind; what does not fit is read again',
  ),
  'limits.pendingAppendBytes': integer(64 * MIB, MIB, 16 * GIB, 'appends that wait for the disk'),
  'limits.minFreeBytes': integer(
    GIB,
    0,
    1_024 * GIB,
    'free space of the disk below which sends get storage_full; never more than 5 % of it; 0 lets them fill the disk',
  ),
  'limits.memoryBytes': integer(256 * MIB, MIB, 64 * GIB, 'what data memory: holds; sends beyond it get storage_full'),
  'limits.devicesPerUser': integer(
    32,
    1,
    10_000,
    'devices of one user; for another one, the longest unused is forgotten',
  ),
  'limits.newDeviceBacklog': integer(1_000, 0, 1_000_000, 'entries of a channel pushed to a device that is new'),
  'limits.keyWindow': integer(
    defaultSessionLimits.keyWindow,
    0,
    16_777_216,
    'newest entries whose keys are always recognised',
  ),
  'limits.commandsPerSecond': rate(
    200,
    'messages from one user, refused ones and pings among them; twice as many at once',
  ),
  'limits.sendsPerSecond': rate(50, 'sends of one user'),
  'limits.sendBurst': rate(200, 'sends of one user at once, after a rest'),
  'limits.bodyBytesPerSecond': rate(1_000_000, 'bytes of the commands of one user, nearly all of them bodies'),
  'limits.bodyBytesBurst': rate(4_000_000, 'the same at once, after a rest'),
  'limits.pagesPerSecond': rate(20, 'pages of history and channels for one user; twice as many at once'),
  'limits.acksPerSecond': rate(10, 'ack and read commands of one user; five times as many at once'),
  'limits.signalsPerSecond': rate(10, 'signals of one user, such as typing; twice as many at once'),
  'limits.channelSignalsPerSecond': rate(50, 'signals of all users of one channel; twice as many at once'),
  'limits.signalMembers': integer(200, 1, 10_000, 'members of a group beyond which signals are not sent in it'),
  'limits.watches': integer(defaultSessionLimits.watches, 1, 100_000, 'users whose presence one session watches'),
  'limits.blocksPerSecond': rate(1, 'block and unblock commands of one user; ten times as many at once'),
  'limits.searchesPerSecond': rate(5, 'searches for users of one user; twice as many at once'),
  'limits.blocksPerUser': quota(10_000, 'users whom one user may block'),
  'limits.preferencesPerUser': integer(1_000, 1, 10_000, 'channels that one user may mute, archive or hide'),
  'limits.newPeersPerHour': quota(60, 'people who never answered that one user may begin to write to in an hour'),
  'limits.newPeersPerDay': quota(100, 'the same in a day'),
  'limits.channelsPerUser': quota(10_000, 'conversations that one user may begin'),
  'limits.storedBytesPerUser': quota(1_000_000_000, 'bytes of stored messages of one user'),
  'limits.undeliveredBytesPerPeer': quota(20_000_000, 'bytes from one user that another one has not received yet'),
  'limits.undeliveredBytesToUnseen': quota(1_000_000, 'the same while that one has never signed in'),

  'users.searchable': onOff('let every user find the others by the beginning of their names'),
  'groups.maxMembers': integer(10_000, 1, 100_000, 'members of one group'),
  'groups.maxPending': integer(1_000, 1, 10_000, 'users who are invited to one group or have asked to join it'),
  'groups.perUser': quota(1_000, 'groups that one user is a member of'),
  'groups.joinsPerHour': quota(60, 'groups that one user joins or asks to join in an hour'),
  'groups.addsPerHour': quota(1_000, 'users whom one user adds to groups or invites in an hour'),
  'groups.pendingPerUser': quota(1_000, 'groups to which one user is invited, or has asked to join'),
  'receipts.maxMembers': integer(32, 0, 1_000, 'members of a group up to which they see how far the others have read'),
  'presence.graceMs': integer(
    5_000,
    0,
    600_000,
    'time until a user without a session is reported as offline, so that a reconnect goes unnoticed',
  ),

  'sessions.perUser': integer(
    20,
    1,
    100_000,
    'sessions of one user; beyond it the oldest of the same device is replaced, else as whenFull says',
  ),
  'sessions.whenFull': choice(
    ['replace-oldest', 'refuse-new'] as const,
    'replace-oldest',
    'the sign-in of another device beyond perUser: replaces the oldest session (4101), or is refused (4102)',
  ),
} as const satisfies Readonly<Record<string, Setting>>);

export type SettingKey = keyof typeof settings;

/** All values by key, defaults filled in. */
export type SettingValues = { readonly [Key in SettingKey]: ValueOf<(typeof settings)[Key]> };

export const settingKeys: readonly SettingKey[] = Object.freeze(Object.keys(settings) as SettingKey[]);

export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settings, key);
}

/** Keys of the settings that may also be given as a file that holds the value. */
export const secretKeys: readonly SettingKey[] = settingKeys.filter((key) => {
  const setting: Setting = settings[key];
  return setting.kind === 'text' && setting.isSecret;
});

/** `limits.outboxBytes` → `--limits-outbox-bytes`. */
export function flagOf(key: string): string {
  return `--${kebab(key)}`;
}

/** `limits.outboxBytes` → `LONGWIRE_LIMITS_OUTBOX_BYTES`. */
export function variableOf(key: string): string {
  return `LONGWIRE_${kebab(key).replaceAll('-', '_').toUpperCase()}`;
}

function kebab(key: string): string {
  return key.replaceAll('.', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function integer(byDefault: number, min: number, max: number, help: string): IntegerSetting {
  return Object.freeze({ kind: 'integer', default: byDefault, min, max, help, placeholder: '<number>' });
}

function rate(byDefault: number, help: string): IntegerSetting {
  return integer(byDefault, 1, 1_000_000_000, help);
}

function quota(byDefault: number, help: string): IntegerSetting {
  return integer(byDefault, 1, 1_000_000_000_000_000, help);
}

function text(byDefault: string, placeholder: string, help: string): TextSetting<string> {
  return Object.freeze({ kind: 'text', default: byDefault, isSecret: false, help, placeholder });
}

function optionalText(placeholder: string, help: string): TextSetting<undefined> {
  return Object.freeze({ kind: 'text', default: undefined, isSecret: false, help, placeholder });
}

function secret(help: string): TextSetting<undefined> {
  return Object.freeze({ kind: 'text', default: undefined, isSecret: true, help, placeholder: '<secret>' });
}

function choice<const Choice extends string, const Default extends Choice | undefined>(
  choices: readonly Choice[],
  byDefault: Default,
  help: string,
): ChoiceSetting<Choice, Default> {
  return Object.freeze({ kind: 'choice', default: byDefault, choices, help, placeholder: `<${choices.join('|')}>` });
}

function list(placeholder: string, help: string): ListSetting {
  return Object.freeze({ kind: 'list', default: Object.freeze([]), help, placeholder });
}

/** Off by default: what is on without being asked for needs no setting. */
function onOff(help: string): SwitchSetting {
  return Object.freeze({ kind: 'switch', default: false, help, placeholder: '' });
}
