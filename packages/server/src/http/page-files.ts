// The files of the page, read once and served from memory. A file opened for each request would need a descriptor just
// when there is none left, and answering must not depend on the disk. Bounded by the folder, which is ours.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { safeHeaders } from './reply.js';

/** Everything from this server and nothing else; no inline script or style, no frame, no form that leaves. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  // Covers ws: and wss: of the same host (CSP Level 3, §6.7.2.8).
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

const COMPRESSIBLE = /^text\/|json|svg|manifest/;
const MIN_COMPRESSED_BYTES = 1_024;

interface PageFile {
  readonly contentType: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer | undefined;
}

export class PageFiles {
  readonly #files = new Map<string, PageFile>();

  /**
   * Reads every file of the folder whose type is known; others, and names that begin with a dot, are not served.
   * @throws what the file system throws if the folder cannot be read
   */
  constructor(directory: string) {
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      const contentType = contentTypes[extname(entry.name).toLowerCase()];
      if (!entry.isFile() || entry.name.startsWith('.') || contentType === undefined) continue;
      const file = join(entry.parentPath ?? entry.path, entry.name);
      const path = `/${relative(directory, file).split(sep).join('/')}`;
      const pageFile = readFile(file, contentType);
      this.#files.set(path, pageFile);
      if (entry.name === 'index.html') this.#files.set(path.slice(0, -'index.html'.length), pageFile);
    }
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Answers a GET or HEAD of a file; false if there is none of that path, and nothing was sent. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(path);
    if (file === undefined) return false;
    const isGzipped = file.gzipped !== undefined && acceptsGzip(request.headers['accept-encoding']);
    const body = isGzipped ? file.gzipped! : file.plain;
    const headers = {
      ...safeHeaders,
      'Content-Security-Policy': PAGE_POLICY,
      'Content-Type': file.contentType,
      // Always asked again, so that a new version is seen at once; mostly answered by 304.
      'Cache-Control': 'no-cache',
      ETag: file.etag,
      Vary: 'Accept-Encoding',
    };
    if (matchesEtag(request.headers['if-none-match'], file.etag)) {
      response.writeHead(304, headers).end();
      return true;
    }
    response.writeHead(200, {
      ...headers,
      'Content-Length': body.length,
      ...(isGzipped ? { 'Content-Encoding': 'gzip' } : {}),
    });
    response.end(body);
    return true;
  }
}

function readFile(file: string, contentType: string): PageFile {
  const plain = readFileSync(file);
  const isWorthIt = COMPRESSIBLE.test(contentType) && plain.length >= MIN_COMPRESSED_BYTES;
  return {
    contentType,
    // Weak, because the gzipped form has the same one (RFC 9110 §8.8.1).
    etag: `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    plain,
    gzipped: isWorthIt ? gzipSync(plain, { level: 9 }) : undefined,
  };
}

/** Whether the header names gzip and does not rule it out with a weight of zero (RFC 9110 §12.5.3). */
function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  const gzip = header.split(',').find((coding) => /^\s*gzip\s*(?:;|$)/i.test(coding));
  return gzip !== undefined && !/;\s*q=0(?:\.0*)?\s*$/i.test(gzip);
}

function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((candidate) => candidate.trim() === etag);
}
