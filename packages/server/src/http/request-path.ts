// The target of a request: its path, decoded once.

const MAX_TARGET_CHARACTERS = 8_192;

export type RequestTarget =
  | {
      readonly ok: true;
      readonly path: string;
      /** Host and port of a target in absolute form. It counts instead of the Host header (RFC 9112 §3.2.2). */
      readonly authority: string | undefined;
    }
  | { readonly ok: false; readonly message: string };

/**
 * Parses a request target in origin form or absolute form (RFC 9112 §3.2.1, §3.2.2). A path that servers and proxies read
 * in different ways is rejected, not repaired: dot segments, empty segments, backslashes, control characters, bad escapes.
 */
export function parseRequestTarget(target: string): RequestTarget {
  if (target.length > MAX_TARGET_CHARACTERS)
    return rejected(`The URL is longer than ${MAX_TARGET_CHARACTERS} characters`);
  const absolute = /^https?:\/\/([^/?#@]+)(.*)$/i.exec(target);
  const originForm = absolute === null ? target : withPath(absolute[2] ?? '');
  const query = originForm.indexOf('?');
  const encoded = query < 0 ? originForm : originForm.slice(0, query);
  if (!encoded.startsWith('/'))
    return rejected('The request target must be a path that begins with "/", or an http URL');
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return rejected('The path has an escape that is not UTF-8');
  }
  // \p{Cc}: control characters, NUL among them.
  if (/[\p{Cc}\\#]/u.test(path)) return rejected('The path has a control character, a backslash or "#"');
  const segments = path.split('/').slice(1);
  const isOdd = segments.some((segment, at) => {
    const isLast = at === segments.length - 1;
    return segment === '.' || segment === '..' || (segment === '' && !isLast);
  });
  if (isOdd) return rejected('The path has an empty segment, "." or ".."');
  return { ok: true, path, authority: absolute?.[1] };
}

/** RFC 9110 §4.2.3: an empty path of a URL is "/". */
function withPath(rest: string): string {
  return rest === '' || rest.startsWith('?') ? `/${rest}` : rest;
}

function rejected(message: string): RequestTarget {
  return { ok: false, message };
}
