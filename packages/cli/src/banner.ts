// The banner of a server that has started.

import { connectPath } from '@longwire/protocol';
import type { RunningServer } from '@longwire/server';
import type { Paint } from './terminal/terminal.js';
import { version } from './version.js';

export interface BannerFacts {
  readonly server: Pick<RunningServer, 'address' | 'urls' | 'storage' | 'auth'>;
  readonly hasPage: boolean;
  /** `20.20.2`. */
  readonly nodeVersion: string;
}

/** The banner as text for people. */
export function bannerText({ server, hasPage, nodeVersion }: BannerFacts, paint: Paint): string {
  const rows: [string, string][] = [
    ...server.urls.map((url): [string, string] => (hasPage ? ['Page', `${url}/`] : ['HTTP', url])),
    ['Gateway', gatewayOf(server.urls[0] ?? '')],
    ['Storage', server.storage],
    ['Sign-in', server.auth],
  ];
  const lines = rows.map(([name, value]) => `  ${paint('dim', name.padEnd(8))} ${value}`);
  const advice = nodeAdvice(nodeVersion);
  if (advice !== undefined) lines.push(`  ${paint('dim', 'Node'.padEnd(8))} ${advice}`);
  return ['', `  ${paint('bold', 'Longwire')} ${version}`, '', ...lines, '', '  Press Ctrl+C to stop.', ''].join('\n');
}

/** The banner as one JSON object on one line, for programs. */
export function bannerJson({ server, hasPage, nodeVersion }: BannerFacts): string {
  const { address, urls, storage, auth } = server;
  const gateway = gatewayOf(urls[0] ?? '');
  return JSON.stringify({
    event: 'listening',
    version,
    ...address,
    urls,
    gateway,
    hasPage,
    storage,
    auth,
    nodeVersion,
  });
}

/** Advice about the version of Node; undefined if there is none. */
function nodeAdvice(nodeVersion: string): string | undefined {
  const major = Number(nodeVersion.split('.')[0]);
  if (major >= 22) return undefined;
  return `${nodeVersion} gets no more security fixes; use Node 24 LTS`;
}

function gatewayOf(url: string): string {
  return `${url.replace(/^http/, 'ws')}${connectPath}`;
}
