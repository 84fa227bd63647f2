// Which endpoint answers a requested path: exact segments before variables, from left to right. Where the elimination of
// Jakarta WebSocket 2.2 §3.1.1, segment by segment, ends with an endpoint, it is this one. Where it ends with none, only
// because it preferred an exact segment to a variable whose endpoint would match the whole path, that one answers here.
import { EndpointError } from '../errors.js';
import { decodePathSegments, noParameters, PathTemplate } from './path-template.js';

export type PathLookup<Target> =
  | { readonly kind: 'found'; readonly target: Target; readonly parameters: Readonly<Record<string, string>> }
  | { readonly kind: 'malformed' }
  /** `isReadable` is false when a segment of the path cannot be decoded. */
  | { readonly kind: 'unknown'; readonly isReadable: boolean };

interface TableRow<Target> {
  readonly template: PathTemplate;
  readonly target: Target;
}

export class PathTable<Target> {
  /** By number of segments, each list in the order in which its templates are tried. */
  readonly #rows = new Map<number, TableRow<Target>[]>();
  readonly #shapes = new Map<string, string>();
  /** Targets of templates without variables, by the path that most clients ask for. */
  readonly #literal = new Map<string, PathLookup<Target>>();

  /** @throws EndpointError duplicate_path when a template that matches the same paths is there already */
  add(template: PathTemplate, target: Target): void {
    const equal = this.#shapes.get(template.shape);
    if (equal !== undefined) {
      throw new EndpointError(
        'duplicate_path',
        `"${template.text}" and "${equal}" match the same paths; an endpoint has both`,
      );
    }
    this.#shapes.set(template.shape, template.text);
    const rows = this.#rows.get(template.segmentCount) ?? [];
    rows.push({ template, target });
    rows.sort((a, b) => PathTemplate.compare(a.template, b.template));
    this.#rows.set(template.segmentCount, rows);
    if (template.isLiteral) this.#literal.set(template.text, { kind: 'found', target, parameters: noParameters });
  }

  /** Takes a template out; true when it was there. */
  remove(template: PathTemplate): boolean {
    if (this.#shapes.get(template.shape) !== template.text) return false;
    this.#shapes.delete(template.shape);
    this.#literal.delete(template.text);
    const rows = this.#rows.get(template.segmentCount)!;
    this.#rows.set(
      template.segmentCount,
      rows.filter((row) => row.template.shape !== template.shape),
    );
    return true;
  }

  /**
   * Finds the endpoint for a path without query. `malformed`: an endpoint is meant, but its parameter cannot be
   * decoded.
   */
  find(path: string): PathLookup<Target> {
    // A path that is exactly a template goes before all that have variables.
    const literal = this.#literal.get(path);
    if (literal !== undefined) return literal;
    const segments = decodePathSegments(path);
    for (const { template, target } of this.#rows.get(segments.length) ?? []) {
      const match = template.match(segments);
      if (match === 'malformed') return { kind: 'malformed' };
      if (match !== undefined) return { kind: 'found', target, parameters: match.parameters };
    }
    return { kind: 'unknown', isReadable: !segments.includes(undefined) };
  }

  /** Every target, in the order in which the table would try their templates, shortest first. */
  targets(): Target[] {
    return [...this.#rows.keys()]
      .sort((a, b) => a - b)
      .flatMap((count) => this.#rows.get(count)!.map((row) => row.target));
  }
}
