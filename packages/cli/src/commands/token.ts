// `longwire token`: makes HS256 tokens with the server's secret, and judges tokens as the server would.

import { parseUserId } from '@longwire/protocol';
import { createAuthenticator, createLogger, loadConfig, type ServerConfig, systemClock } from '@longwire/server';
import { Command, InvalidArgumentError, Option } from 'commander';
import { SignJWT } from 'jose';
import { CliFailure, ExitCode, type SetExitCode } from '../exit-code.js';
import { readText, type Terminal, writeLine } from '../terminal.js';
import { addServerOptions, configSources } from './server-options.js';

/** What of the server's settings bears on tokens; the rest is still read from the environment and the file. */
const tokenSettings = ['jwtSecret', 'jwks', 'audience', 'issuer', 'jwtLeewayMs', 'limits.tokenBytes'] as const;

const DEFAULT_LIFE_SECONDS = 3_600;
/** A hundred years: far from the last time that a date can hold, beyond which no server takes a token. */
const MAX_LIFE_SECONDS = 36_500 * 86_400;

interface CreateOptions {
  readonly name?: string;
  readonly role?: string;
  readonly expiresIn: number;
  readonly json?: boolean;
}

export function tokenCommand(terminal: Terminal, setExitCode: SetExitCode): Command {
  const create = new Command('create')
    .description('make a token for a user, signed with the secret of --auth jwt')
    .argument('<user>', 'user id (sub)', parseUser)
    .option('--name <text>', 'name for people to read')
    .addOption(new Option('--role <role>', 'right beyond those of every user').choices(['admin']))
    .option('--expires-in <time>', 'how long it is good: 30s, 15m, 1h, 7d', parseDuration, DEFAULT_LIFE_SECONDS)
    .option('--json', 'print one JSON object');
  addServerOptions(create, tokenSettings)
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (user: string, options: CreateOptions) => {
      await createToken(user, options, jwtConfig(create, terminal), terminal);
    });

  const verify = new Command('verify')
    .description('judge a token as a server with these settings would; exit code 1 if it is refused')
    .argument('[token]', 'the token; from stdin if left out')
    .option('--json', 'print one JSON object');
  addServerOptions(verify, tokenSettings)
    .addHelpText('after', VERIFY_EXAMPLES)
    .action(async (token: string | undefined, options: { readonly json?: boolean }) => {
      const text = token ?? (await readText(terminal)).trim();
      setExitCode(await verifyToken(text, options, jwtConfig(verify, terminal), terminal));
    });

  return new Command('token').description('make and judge tokens').addCommand(create).addCommand(verify);
}

/** The settings of the server, as far as tokens go: whatever its mode is, these commands are about JWT. */
function jwtConfig(command: Command, terminal: Terminal): ServerConfig {
  const sources = configSources(command, terminal);
  return loadConfig({ ...sources, flags: { ...sources.flags, auth: 'jwt' } }).config;
}

async function createToken(
  user: string,
  options: CreateOptions,
  { auth }: ServerConfig,
  terminal: Terminal,
): Promise<void> {
  if (auth.mode !== 'jwt' || auth.secret === undefined) {
    throw new CliFailure(
      ExitCode.usage,
      'token create needs --jwt-secret. Tokens for --jwks are made by who has its private keys',
    );
  }
  const issuedAt = Math.floor(systemClock.now() / 1000);
  const expiresAt = issuedAt + options.expiresIn;
  const claims = {
    sub: user,
    ...(options.name && { name: options.name }),
    ...(options.role && { role: options.role }),
  };
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt);
  const [audience] = auth.audience;
  const [issuer] = auth.issuer;
  if (audience !== undefined) jwt.setAudience(audience);
  if (issuer !== undefined) jwt.setIssuer(issuer);
  const token = await jwt.sign(auth.secret);
  await writeLine(terminal, options.json ? JSON.stringify({ token, user, expiresAt: expiresAt * 1000 }) : token);
}

async function verifyToken(
  token: string,
  options: { readonly json?: boolean },
  config: ServerConfig,
  terminal: Terminal,
): Promise<number> {
  const logger = createLogger({ level: 'warn', destination: terminal.stderr, color: false });
  const outcome = await createAuthenticator(config, { clock: systemClock, logger }).authenticate(token);
  if (options.json) await writeLine(terminal, JSON.stringify(outcome));
  else if (!outcome.ok) await writeLine(terminal, `refused (${outcome.code}): ${outcome.message}`);
  else {
    const { user, name, role, expiresAt } = outcome;
    const end = expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString();
    const lines = [`user     ${user}`, name && `name     ${name}`, role && `role     ${role}`, `expires  ${end}`];
    await writeLine(terminal, lines.filter(Boolean).join('\n'));
  }
  return outcome.ok ? ExitCode.ok : ExitCode.failed;
}

function parseUser(text: string): string {
  const user = parseUserId(text);
  if (user !== undefined) return user;
  throw new InvalidArgumentError('A user id has 1-128 bytes without spaces, control characters or "/".');
}

function parseDuration(text: string): number {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 }[match?.[2] ?? ''];
  if (match === null || unitSeconds === undefined) throw new InvalidArgumentError('Write 30s, 15m, 1h or 7d.');
  const seconds = Number(match[1]) * unitSeconds;
  // A token of no life would be refused by whoever it was made for.
  if (seconds >= 1 && seconds <= MAX_LIFE_SECONDS) return seconds;
  throw new InvalidArgumentError('From 1s to 36500d.');
}

const CREATE_EXAMPLES = `
Examples:
  longwire token create alice --jwt-secret-file secret.txt
  LONGWIRE_JWT_SECRET=… longwire token create alice --name 'Alice A.' --expires-in 7d`;

const VERIFY_EXAMPLES = `
Examples:
  longwire token verify eyJhbGciOi… --jwt-secret-file secret.txt
  pbpaste | longwire token verify --jwks https://login.example.org/jwks.json --audience longwire`;
