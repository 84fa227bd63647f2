// The path of a request, if it is an honest one.

const MAX_TARGET_CHARACTERS = 8_192;

export type RequestPath =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly message: string };

/**
 * Takes the path out of a request target (RFC 9112 §3.2.1, origin form) and decodes it. Whatever means one thing to us and
 * perhaps another to somebody behind or before us is refused, not repaired: dot segments, empty segments, backslashes,
 * control characters, bad escapes.
 */
export function requestPath(target: string): RequestPath {
  if (target.length > MAX_TARGET_CHARACTERS)
    return refuse(`The URL is longer than ${MAX_TARGET_CHARACTERS} characters`);
  const query = target.indexOf('?');
  const encoded = query < 0 ? target : target.slice(0, query);
  if (!encoded.startsWith('/')) return refuse('The request target must be a path that begins with "/"');
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return refuse('The path has an escape that is not UTF-8');
  }
  // \p{Cc}: control characters, NUL among them.
  if (/[\p{Cc}\\#]/u.test(path)) return refuse('The path has a control character, a backslash or "#"');
  const segments = path.split('/').slice(1);
  const isOdd = segments.some((segment, at) => {
    const isLast = at === segments.length - 1;
    return segment === '.' || segment === '..' || (segment === '' && !isLast);
  });
  return isOdd ? refuse('The path has an empty segment, "." or ".."') : { ok: true, path };
}

function refuse(message: string): RequestPath {
  return { ok: false, message };
}
