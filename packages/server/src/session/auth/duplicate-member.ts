// JSON.parse silently takes the last of two members with one name; this detects them.

/**
 * Whether an object anywhere in a JSON text has two members with the same name.
 * @param text  JSON that JSON.parse accepts
 */
export function hasDuplicateMember(text: string): boolean {
  // One set of names for each object that is open; undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let isNameNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (isNameNext && names !== undefined) {
        // Names may be escaped ("su\u0062"): compared as what they mean.
        const name: unknown = JSON.parse(text.slice(at, end + 1));
        if (names.has(String(name))) return true;
        names.add(String(name));
      }
      isNameNext = false;
      at = end;
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined);
      isNameNext = character === '{';
    } else if (character === '}' || character === ']') {
      open.pop();
      isNameNext = false;
    } else if (character === ',') {
      isNameNext = open.at(-1) !== undefined;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
