// A value on its way from a source to its setting.

/** Where a value came from. */
export type ConfigSource =
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'program' }
  | { readonly kind: 'default' };

export interface RawSetting {
  /** As the source spelled it: a setting's key, or that of a secret followed by `File`. */
  readonly key: string;
  readonly value: unknown;
  /** Text is parsed; what is typed (from a file or a program) is only checked. */
  readonly form: 'text' | 'typed';
  readonly source: ConfigSource;
}

/** The source in words, as it stands in messages: `--port`, `LONGWIRE_PORT`, `longwire.yaml`. */
export function describeSource(source: ConfigSource): string {
  switch (source.kind) {
    case 'flag':
    case 'environment':
      return source.name;
    case 'file':
      return source.path;
    case 'program':
      return 'the options given';
    case 'default':
      return 'the default';
  }
}
