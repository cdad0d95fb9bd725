import { type Document, isMap, isPair, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';

/** Part of a text, by offsets; `end` is the first character after it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Path = readonly (string | number)[];

/** Where the parts of a chain are in its text. */
export class Places {
  constructor(
    private readonly document: Document.Parsed,
    private readonly text: string,
  ) {}

  /** Where a value is; where there is none, the nearest thing around it. */
  value(path: Path): Span {
    const found = this.find(path);
    return found.isWhole ? this.spanOf(found.node) : this.opening(found.node, found.key);
  }

  /** Where the key of a field is; of an item, its beginning. */
  key(path: Path): Span {
    const found = this.find(path);
    return this.opening(found.node, found.key);
  }

  /** Where a part of a text is, as it is written there; the whole text where it is written otherwise (with escapes). */
  within(path: Path, part: string, index: number): Span {
    const { start, end } = this.value(path);
    let at = start - 1;
    for (let count = 0; count <= index; count++) {
      at = this.text.indexOf(part, at + 1);
      if (at < 0 || at + part.length > end) return { start, end };
    }
    return { start: at, end: at + part.length };
  }

  /** How the value of a path is written. */
  written(path: Path): string {
    const { start, end } = this.value(path);
    return this.text.slice(start, end);
  }

  /** The innermost path that an offset lies in, and whether on a key. */
  pathAt(offset: number): { path: Path; onKey: boolean } {
    const path: (string | number)[] = [];
    let node: unknown = this.document.contents;
    for (;;) {
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find(item => isPair(item) && this.covers(item, offset));
        if (!pair || !isScalar(pair.key)) return { path, onKey: false };
        path.push(String(pair.key.value));
        if (inside(pair.key, offset)) return { path, onKey: true };
        node = pair.value;
      } else if (isSeq(node)) {
        const index = node.items.findIndex(item => inside(item as Node, offset));
        if (index < 0) return { path, onKey: false };
        path.push(index);
        node = node.items[index];
      } else return { path, onKey: false };
    }
  }

  private covers(pair: Pair, offset: number): boolean {
    return inside(pair.key as Node, offset) || inside(pair.value as Node | null, offset);
  }

  private find(path: Path): { node: unknown; key: Scalar | undefined; isWhole: boolean } {
    let node: unknown = this.document.contents;
    let key: Scalar | undefined;
    for (const segment of path) {
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find(
          item => isScalar(item.key) && String(item.key.value) === String(segment),
        );
        if (!pair) return { node, key, isWhole: false };
        key = pair.key as Scalar;
        if (!isNode(pair.value)) return { node: key, key, isWhole: false };
        node = pair.value;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(segment)];
        if (!isNode(item)) return { node, key, isWhole: false };
        key = undefined;
        node = item;
      } else return { node, key, isWhole: false };
    }
    return { node, key, isWhole: true };
  }

  /** A key, or the first line of a thing: a squiggle under all of it would shout. */
  private opening(node: unknown, key: Scalar | undefined): Span {
    const { start, end } = this.spanOf(key ?? node);
    const lineEnd = this.text.indexOf('\n', start);
    return { start, end: lineEnd < 0 ? end : Math.min(end, Math.max(lineEnd, start + 1)) };
  }

  private spanOf(node: unknown): Span {
    const range = (node as Node | null | undefined)?.range;
    if (!range) return { start: 0, end: Math.min(1, this.text.length) };
    const [start, end] = range;
    return { start, end: Math.max(end, start + 1) };
  }
}

function isNode(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function inside(node: Node | null | undefined, offset: number): boolean {
  const range = node?.range;
  return !!range && range[0] <= offset && offset <= range[1];
}
