// `longwire token`: creates HS256 tokens with the server's secret, and verifies tokens as the server does.

import {
  createAuthenticator,
  createLogger,
  loadConfig,
  printConfig,
  type ServerConfig,
  systemClock,
} from '@longwire/server';
import { Command, Option } from 'commander';
import { SignJWT } from 'jose';
import { parseDuration } from '../arguments/duration.js';
import { parseUserArgument } from '../arguments/id-arguments.js';
import { CliFailure, ExitCode, type SetExitCode } from '../exit-code.js';
import { printable } from '../terminal/printable.js';
import { readText, type Terminal, writeLine } from '../terminal/terminal.js';
import { addServerOptions, configSources, warnOfSecretFlags } from './server-options.js';

/** The settings that concern tokens; the others are still read from the environment and the file. */
const tokenSettings = [
  'jwtSecret',
  'jwks',
  'audience',
  'anyAudience',
  'issuer',
  'jwtLeewayMs',
  'maxTokenLifetimeMs',
  'limits.tokenBytes',
] as const;

const DEFAULT_LIFE_SECONDS = 3_600;

interface CreateOptions {
  readonly name?: string;
  readonly picture?: string;
  readonly role?: string;
  readonly expiresIn: number;
  readonly json?: boolean;
}

export function tokenCommand(terminal: Terminal, setExitCode: SetExitCode): Command {
  const create = new Command('create')
    .description('create a token for a user, signed with the secret of the server')
    .argument('<user>', 'user id (sub)', parseUserArgument)
    .option('--name <text>', 'name that other users see')
    .option('--picture <url>', 'picture that other users see')
    .addOption(new Option('--role <role>', 'additional rights').choices(['admin']))
    .addOption(
      new Option('--expires-in <time>', 'lifetime: 30s, 15m, 1h, 7d')
        .argParser(parseDuration)
        .default(DEFAULT_LIFE_SECONDS, '1h'),
    )
    .option('--json', 'print one JSON object');
  addServerOptions(create, tokenSettings)
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (user: string, options: CreateOptions) => {
      await createToken(user, options, jwtConfig(create, terminal), terminal);
    });

  const verify = new Command('verify')
    .description('verify a token as a server with these settings does; exit code 1 if it is refused')
    .argument('[token]', 'the token; read from stdin if omitted')
    .option('--json', 'print one JSON object');
  addServerOptions(verify, tokenSettings)
    .addHelpText('after', VERIFY_EXAMPLES)
    .action(async (token: string | undefined, options: { readonly json?: boolean }) => {
      const text = token ?? (await readText(terminal)).trim();
      setExitCode(await verifyToken(text, options, jwtConfig(verify, terminal), terminal));
    });

  return new Command('token').description('create and verify tokens').addCommand(create).addCommand(verify);
}

/** The settings of the server that concern tokens. The mode is always jwt here, even if that of the server is not. */
function jwtConfig(command: Command, terminal: Terminal): ServerConfig {
  const sources = configSources(command, terminal);
  const { config, settings } = loadConfig({ ...sources, flags: { ...sources.flags, auth: 'jwt' } });
  warnOfSecretFlags(printConfig(settings), terminal);
  return config;
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
      'token create needs --jwt-secret-file or LONGWIRE_JWT_SECRET. Tokens for --jwks need the private key of its issuer',
    );
  }
  const { maxLifetimeMs } = auth;
  if (maxLifetimeMs !== undefined && options.expiresIn * 1_000 > maxLifetimeMs) {
    throw new CliFailure(
      ExitCode.usage,
      `a server with these settings refuses tokens that live longer than ${maxLifetimeMs / 1_000} s. ` +
        'Give a shorter --expires-in, or --max-token-lifetime-ms here and to the server',
    );
  }
  const issuedAt = Math.floor(systemClock.now() / 1000);
  const expiresAt = issuedAt + options.expiresIn;
  const claims = {
    sub: user,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.picture !== undefined && { picture: options.picture }),
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
  if (options.json) await writeLine(terminal, printable(JSON.stringify(outcome)));
  else if (!outcome.ok) await writeLine(terminal, printable(`refused (${outcome.code}): ${outcome.message}`));
  else {
    const { user, profile, ignoredClaims, role, expiresAt } = outcome;
    const end = expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString();
    const lines = [
      `user     ${user}`,
      profile?.name && `name     ${profile.name}`,
      profile?.picture && `picture  ${profile.picture}`,
      role && `role     ${role}`,
      `expires  ${end}`,
      ...ignoredClaims.map((claim) => `ignored  the claim ${claim}, which cannot be used`),
    ];
    await writeLine(terminal, printable(lines.filter(Boolean).join('\n')));
  }
  return outcome.ok ? ExitCode.ok : ExitCode.failed;
}

const CREATE_EXAMPLES = `
Examples:
  longwire token create alice --jwt-secret-file secret.txt
  LONGWIRE_JWT_SECRET=… longwire token create alice --name 'Alice A.' --expires-in 12h`;

const VERIFY_EXAMPLES = `
Examples:
  longwire token verify eyJhbGciOi… --jwt-secret-file secret.txt
  pbpaste | longwire token verify --jwks https://login.example.org/jwks.json --audience longwire`;
