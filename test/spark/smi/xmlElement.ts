/** A tag with a text, with children, or (`block`) with a text or nothing on lines of its own, as `nvidia-smi` does for a few. */
export type XmlElement =
  | readonly [tag: string, content: string | readonly XmlElement[]]
  | readonly [tag: string, content: string, layout: 'block'];

/** Several tags with the same text. */
export function each(text: string, ...tags: string[]): XmlElement[] {
  return tags.map(tag => [tag, text]);
}

/** The text of a number with its unit, `N/A` for none. */
export function amount(value: number | null | undefined, unit: string, digits = 0): string {
  return value === null || value === undefined ? 'N/A' : `${value.toFixed(digits)} ${unit}`;
}

/** The element and all below it, indented with tabs. */
export function render(element: XmlElement, depth: number): string {
  const [tag, content, layout] = element;
  const indent = '\t'.repeat(depth);
  if (typeof content !== 'string') {
    return `${indent}<${tag}>\n${content.map(child => render(child, depth + 1)).join('')}${indent}</${tag}>\n`;
  }
  if (layout === undefined) return `${indent}<${tag}>${escape(content)}</${tag}>\n`;
  return `${indent}<${tag}>\n${content === '' ? '' : `${indent}\t${escape(content)}\n`}${indent}</${tag}>\n`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
