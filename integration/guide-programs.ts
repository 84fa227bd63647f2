// The programs in a page of the guide: its ```ts blocks, put together, with what the page says they print.
//
// A block is a program. A comment in the line above it says when it is something else:
//   <!-- continues -->        it goes on with the program above it
//   <!-- file: name.ts -->    a file that the programs of the page import or scan
//   <!-- type-check -->       a program that is compiled and not run
// A ```text block says what the program above it prints, or, with continuations, the next part of it.

export interface GuideProgram {
  /** Where it begins in its page. */
  readonly line: number;
  source: string;
  /** All its ```text blocks; undefined when there are none. */
  prints: string | undefined;
  readonly isRun: boolean;
}

export interface GuidePage {
  readonly programs: readonly GuideProgram[];
  /** By name, as `import` finds them. */
  readonly files: ReadonlyMap<string, string>;
  /** Every block that a translation has to repeat as it stands. */
  readonly blocks: readonly string[];
}

const block = /(?:^<!-- ([a-z-]+)(?:: (\S+))? -->\n)?^```([a-z]*)\n([\s\S]*?)^```$/gm;

/** @throws Error for an unknown comment, or for output without a program */
export function readGuidePage(text: string): GuidePage {
  const programs: GuideProgram[] = [];
  const files = new Map<string, string>();
  const blocks: string[] = [];
  for (const match of text.matchAll(block)) {
    const [all, marker, name, language, content = ''] = match;
    const line = text.slice(0, match.index).split('\n').length;
    blocks.push(all);
    const last = programs.at(-1);
    if (language !== 'ts' && language !== 'text') continue;
    if (language === 'text') {
      if (last === undefined) throw new Error(`line ${line}: output without a program`);
      last.prints = (last.prints ?? '') + content;
    } else if (marker === undefined || marker === 'type-check') {
      programs.push({ line, source: content, prints: undefined, isRun: marker === undefined });
    } else if (marker === 'continues' && last !== undefined) {
      last.source += `\n${content}`;
    } else if (marker === 'file' && name !== undefined) {
      files.set(name, content);
    } else {
      throw new Error(`line ${line}: what is "${marker}"?`);
    }
  }
  return { programs, files, blocks };
}

// The examples of the RFCs: compared as they are.
const fixedValues = /^(?:37fa213d|dGhlIHNhbXBsZSBub25jZQ==|s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=)$/;
const chanceValues =
  /(?<=127\.0\.0\.1:)\d+|(?<=mask=)[0-9a-f]{8}|(?<=Sec-WebSocket-(?:Key|Accept): )\S+|\b[0-9a-f]{32}\b/g;

/**
 * What chance decides gives way to its number: ports behind `127.0.0.1:`, mask keys, handshake keys and their answers,
 * session ids. Equal values get the same number, so a value that should come back must come back.
 */
export function withoutChance(output: string): string {
  const numbers = new Map<string, number>();
  return output.replace(chanceValues, (value) => {
    if (fixedValues.test(value)) return value;
    if (!numbers.has(value)) numbers.set(value, numbers.size + 1);
    return `<${numbers.get(value)}>`;
  });
}
