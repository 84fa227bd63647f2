// Level 1 URI templates whose variables are whole segments: `/chat/{room}`. RFC 6570 §1.2; Jakarta WebSocket 2.2
// §3.1.1.
import { EndpointError } from '../errors.js';

/**
 * The variables of a template as a type: `PathParameters<'/chat/{room}'>` is `{ readonly room: string }`.
 * Of a path that is only known as `string`, any name may be asked for.
 */
export type PathParameters<Path extends string> = {
  // `Path` must not stand to the right of an `extends`: that would make `Session<'/x'>` no `Session`.
  readonly [Name in Path extends `/${string}` ? VariableNames<Path> : string]: string;
};

type VariableNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | VariableNames<Rest>
  : never;

/** A segment is either compared with the decoded literal or gives its decoded text to the variable. */
type TemplateSegment = { readonly literal: string } | { readonly variable: string };

/** `malformed` when the path would have matched but a variable's segment cannot be taken: the answer is 400. */
export type PathMatch = { readonly parameters: Readonly<Record<string, string>> } | 'malformed' | undefined;

const VARIABLE_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;
export const noParameters: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

export class PathTemplate {
  readonly text: string;
  /** Equal for templates that match the same paths: the template with its variables unnamed. */
  readonly shape: string;
  readonly variables: readonly string[];
  readonly segmentCount: number;
  /** It matches a path that is spelt like it, and means nothing else: no variable, no escape. */
  readonly isLiteral: boolean;
  readonly #segments: readonly TemplateSegment[];

  /** @throws EndpointError invalid_template */
  constructor(text: string) {
    this.text = text;
    this.#segments = parseTemplate(text);
    this.segmentCount = this.#segments.length;
    this.isLiteral = !/[{}%]/.test(text);
    this.variables = this.#segments.flatMap((segment) => ('variable' in segment ? [segment.variable] : []));
    this.shape = `/${this.#segments.map((segment) => ('literal' in segment ? encodeURIComponent(segment.literal) : '{}')).join('/')}`;
  }

  /** Matches the segments of one requested path, as {@link decodePathSegments} gives them. */
  match(segments: readonly (string | undefined)[]): PathMatch {
    if (segments.length !== this.segmentCount) return undefined;
    let parameters: Record<string, string> | undefined;
    let isMalformed = false;
    for (let index = 0; index < this.segmentCount; index++) {
      const segment = this.#segments[index]!;
      const given = segments[index];
      if ('literal' in segment) {
        if (given !== segment.literal) return undefined;
      } else if (given === '') {
        return undefined; // `/chat/` names no room
      } else if (given === undefined) {
        isMalformed = true;
      } else {
        // No prototype: a variable may be called `constructor` or `__proto__` and is still only a name.
        parameters ??= Object.create(null) as Record<string, string>;
        parameters[segment.variable] = given;
      }
    }
    if (isMalformed) return 'malformed';
    return { parameters: parameters === undefined ? noParameters : Object.freeze(parameters) };
  }

  /**
   * Checks values that a program gives for the variables, and copies them.
   * @throws EndpointError invalid_option for one that is missing or no text, or that the template does not have
   */
  parametersOf(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const parameters = Object.create(null) as Record<string, string>;
    for (const name of this.variables) {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (typeof value !== 'string' || value === '') {
        throw new EndpointError('invalid_option', `path template "${this.text}": "${name}" needs a value`);
      }
      parameters[name] = value;
    }
    const unknown = Object.keys(given).find((name) => !this.variables.includes(name));
    if (unknown === undefined) return Object.freeze(parameters);
    throw new EndpointError('invalid_option', `path template "${this.text}" has no variable "${unknown}"`);
  }

  /**
   * Order in which templates are tried: at the first segment, from left to right, where one has a literal and the
   * other a variable, the literal goes first (Jakarta WebSocket 2.2 §3.1.1).
   */
  static compare(a: PathTemplate, b: PathTemplate): number {
    const length = Math.min(a.segmentCount, b.segmentCount);
    for (let index = 0; index < length; index++) {
      const aIsVariable = 'variable' in a.#segments[index]!;
      const bIsVariable = 'variable' in b.#segments[index]!;
      if (aIsVariable !== bIsVariable) return aIsVariable ? 1 : -1;
    }
    return a.segmentCount - b.segmentCount;
  }
}

/**
 * Splits a request's path (no query) at `/` and percent-decodes each piece. A piece that cannot be taken is undefined:
 * a bad escape, bytes that are not UTF-8, a control character, or a dot segment, which would name another path to the
 * next reader.
 */
export function decodePathSegments(path: string): (string | undefined)[] {
  return (path.startsWith('/') ? path.slice(1) : path).split('/').map(decodeSegment);
}

function decodeSegment(raw: string): string | undefined {
  let decoded = raw;
  if (raw.includes('%')) {
    try {
      decoded = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
  }
  if (decoded === '.' || decoded === '..' || hasControlCharacter(decoded)) return undefined;
  return decoded;
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function parseTemplate(text: string): TemplateSegment[] {
  const invalid = (reason: string): never => {
    throw new EndpointError('invalid_template', `path template ${JSON.stringify(text)}: ${reason}`);
  };
  if (typeof text !== 'string') return invalid('expected a string such as "/chat/{room}"');
  if (!text.startsWith('/')) return invalid('it must begin with "/"');
  if (/[?#]/.test(text)) return invalid('a query or fragment is no part of a path');
  if (text === '/') return [{ literal: '' }];

  const seen = new Set<string>();
  return text
    .slice(1)
    .split('/')
    .map((raw, index, { length }): TemplateSegment => {
      // Jakarta WebSocket 2.2 §3.1.1: `/a/b/` is a path of its own, which `/a/b` is not.
      if (raw === '' && index === length - 1) return { literal: '' };
      if (raw === '') return invalid('empty segments ("//") match nothing');
      // Legal in a path, and yet never meant: the patterns of other frameworks.
      if (raw.startsWith(':')) {
        return invalid(`a variable is written "{${raw.slice(1)}}", not "${raw}" ("%3A" is a colon as such)`);
      }
      if (raw === '*' || raw === '**') {
        return invalid(`"${raw}" would match only itself; a variable such as "{name}" takes one segment`);
      }
      if (!raw.includes('{') && !raw.includes('}')) {
        const literal = decodeSegment(raw);
        return literal === undefined
          ? invalid(`the segment "${raw}" has a bad escape, a control character, or is a dot segment`)
          : { literal };
      }
      const variable = /^\{([^{}]*)\}$/.exec(raw)?.[1];
      if (variable === undefined) return invalid(`a variable takes a whole segment ("/{name}/"), not "${raw}"`);
      if (!VARIABLE_NAME.test(variable)) {
        return invalid(`"{${variable}}" is no Level 1 variable: a name of letters, digits, "_", "." and "-"`);
      }
      if (seen.has(variable)) return invalid(`the variable "${variable}" occurs twice`);
      seen.add(variable);
      return { variable };
    });
}
