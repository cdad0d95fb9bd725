/** Parts that are cut out before parsing, with why. */
const CUT = [
  // most of the document's size
  'supported_clocks',
  // names of programs are any user's text and not always escaped
  'processes',
  'accounted_processes',
] as const;

const ROOT = '<nvidia_smi_log';
const ROOT_END = '</nvidia_smi_log>';
const GPU_END = '</gpu>';

/** The XML inside an output. */
export interface NvidiaSmiDocument {
  readonly xml: string;
  /** False when the output ended too early, and the document after its last whole GPU. */
  readonly complete: boolean;
}

/**
 * Finds the document of `nvidia-smi -q -x` in an output: nothing before its root, so no DOCTYPE, and without the large
 * or free-text parts that nothing here reads.
 * @returns null when there is none
 */
export function documentOf(output: string): NvidiaSmiDocument | null {
  const start = output.indexOf(ROOT);
  if (start < 0) return null;
  let xml = output.slice(start);
  for (const tag of CUT) xml = without(xml, tag);
  const end = xml.indexOf(ROOT_END);
  if (end >= 0) return { xml: xml.slice(0, end + ROOT_END.length), complete: true };
  const lastWhole = xml.lastIndexOf(GPU_END);
  if (lastWhole < 0) return null;
  return { xml: xml.slice(0, lastWhole + GPU_END.length) + ROOT_END, complete: false };
}

/** Linear in the length, whatever a hostile machine sends: a lazy regular expression would not be. */
function without(xml: string, tag: string): string {
  const open = `<${tag}>`;
  const close = `</${tag}>`;
  const kept: string[] = [];
  let from = 0;
  for (;;) {
    const start = xml.indexOf(open, from);
    const end = start < 0 ? -1 : xml.indexOf(close, start + open.length);
    if (end < 0) break;
    kept.push(xml.slice(from, start));
    from = end + close.length;
  }
  kept.push(xml.slice(from));
  return kept.join('');
}

/** A tag; bounded, so that the search is linear. */
const TAG = /<(\/?)([\w.-]{1,80})([^<>]{0,200})>/g;

/**
 * Whether every tag is closed in its order. fast-xml-parser closes whatever is open, so without this a document with a
 * hole in it could move a reading from one block to another. Comments, CDATA and DOCTYPE do not occur inside the root
 * of nvidia-smi's document, and fail here too.
 */
export function isBalanced(xml: string): boolean {
  const open: string[] = [];
  let tags = 0;
  for (const [, slash, name = '', rest = ''] of xml.matchAll(TAG)) {
    tags += 1;
    if (slash === '/') {
      if (open.pop() !== name) return false;
    } else if (!rest.endsWith('/')) open.push(name);
  }
  return open.length === 0 && tags === xml.split('<').length - 1;
}
